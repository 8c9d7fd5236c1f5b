/**
 * Which turns go on, where more want to than may: of one owner only so many run at a time, and of all only so many call
 * the model. Owned by the process; what is lost with it is asked for again by recovery.
 *
 * 1. A turn that has to wait is taken and durable already: it is refused nothing.
 * 2. A place of the owner is held from a turn's first model call to its end, or until it waits for a person or a moment;
 *    one at the model for one call. Tenants take turns at the model, and within one its owners, and its sessions without one.
 * 3. A sub-agent needs no place of an owner: its parent's turn, which waits for it, has one.
 */
import type { Head } from '../../model/head.ts';
import { keyString, type SessionKey, type TurnId } from '../../model/ids.ts';
import { awaitedModelRun, type OpenTurn, type RunId } from '../../model/turn.ts';
import { type FairLimits, FairQueue, type Ticket } from '../../platform/fair-queue.ts';
import type { Rules } from '../machine/rules.ts';

type OwnerLimits = NonNullable<Rules['ownerTurns']>;

/** Of those that wait there are never more than live sessions. */
const NO_LIMITS: FairLimits = {
  all: Number.POSITIVE_INFINITY,
  perTenant: Number.POSITIVE_INFINITY,
  perLine: Number.POSITIVE_INFINITY,
  waiting: Number.POSITIVE_INFINITY,
};

/** What all sessions of a process share. */
export class TurnPlaces {
  readonly ofOwners = new FairQueue(NO_LIMITS);
  readonly atModel: FairQueue;
  /** Sessions whose turn waits for a place. */
  readonly waiting = new Set<string>();

  /** @param calls model calls that are made at a time. */
  constructor(calls: number) {
    this.atModel = new FairQueue({ ...NO_LIMITS, all: calls });
  }
}

/** One place: waited for, held, or given back. */
class Place implements Ticket {
  readonly tenant: string;
  readonly line: string;
  readonly atOnce: number | undefined;
  isHeld = false;
  isUnlisted = false;
  readonly #queue: FairQueue;
  readonly #onLate: () => void;
  #isEntering = true;

  /** @param onLate called when it is there, if it was not at once. */
  constructor(
    queue: FairQueue,
    line: Pick<Ticket, 'tenant' | 'line' | 'atOnce'>,
    onLate: () => void,
  ) {
    this.tenant = line.tenant;
    this.line = line.line;
    this.atOnce = line.atOnce;
    this.#queue = queue;
    this.#onLate = onLate;
    queue.enter(this);
    this.#isEntering = false;
  }

  readonly start = (): void => {
    this.isHeld = true;
    if (!this.#isEntering) this.#onLate();
  };

  leave(): void {
    this.#queue.leave(this);
  }
}

/** The places of one session: its first open turn's. */
export class TurnPlace {
  readonly #places: TurnPlaces;
  readonly #session: string;
  readonly #onPlaced: () => void;
  #isWaiting = false;
  #ofOwner: { readonly turnId: TurnId; readonly place: Place } | undefined;
  #atModel: { readonly runId: RunId; readonly place: Place } | undefined;

  /** @param onPlaced a turn that had to wait has come further; never called within `take`. */
  constructor(places: TurnPlaces, key: SessionKey, onPlaced: () => void) {
    this.#places = places;
    this.#session = keyString(key);
    this.#onPlaced = onPlaced;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Whether the turn's model call may be made now; if not, `onPlaced` says when to ask again. */
  take(runId: RunId, { turnId }: OpenTurn, head: Head, limits: OwnerLimits): boolean {
    const isPlaced = this.#takeOfOwner(turnId, head, limits) && this.#takeAtModel(runId, head);
    this.#waits(!isPlaced);
    return isPlaced;
  }

  /** A commit is durable: what the first turn does not need any more goes to others. */
  settle(first: OpenTurn | undefined): void {
    const isAtRest = first?.status !== 'running';
    if (isAtRest || isOther(this.#atModel?.runId, awaitedModelRun(first))) this.#leaveModel();
    if (isAtRest || isOther(this.#ofOwner?.turnId, first.turnId)) this.#leaveOwner();
  }

  end(): void {
    this.#leaveModel();
    this.#leaveOwner();
  }

  #takeOfOwner(turnId: TurnId, { key, owner, mode, childOf }: Head, limits: OwnerLimits): boolean {
    if (this.#ofOwner?.place.isHeld === true) return true;
    const kind = mode === 'background' ? 'background' : 'interactive';
    const { [kind]: atOnce } = limits;
    const isFree = owner === undefined || atOnce === undefined || childOf !== undefined;
    const line = isFree ? undefined : `${kind} ${owner}`;
    if (line !== undefined && this.#ofOwner?.place.line === line) return false;
    this.#leaveOwner(); // the owner has changed while the turn waited in the line of the other one
    if (line === undefined) return true;
    const place = new Place(
      this.#places.ofOwners,
      { tenant: key.tenant, line, atOnce },
      this.#later,
    );
    this.#ofOwner = { turnId, place };
    return place.isHeld;
  }

  #takeAtModel(runId: RunId, { key, owner }: Head): boolean {
    if (this.#atModel?.place.isHeld === true) return true;
    const { tenant, sessionId } = key;
    const line = owner === undefined ? sessionId : `owner ${owner}`; // ids have no blanks
    if (this.#atModel?.place.line === line) return false;
    this.#leaveModel();
    const place = new Place(this.#places.atModel, { tenant, line }, this.#later);
    this.#atModel = { runId, place };
    return place.isHeld;
  }

  #waits(isWaiting: boolean): void {
    if (isWaiting === this.#isWaiting) return;
    this.#isWaiting = isWaiting;
    if (isWaiting) this.#places.waiting.add(this.#session);
    else this.#places.waiting.delete(this.#session);
  }

  readonly #later = (): void => {
    this.#waits(false);
    this.#onPlaced();
  };

  #leaveModel(): void {
    this.#atModel?.place.leave();
    this.#atModel = undefined;
    this.#waits(false);
  }

  #leaveOwner(): void {
    this.#ofOwner?.place.leave();
    this.#ofOwner = undefined;
    this.#waits(false);
  }
}

/** A place that there is not is nobody else's: the session may wait for the other one. */
const isOther = (has: string | undefined, wanted: string | undefined): boolean =>
  has !== undefined && has !== wanted;
