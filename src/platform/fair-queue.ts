/**
 * Who goes next: calls of many tenants, of which only so many run at a time. A tenant's calls stand in lines: one for each
 * session, or for each owner. Pure; it owns the order.
 *
 * 1. At most so many run at a time in all, of one tenant, and of one line.
 * 2. While a call may run under these, none of them waits.
 * 3. Tenants take turns, and within one its lines do; calls of one line start in their order. So who has many that
 *    wait holds up itself, and no other.
 */

export interface FairLimits {
  readonly all: number;
  readonly perTenant: number;
  readonly perLine: number;
  /** Calls that wait; one more is refused. */
  readonly waiting: number;
}

export interface Ticket {
  readonly tenant: string;
  readonly line: string;
  /** Of its line, in place of the limit of all; those of one line say the same. */
  readonly atOnce?: number | undefined;
  /** It may run: called once, in `enter` or later in another's `leave`. */
  readonly start: () => void;
  /** It came when none waited, and under no limit of a tenant or a line, so that it needs no place while it runs: the queue alone writes it. */
  isUnlisted?: boolean;
}

interface Line {
  running: number;
  readonly waiting: Set<Ticket>;
}

interface Tenant {
  running: number;
  readonly lines: Map<string, Line>;
}

export class FairQueue {
  #limits: FairLimits;
  /** The one whose turn it is stands first. */
  readonly #tenants = new Map<string, Tenant>();
  #running = 0;
  #waiting = 0;

  constructor(limits: FairLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** From now on so many run at a time in all; those that run already go on. */
  limitTo(all: number): void {
    this.#limits = { ...this.#limits, all };
    this.#startNext();
  }

  /** False: too many wait. */
  enter(ticket: Ticket): boolean {
    if (this.#waiting >= this.#limits.waiting) return false;
    if (this.#isOpenTo(ticket)) {
      ticket.isUnlisted = true;
      this.#running += 1;
      ticket.start();
      return true;
    }
    this.#lineOf(ticket).waiting.add(ticket);
    this.#waiting += 1;
    this.#startNext();
    return true;
  }

  /** A call that ran has ended, or one that waited is not wanted any more. */
  leave(ticket: Ticket): void {
    const tenant = this.#tenants.get(ticket.tenant);
    const line = tenant?.lines.get(ticket.line);
    if (ticket.isUnlisted === true) {
      ticket.isUnlisted = false;
      this.#running -= 1;
      if (tenant !== undefined && line !== undefined) this.#hadItsTurn(ticket, tenant, line);
      return this.#startNext();
    }
    if (tenant === undefined || line === undefined) return;
    if (line.waiting.delete(ticket)) this.#waiting -= 1;
    else {
      line.running -= 1;
      tenant.running -= 1;
      this.#running -= 1;
      this.#hadItsTurn(ticket, tenant, line); // who came meanwhile is before it
    }
    this.#forget(ticket, tenant, line);
    this.#startNext();
  }

  #isOpenTo({ atOnce }: Ticket): boolean {
    const { all, perTenant, perLine } = this.#limits;
    const isLimited = perTenant < Infinity || (atOnce ?? perLine) < Infinity;
    return this.#waiting === 0 && this.#running < all && !isLimited;
  }

  #lineOf({ tenant: name, line: lineName }: Ticket): Line {
    const tenant = this.#tenants.get(name) ?? { running: 0, lines: new Map() };
    this.#tenants.set(name, tenant);
    const line = tenant.lines.get(lineName) ?? { running: 0, waiting: new Set() };
    tenant.lines.set(lineName, line);
    return line;
  }

  #forget({ tenant: name, line: lineName }: Ticket, tenant: Tenant, line: Line): void {
    if (line.running === 0 && line.waiting.size === 0) tenant.lines.delete(lineName);
    if (tenant.lines.size === 0) this.#tenants.delete(name);
  }

  #startNext(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { ticket, tenant, line } = next;
      line.waiting.delete(ticket);
      line.running += 1;
      tenant.running += 1;
      this.#running += 1;
      this.#waiting -= 1;
      this.#hadItsTurn(ticket, tenant, line);
      ticket.start();
    }
  }

  /** Behind all others: they are next. */
  #hadItsTurn({ tenant: name, line: lineName }: Ticket, tenant: Tenant, line: Line): void {
    toTheEnd(tenant.lines, lineName, line);
    toTheEnd(this.#tenants, name, tenant);
  }

  #next(): { ticket: Ticket; tenant: Tenant; line: Line } | undefined {
    if (this.#waiting === 0 || this.#running >= this.#limits.all) return undefined;
    for (const tenant of this.#tenants.values()) {
      if (tenant.running >= this.#limits.perTenant) continue;
      for (const line of tenant.lines.values()) {
        for (const ticket of line.waiting) {
          if (line.running >= (ticket.atOnce ?? this.#limits.perLine)) break;
          return { ticket, tenant, line };
        }
      }
    }
    return undefined;
  }
}

const toTheEnd = <T>(map: Map<string, T>, name: string, value: T): void => {
  map.delete(name);
  map.set(name, value);
};
