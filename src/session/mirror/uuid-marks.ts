/** Which records of a transcript are stored, told by their uuids: marks among the session's responses. */
import type { ResponseWrite, SessionReader } from '../ports/journal.ts';
import { markOf, marksOf } from './mirror-key.ts';

/** For one change: knows what is stored of the records that it may add, and gathers what is to be marked with it. */
export class UuidMarks {
  /** Keys of marks that neither are stored nor will be. */
  readonly #missing: Map<string, string>;
  readonly #fresh: ResponseWrite[] = [];

  private constructor(missing: Map<string, string>) {
    this.#missing = missing;
  }

  /** @param uuids of all records that will be asked for. */
  static async read(
    session: SessionReader,
    subpath: string,
    uuids: Iterable<string>,
  ): Promise<UuidMarks> {
    const prefix = marksOf(subpath);
    const keys = [...new Set(uuids)].map((uuid) => [uuid, markOf(prefix, uuid)] as const);
    const marks = await Promise.all(keys.map(([, markKey]) => session.response(markKey)));
    return new UuidMarks(new Map(keys.filter((_, at) => marks[at] === undefined)));
  }

  /** Whether it is the first record of that uuid; from then on it is known. */
  isNew(uuid: string): boolean {
    const responseKey = this.#missing.get(uuid);
    if (responseKey === undefined) return false;
    this.#missing.delete(uuid);
    this.#fresh.push({ responseKey, record: true });
    return true;
  }

  get writes(): readonly ResponseWrite[] {
    return this.#fresh;
  }
}
