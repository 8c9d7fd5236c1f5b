/** Which records of a transcript are stored, told by their uuids: marks among the session's responses. */
import type { SessionKey } from '../../model/ids.ts';
import type { Journal, ResponseWrite } from '../ports/journal.ts';
import { markOf, marksOf } from './mirror-key.ts';

/** For one change: looks up what is stored, and gathers what is to be marked with it. */
export class UuidMarks {
  readonly #key: SessionKey;
  readonly #prefix: string;
  readonly #journal: Journal;
  readonly #fresh = new Map<string, ResponseWrite>();

  constructor(key: SessionKey, subpath: string, journal: Journal) {
    this.#key = key;
    this.#prefix = marksOf(subpath);
    this.#journal = journal;
  }

  /** Whether it is the first record of that uuid; from then on it is known. */
  isNew(uuid: string): boolean {
    const responseKey = markOf(this.#prefix, uuid);
    if (this.#fresh.has(responseKey)) return false;
    if (this.#journal.response(this.#key, responseKey) !== undefined) return false;
    this.#fresh.set(responseKey, { responseKey, record: true });
    return true;
  }

  get writes(): readonly ResponseWrite[] {
    return [...this.#fresh.values()];
  }
}
