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
  readonly #trails = new Map<string, Kept>();

  get size(): number {
    return this.#trails.size;
  }

  /** A request for the turn has come: its trail begins, unless it has one. */
  arrived(key: SessionKey, turnId: TurnId, note: StationNote): void {
    const name = nameOf(key, turnId);
    const known = this.#trails.get(name);
    if (known === undefined) this.#begin(name, true).add(note);
    else if (note.via !== 'queue' || known.isOver) known.add({ ...note, station: 'asked_again' });
  }

  note(key: SessionKey, turnId: TurnId, note: StationNote): void {
    const name = nameOf(key, turnId);
    (this.#trails.get(name) ?? this.#begin(name, false)).add(note);
  }

  read(key: SessionKey, turnId: TurnId): Trail | undefined {
    return this.#trails.get(nameOf(key, turnId));
  }

  #begin(name: string, hasBeginning: boolean): Kept {
    const trail = new Kept(hasBeginning);
    this.#trails.set(name, trail);
    const [oldest] = this.#trails.keys();
    if (this.#trails.size > MAX_TRAILS && oldest !== undefined) this.#trails.delete(oldest);
    return trail;
  }
}

class Kept implements Trail {
  notes: StationNote[] = [];
  omitted = 0;
  hasBeginning: boolean;
  /** The turn has finished. */
  isOver = false;

  constructor(hasBeginning: boolean) {
    this.hasBeginning = hasBeginning;
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

const nameOf = (key: SessionKey, turnId: TurnId): string => `${keyString(key)}/${turnId}`;
