/**
 * What a reader of a watch has yet to be told, one entry per session: what it knows of the session and what is so now.
 * However often a session changes while the reader takes its time, it is told once, as what lies between the two.
 *
 * 1. `wasMember` is what the reader knows once it has read what was cut before.
 * 2. What was cut is kept until the reader has said that it has it: a reply may be lost.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import type { SessionId } from '../../model/ids.ts';
import type { WatchChange } from '../../session/ports/watches.ts';

interface Entry {
  readonly sessionId: SessionId;
  readonly wasMember: boolean;
  /** Changes in place, as long as it is not cut: it lives for seconds, and another object for each change would too. */
  isMember: boolean;
  /** A member since the beginning: it is told as present and not as new. */
  readonly isInitial: boolean;
  /** undefined: the session is gone. */
  row: CatalogRow | undefined;
}

export class ChangesDue {
  readonly #most: number;
  #due = new Map<SessionId, Entry>();
  #cut: readonly Entry[] = [];
  #n = 0;
  #initial = 0;

  /** @param most entries, beside those that were cut and may be lost. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Entries that are kept. */
  get size(): number {
    return this.#due.size + this.#cut.length;
  }

  get hasSome(): boolean {
    return this.#due.size > 0;
  }

  /** The number of the last cut. */
  get n(): number {
    return this.#n;
  }

  /** Members since the beginning that were never cut. */
  get initialLeft(): number {
    return this.#initial;
  }

  /** A member before anything is told. */
  begin(row: CatalogRow): void {
    const { sessionId } = row.key;
    const entry = { sessionId, wasMember: false, isMember: true, isInitial: true, row };
    if (!this.#due.has(sessionId)) this.#initial += 1;
    this.#due.set(sessionId, entry);
  }

  /** False: there are too many; then this one is missing. */
  add(
    sessionId: SessionId,
    wasMember: boolean,
    isMember: boolean,
    row: CatalogRow | undefined,
  ): boolean {
    const known = this.#due.get(sessionId);
    if (known === undefined) {
      if (this.#due.size >= this.#most) return false;
      this.#due.set(sessionId, { sessionId, wasMember, isMember, isInitial: false, row });
      return true;
    }
    known.isMember = isMember;
    known.row = row;
    if (!known.wasMember && !isMember) this.#drop(known);
    return true;
  }

  /**
   * The next changes, at most `limit`, behind those with the number `after`: the last ones are had, or, if it is the number
   * before, were lost and come again. undefined: it is a number that is not to be asked for.
   */
  next(after: number, limit: number): readonly WatchChange[] | undefined {
    if (after === this.#n - 1 && this.#cut.length > 0) this.#putBack();
    else if (after !== this.#n) return undefined;
    const cut: Entry[] = [];
    for (const entry of this.#due.values()) {
      if (cut.length === limit) break;
      cut.push(entry);
      this.#drop(entry);
    }
    this.#cut = cut;
    if (cut.length > 0) this.#n += 1;
    return cut.map(changeOf);
  }

  /** What was cut last comes first again, as it is by now. */
  #putBack(): void {
    const later = this.#due;
    this.#due = new Map();
    this.#initial = 0;
    this.#n -= 1;
    for (const entry of this.#cut) {
      const now = later.get(entry.sessionId);
      later.delete(entry.sessionId);
      this.#putIn(now === undefined ? entry : { ...entry, isMember: now.isMember, row: now.row });
    }
    for (const entry of later.values()) this.#putIn(entry);
  }

  /** There is no other one of its session; it may be that there is nothing to tell. */
  #putIn(entry: Entry): void {
    if (!entry.wasMember && !entry.isMember) return;
    this.#due.set(entry.sessionId, entry);
    if (entry.isInitial) this.#initial += 1;
  }

  #drop(entry: Entry): void {
    this.#due.delete(entry.sessionId);
    if (entry.isInitial) this.#initial -= 1;
  }
}

/** One that left and came back meanwhile has changed, whatever else happened. */
const changeOf = ({ sessionId, wasMember, isMember, isInitial, row }: Entry): WatchChange => {
  if (isMember && row !== undefined) {
    if (wasMember) return { type: 'changed', sessionId, row };
    return { type: isInitial ? 'present' : 'entered', sessionId, row };
  }
  return { type: 'left', sessionId, row };
};
