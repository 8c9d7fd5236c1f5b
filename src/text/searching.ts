/** The text index as searches ask it: it finds sessions, and cuts from the journal what they were found by. */
import type { CatalogRow } from '../model/catalog-row.ts';
import { codeOf, GreenroomError } from '../model/errors.ts';
import { isKnown, type Journal } from '../session/ports/journal.ts';
import type { TextAnswers, TextHit, TextIndex, TextLag } from '../session/ports/text-index.ts';
import type { IndexProcess } from './index-process.ts';
import { aboutOf, Parcel } from './reading.ts';
import type { Best, CallName, IndexCalls, Source } from './wire.ts';

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
    const [first] = rows;
    if (first === undefined) return [];
    const ids = rows.map(({ key }) => key.sessionId);
    const best = await this.#ask('best', [first.key.tenant, ids, texts]);
    const parcel = new Parcel();
    const sources = await this.#sources(rows, best, parcel);
    const cuts = await this.#ask('cut', [sources, texts, parcel.packed()]);
    return cuts.map((cut, at) => {
      const seq = best[at]?.seq ?? 0;
      return cut === null ? undefined : { ...(seq > 0 ? { seq } : {}), ...cut };
    });
  }

  async #sources(
    rows: readonly CatalogRow[],
    best: readonly (Best | null)[],
    parcel: Parcel,
  ): Promise<readonly (Source | null)[]> {
    const sources: (Source | null)[] = [];
    for (const [at, row] of rows.entries()) {
      const seq = best[at]?.seq;
      const isWanted = seq !== undefined && parcel.size < MAX_CUT_BYTES;
      sources.push(isWanted ? await this.#source(row, seq, parcel) : null);
      if (at % READ_AT_ONCE === READ_AT_ONCE - 1) await this.#parts.rest();
    }
    return sources;
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
