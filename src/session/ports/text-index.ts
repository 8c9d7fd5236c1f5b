/**
 * The text index: which sessions have some words, and where. Owned here as an interface, implemented in `src/text`.
 * It follows commits a moment later, and says by how much.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import { nameOf } from '../../otp/name.ts';

/** Of each `text` criterion the sessions that meet it, by the numbers that the catalog has them under. */
export type TextAnswers = ReadonlyMap<string, Uint32Array>;

export interface TextLag {
  /** For how long the session that waits longest has waited to be taken in; 0: nothing waits. */
  readonly textLagMs: number;
  /** Sessions that have yet to be taken in. */
  readonly textWaiting: number;
}

/** The place in a session that shows best why it was found. */
export interface TextHit {
  /** Where `messages` shows it; absent: it is the title, the description or the summary. */
  readonly seq?: number;
  readonly snippet: string;
  /** Where the hits stand in the snippet: from and to, in UTF-16 units. */
  readonly marks: readonly (readonly [from: number, to: number])[];
}

export interface TextIndex {
  /** Rejects with `text_search_unavailable` where there is none, with `unavailable` while it restarts. */
  find(texts: readonly string[]): Promise<TextAnswers>;
  /** For each session its best hit, where there is one. Rejects with `unavailable`. */
  hits(
    rows: readonly CatalogRow[],
    texts: readonly string[],
  ): Promise<readonly (TextHit | undefined)[]>;
  /**
   * The sessions of messages that meet one of these, as the catalog numbers them, the best first; undefined: there are
   * too many messages to rank. Rejects with `unavailable`.
   */
  rank(texts: readonly string[]): Promise<Uint32Array | undefined>;
  lag(): TextLag;
}

export const textIndexName = nameOf<TextIndex>('text');
