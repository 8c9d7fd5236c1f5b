/** The text index as searches ask it: it finds sessions, and cuts from the journal what they were found by. */
import type { CatalogRow } from '../model/catalog-row.ts';
import { codeOf, GreenroomError } from '../model/errors.ts';
import type { Catalog } from '../session/ports/catalog.ts';
import { isKnown, type Journal } from '../session/ports/journal.ts';
import type { TextAnswers, TextHit, TextIndex, TextLag } from '../session/ports/text-index.ts';
import type { IndexProcess } from './index-process.ts';
import { aboutOf, Parcel } from './reading.ts';
import type { CallName, Cut, IndexCalls, Source } from './wire.ts';

/** Questions that may wait for the process, and bytes of text with them; one more is refused as `unavailable`. */
const MAX_ASKED = 256;
const MAX_ASKED_BYTES = 32 * 1024 * 1024;
const RETRY_AFTER_MS = 500;
/** Bytes of messages from which one page's snippets are cut; what is beyond has none. */
const MAX_CUT_BYTES = 8 * 1024 * 1024;
/** Messages that are read before others have their turn. */
const READ_AT_ONCE = 16;

export interface SearchingParts {
  readonly index: IndexProcess;
  readonly journal: Pick<Journal, 'open'>;
  readonly catalog: Pick<Catalog, 'textNumberOf'>;
  readonly lag: () => TextLag;
  readonly rest: () => Promise<void>;
}

export class Searching implements TextIndex {
  readonly #parts: SearchingParts;

  constructor(parts: SearchingParts) {
    this.#parts = parts;
  }

  lag(): TextLag {
    return this.#parts.lag();
  }

  async find(texts: readonly string[]): Promise<TextAnswers> {
    const numbers = await this.#ask('find', [texts]);
    return new Map(texts.map((text, at) => [text, numbers[at] ?? new Uint32Array()]));
  }

  async rank(texts: readonly string[]): Promise<Uint32Array | undefined> {
    return (await this.#ask('rank', [texts])) ?? undefined;
  }

  async hits(
    rows: readonly CatalogRow[],
    texts: readonly string[],
  ): Promise<readonly (TextHit | undefined)[]> {
    if (rows.length === 0) return [];
    const numbers = rows.map(({ key }) => this.#parts.catalog.textNumberOf(key));
    const best = await this.#ask('best', [numbers, texts]);
    const cuts = await this.#cuts(rows, best, texts);
    return cuts.map((cut, at) => {
      const seq = best[at] ?? 0;
      return cut === null ? undefined : { ...(seq > 0 ? { seq } : {}), ...cut };
    });
  }

  /** Some are cut while the next ones are read. */
  async #cuts(
    rows: readonly CatalogRow[],
    best: readonly (number | null)[],
    texts: readonly string[],
  ): Promise<readonly (Cut | null)[]> {
    const cuts: Promise<readonly (Cut | null)[]>[] = [];
    let room = MAX_CUT_BYTES;
    for (let from = 0; from < rows.length; from += READ_AT_ONCE) {
      if (from > 0) await this.#parts.rest();
      const parcel = new Parcel();
      const sources: (Source | null)[] = [];
      for (const [at, row] of rows.slice(from, from + READ_AT_ONCE).entries()) {
        const seq = best[from + at] ?? null;
        const isWanted = seq !== null && parcel.size < room;
        sources.push(isWanted ? await this.#source(row, seq, parcel) : null);
      }
      room -= parcel.size;
      const cut = this.#ask('cut', [sources, texts, parcel.packed()]);
      cut.catch(() => undefined); // it is awaited below
      cuts.push(cut);
    }
    return (await Promise.all(cuts)).flat();
  }

  /** null: it has gone meanwhile, or cannot be read. */
  async #source({ key }: CatalogRow, seq: number, parcel: Parcel): Promise<Source | null> {
    try {
      const session = await this.#parts.journal.open(key);
      if (!isKnown(session)) return null;
      if (seq === 0) return { kind: 'about', texts: aboutOf(session.head) };
      const [entry] = await session.entries({ from: seq, to: seq, limit: 1 });
      return (entry && parcel.add(entry)[0]) ?? null;
    } catch (error) {
      if (['session_deleted', 'corrupt_record'].includes(codeOf(error))) return null;
      throw error;
    }
  }

  async #ask<K extends CallName>(
    call: K,
    args: Parameters<IndexCalls[K]>,
  ): Promise<ReturnType<IndexCalls[K]>> {
    const { index } = this.#parts;
    if (index.waiting < MAX_ASKED && index.waitingBytes < MAX_ASKED_BYTES)
      return index.call(call, args);
    throw new GreenroomError('unavailable', `${index.waiting} searches for words wait already`, {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
}

/** In the place of an index: says why there is none. */
export const absent = (why: string): TextIndex => {
  const refuse = () => Promise.reject(new GreenroomError('text_search_unavailable', why));
  return {
    find: refuse,
    hits: refuse,
    rank: refuse,
    lag: () => ({ textLagMs: 0, textWaiting: 0 }),
  };
};
