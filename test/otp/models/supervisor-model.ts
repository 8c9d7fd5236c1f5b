/**
 * What a tree of supervisors does, as a model: plain recursion over plain values, written from OTP's manual and not from
 * our code. It says which children start and stop, in which order, and who is left.
 */
import type { Restart, Strategy } from '../../../src/otp/index.ts';

export interface WorkerNode {
  readonly kind: 'worker';
  readonly id: string;
  readonly restart: Restart;
}

export interface SupervisorNode {
  readonly kind: 'supervisor';
  readonly id: string;
  readonly restart: Restart;
  readonly strategy: Strategy;
  readonly maxRestarts: number;
  readonly children: readonly TreeNode[];
}

export type TreeNode = WorkerNode | SupervisorNode;

export const MAX_SECONDS = 5;

/** How a worker may end; all but `normal` and `wished` are faults. */
export type End = 'normal' | 'wished' | 'crash' | 'kill';

interface Seat {
  readonly node: TreeNode;
  up: Worker | Supervisor | undefined;
}

interface Worker {
  readonly kind: 'worker';
}

interface Supervisor {
  readonly kind: 'supervisor';
  readonly node: SupervisorNode;
  readonly parent: Supervisor | undefined;
  readonly seats: Seat[];
  times: number[];
  alive: boolean;
}

export type Refusal =
  | 'running'
  | 'not_found'
  | 'start_failed'
  | 'already_started'
  | 'already_present';

export class SupervisorModel {
  /** `+a` for a start, `-a` for a goodbye. */
  readonly notes: string[] = [];
  readonly #failing = new Map<string, number>();
  readonly #root: Supervisor | undefined;
  #nowMs = 0;

  constructor(root: SupervisorNode) {
    const up = this.#start(root, undefined);
    this.#root = up?.kind === 'supervisor' ? up : undefined;
  }

  get alive(): boolean {
    return this.#root?.alive === true;
  }

  /** Every child of every living supervisor, as `id` or, when it does not run, `id -`. */
  get picture(): string[] {
    return this.alive && this.#root !== undefined ? this.#pictureOf(this.#root) : [];
  }

  /** The supervisor that has a child, running or not: it may start it again. */
  placeOf(id: string): string | undefined {
    return this.#find(id)?.supervisor.node.id;
  }

  wait(ms: number): void {
    this.#nowMs += ms;
  }

  failStarts(id: string, times: number): void {
    this.#failing.set(id, times);
  }

  end(id: string, how: End): void {
    const found = this.#find(id);
    if (found?.seat.up?.kind !== 'worker') return;
    if (how !== 'kill') this.notes.push(`-${id}`);
    found.seat.up = undefined;
    this.#childDied(found.supervisor, found.seat, how === 'crash' || how === 'kill');
  }

  // ── orders ───────────────────────────────────────────────────────────────────────────────────

  terminateChild(supervisorId: string, id: string): Refusal | undefined {
    return this.#ordered(supervisorId, id, (supervisor, seat) => {
      this.#stop(seat);
      if (seat.node.restart === 'temporary') remove(supervisor, seat);
      return undefined;
    });
  }

  restartChild(supervisorId: string, id: string): Refusal | undefined {
    return this.#ordered(supervisorId, id, (supervisor, seat) => {
      if (seat.up !== undefined) return 'running';
      seat.up = this.#start(seat.node, supervisor);
      return seat.up === undefined ? 'start_failed' : undefined;
    });
  }

  deleteChild(supervisorId: string, id: string): Refusal | undefined {
    return this.#ordered(supervisorId, id, (supervisor, seat) => {
      if (seat.up !== undefined) return 'running';
      remove(supervisor, seat);
      return undefined;
    });
  }

  startChild(supervisorId: string, node: WorkerNode): Refusal | undefined {
    const supervisor = this.#supervisor(supervisorId);
    if (supervisor === undefined) return undefined;
    const known = supervisor.seats.find((seat) => seat.node.id === node.id);
    if (known !== undefined) return known.up === undefined ? 'already_present' : 'already_started';
    const up = this.#start(node, supervisor);
    if (up === undefined) return 'start_failed';
    supervisor.seats.push({ node, up });
    return undefined;
  }

  #ordered(
    supervisorId: string,
    id: string,
    carryOut: (supervisor: Supervisor, seat: Seat) => Refusal | undefined,
  ): Refusal | undefined {
    const supervisor = this.#supervisor(supervisorId);
    if (supervisor === undefined) return undefined;
    const seat = supervisor.seats.find(({ node }) => node.id === id);
    return seat === undefined ? 'not_found' : carryOut(supervisor, seat);
  }

  // ── the rules ────────────────────────────────────────────────────────────────────────────────

  #start(node: TreeNode, parent: Supervisor | undefined): Worker | Supervisor | undefined {
    if (node.kind === 'worker') return this.#startWorker(node.id);
    const seats: Seat[] = node.children.map((child) => ({ node: child, up: undefined }));
    const supervisor: Supervisor = {
      kind: 'supervisor',
      node,
      parent,
      seats,
      times: [],
      alive: true,
    };
    for (const seat of seats) {
      seat.up = this.#start(seat.node, supervisor);
      if (seat.up !== undefined) continue;
      this.#stopAll(seats);
      return undefined;
    }
    return supervisor;
  }

  #startWorker(id: string): Worker | undefined {
    const failing = this.#failing.get(id) ?? 0;
    if (failing > 0) {
      this.#failing.set(id, failing - 1);
      return undefined;
    }
    this.notes.push(`+${id}`);
    return { kind: 'worker' };
  }

  #stop(seat: Seat): void {
    const { up, node } = seat;
    seat.up = undefined;
    if (up?.kind === 'worker') this.notes.push(`-${node.id}`);
    if (up?.kind !== 'supervisor') return;
    this.#stopAll(up.seats);
    up.alive = false;
  }

  #stopAll(seats: readonly Seat[]): void {
    for (const seat of seats.toReversed()) this.#stop(seat);
  }

  #childDied(supervisor: Supervisor, seat: Seat, abnormal: boolean): void {
    const { restart } = seat.node;
    if (restart === 'temporary') return remove(supervisor, seat);
    if (restart === 'permanent' || abnormal) this.#restart(supervisor, seat);
  }

  #restart(supervisor: Supervisor, failing: Seat): void {
    const { node } = supervisor;
    supervisor.times = supervisor.times.filter((ms) => ms >= this.#nowMs - MAX_SECONDS * 1_000);
    supervisor.times.push(this.#nowMs);
    if (supervisor.times.length > node.maxRestarts) return this.#giveUp(supervisor);
    const victims = victimsOf(supervisor, failing);
    this.#stopAll(victims);
    for (const seat of victims) if (seat.node.restart === 'temporary') remove(supervisor, seat);
    for (const seat of victims.filter(({ node: { restart } }) => restart !== 'temporary')) {
      seat.up = this.#start(seat.node, supervisor);
      if (seat.up === undefined) return this.#restart(supervisor, seat);
    }
  }

  #giveUp(supervisor: Supervisor): void {
    this.#stopAll(supervisor.seats);
    supervisor.alive = false;
    const { parent } = supervisor;
    const seat = parent?.seats.find(({ up }) => up === supervisor);
    if (parent === undefined || seat === undefined) return;
    seat.up = undefined;
    this.#childDied(parent, seat, false);
  }

  // ── looking ──────────────────────────────────────────────────────────────────────────────────

  #supervisor(id: string): Supervisor | undefined {
    return this.#supervisors().find(({ node }) => node.id === id);
  }

  #find(id: string): { readonly supervisor: Supervisor; readonly seat: Seat } | undefined {
    for (const supervisor of this.#supervisors()) {
      const seat = supervisor.seats.find(({ node }) => node.id === id);
      if (seat !== undefined) return { supervisor, seat };
    }
    return undefined;
  }

  #supervisors(): Supervisor[] {
    if (this.#root === undefined || !this.#root.alive) return [];
    const below = ({ seats }: Supervisor): Supervisor[] =>
      seats.flatMap(({ up }) => (up?.kind === 'supervisor' ? [up, ...below(up)] : []));
    return [this.#root, ...below(this.#root)];
  }

  #pictureOf({ seats }: Supervisor): string[] {
    return seats.flatMap(({ node, up }) =>
      up?.kind === 'supervisor'
        ? [node.id, ...this.#pictureOf(up)]
        : [up === undefined ? `${node.id} -` : node.id],
    );
  }
}

function victimsOf({ node, seats }: Supervisor, failing: Seat): Seat[] {
  if (node.strategy === 'one_for_one') return [failing];
  return node.strategy === 'one_for_all' ? [...seats] : seats.slice(seats.indexOf(failing));
}

const remove = ({ seats }: Supervisor, seat: Seat): void =>
  void seats.splice(seats.indexOf(seat), 1);
