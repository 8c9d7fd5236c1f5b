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
  readonly isMember: boolean;
  /** A member since the beginning: it is told as present and not as new. */
  readonly isInitial: boolean;
  /** undefined: the session is gone. */
  readonly row: CatalogRow | undefined;
}

export type Heard = Pick<Entry, 'wasMember' | 'isMember' | 'row'>;

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
  add(sessionId: SessionId, { wasMember, isMember, row }: Heard): boolean {
    const known = this.#due.get(sessionId);
    if (known === undefined && this.#due.size >= this.#most) return false;
    const since = known ?? { sessionId, wasMember, isInitial: false };
    this.#set({ ...since, isMember, row });
    return true;
  }

  /**
   * The next changes, at most `limit`, behind those with the number `after`: the last ones are had, or, if it is the number
   * before, were lost and come again. undefined: it is a number that is not to be asked for.
   */
  next(after: number, limit: number): readonly WatchChange[] | undefined {
    if (after === this.#n) this.#cut = [];
    else if (after === this.#n - 1 && this.#cut.length > 0) this.#putBack();
    else return undefined;
    const cut: Entry[] = [];
    for (const entry of this.#due.values()) {
      if (cut.length === limit) break;
      cut.push(entry);
      this.#delete(entry);
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
      this.#set(now === undefined ? entry : { ...entry, isMember: now.isMember, row: now.row });
    }
    for (const entry of later.values()) this.#set(entry);
    this.#cut = [];
  }

  #set(entry: Entry): void {
    const known = this.#due.get(entry.sessionId);
    if (known?.isInitial === true) this.#initial -= 1;
    if (!entry.wasMember && !entry.isMember) return void this.#due.delete(entry.sessionId);
    this.#due.set(entry.sessionId, entry);
    if (entry.isInitial) this.#initial += 1;
  }

  #delete(entry: Entry): void {
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
