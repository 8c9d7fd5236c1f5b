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

interface Kept {
  readonly notes: StationNote[];
  readonly hasBeginning: boolean;
  omitted: number;
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
    if (known === undefined) add(this.#begin(name, true), note);
    else if (note.via !== 'queue') add(known, { ...note, station: 'asked_again' });
  }

  note(key: SessionKey, turnId: TurnId, note: StationNote): void {
    const name = nameOf(key, turnId);
    add(this.#trails.get(name) ?? this.#begin(name, false), note);
  }

  read(key: SessionKey, turnId: TurnId): Trail | undefined {
    return this.#trails.get(nameOf(key, turnId));
  }

  #begin(name: string, hasBeginning: boolean): Kept {
    const trail = { notes: [], hasBeginning, omitted: 0 };
    this.#trails.set(name, trail);
    const [oldest] = this.#trails.keys();
    if (this.#trails.size > MAX_TRAILS && oldest !== undefined) this.#trails.delete(oldest);
    return trail;
  }
}

const nameOf = (key: SessionKey, turnId: TurnId): string => `${keyString(key)}/${turnId}`;

const add = (trail: Kept, note: StationNote): void => {
  if (trail.notes.length >= MAX_STATIONS) {
    trail.notes.splice(KEPT_FIRST, 1);
    trail.omitted += 1;
  }
  trail.notes.push(note);
};
