/**
 * Where each of the last turns was, and when: kept in memory for whoever asks for a turn's trace. It owns the
 * trails; what must outlive the process stands in the turn's record and in the transcript.
 *
 * It is bounded (P6): of turns the oldest go first, of a turn's stations those in the middle.
 */
import { keyString, type SessionKey, type TurnId } from '../../model/ids.ts';
import type { StationNote } from '../../model/station.ts';

/** Turns whose stations are kept. */
export const MAX_TRAILS = 1_000;
/** Stations kept of one turn. */
export const MAX_STATIONS = 64;
/** Of a turn with more stations: so many from its beginning stay, the others are its last. */
const KEPT_FIRST = 8;

export interface Trail {
  readonly notes: readonly StationNote[];
  /** It begins with the turn's arrival in this process. */
  readonly hasBeginning: boolean;
  /** Stations that were dropped from the middle. */
  readonly omitted: number;
}

export class TurnTrails {
  /** By turn id alone, which costs no new string. */
  readonly #trails = new Map<TurnId, Kept>();
  /** By session and turn: trails of turns whose id another session's turn has too. */
  readonly #namesakes = new Map<string, Kept>();

  /** All of them in the order of their beginnings, as a ring: the first key of a `Map` is far behind those deleted. */
  readonly #ring: Kept[] = [];
  #oldest = 0;

  get size(): number {
    return this.#trails.size + this.#namesakes.size;
  }

  /** A request for the turn has come: its trail begins, unless it has one. */
  arrived(key: SessionKey, turnId: TurnId, note: StationNote): void {
    const known = this.#find(key, turnId);
    if (known === undefined) this.#begin(key, turnId, true).add(note);
    else if (note.via !== 'queue' || known.isOver) known.add({ ...note, station: 'asked_again' });
  }

  note(key: SessionKey, turnId: TurnId, note: StationNote): void {
    (this.#find(key, turnId) ?? this.#begin(key, turnId, false)).add(note);
  }

  read(key: SessionKey, turnId: TurnId): Trail | undefined {
    return this.#find(key, turnId);
  }

  #find(key: SessionKey, turnId: TurnId): Kept | undefined {
    const kept = this.#trails.get(turnId);
    if (kept?.isOf(key)) return kept;
    return this.#namesakes.size === 0 ? undefined : this.#namesakes.get(nameOf(key, turnId));
  }

  #begin(key: SessionKey, turnId: TurnId, hasBeginning: boolean): Kept {
    const trail = new Kept(key, turnId, hasBeginning);
    if (this.#ring.length < MAX_TRAILS) this.#ring.push(trail);
    else this.#replaceOldest(trail);
    if (this.#trails.has(turnId)) this.#namesakes.set(nameOf(key, turnId), trail);
    else this.#trails.set(turnId, trail);
    return trail;
  }

  #replaceOldest(trail: Kept): void {
    const oldest = this.#ring[this.#oldest];
    this.#ring[this.#oldest] = trail;
    this.#oldest = (this.#oldest + 1) % MAX_TRAILS;
    if (oldest === undefined) return;
    const { key, turnId } = oldest;
    if (this.#trails.get(turnId) === oldest) this.#trails.delete(turnId);
    else this.#namesakes.delete(nameOf(key, turnId));
  }
}

const nameOf = (key: SessionKey, turnId: TurnId): string => `${keyString(key)}/${turnId}`;

class Kept implements Trail {
  readonly key: SessionKey;
  readonly turnId: TurnId;
  notes: StationNote[] = [];
  omitted = 0;
  hasBeginning: boolean;
  /** The turn has finished. */
  isOver = false;

  constructor(key: SessionKey, turnId: TurnId, hasBeginning: boolean) {
    this.key = key;
    this.turnId = turnId;
    this.hasBeginning = hasBeginning;
  }

  isOf({ tenant, sessionId }: SessionKey): boolean {
    return this.key.sessionId === sessionId && this.key.tenant === tenant;
  }

  add(note: StationNote): void {
    if (note.station === 'accepted' && this.isOver) this.#beginAnew();
    if (note.station === 'finished') this.isOver = true;
    if (this.notes.length >= MAX_STATIONS) {
      this.notes.splice(KEPT_FIRST, 1);
      this.omitted += 1;
    }
    this.notes.push(note);
  }

  /** Accepted after its end: the session was deleted meanwhile, and both ids are used once more. */
  #beginAnew(): void {
    const end = this.notes.findLastIndex(({ station }) => station === 'finished');
    const [arrival, ...others] = this.notes.slice(end + 1).filter(isOfArrival);
    this.hasBeginning = arrival?.station === 'asked_again';
    this.notes = arrival === undefined ? [] : [{ ...arrival, station: 'received' }, ...others];
    this.omitted = 0;
    this.isOver = false;
  }
}

/** Of the turn before it may come an acknowledgement, late. */
const isOfArrival = ({ station }: StationNote): boolean => station !== 'acked';
