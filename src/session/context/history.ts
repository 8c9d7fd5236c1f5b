/**
 * What a session's journal says to a turn: its entries, read page by page from the first that the model still sees.
 */

import { inView } from '../../model/branches.ts';
import type { Entry } from '../../model/entry.ts';
import { firstSeenSeq, type Head } from '../../model/head.ts';
import { inheritedThrough } from '../../model/segments.ts';
import type { OpenTurn } from '../../model/turn.ts';
import type { Bodies } from '../memory/bodies.ts';
import type { SessionReader } from '../ports/journal.ts';
import type { ModelMessagesOptions } from './model-messages.ts';

/** Entries read at once. */
const PAGE = 1_000;
/**
 * Imported lines of more than this are not parsed by the main thread: that takes about 7 ms for each
 * megabyte, in which nobody else is served.
 */
export const MAX_INLINE_BYTES = 256 * 1024;

export class History {
  readonly entries: Entry[] = [];
  readonly options: ModelMessagesOptions;
  readonly #head: Head;
  readonly #session: SessionReader;
  readonly #bodies: Bodies | undefined;
  #next: number;
  /** Entries before it that the model still sees. */
  #kept: readonly number[];
  #importedBytes = 0;
  #bytes = 0;

  /**
   * @param head up to whose last entry it is read, whatever comes behind it meanwhile.
   * @param bodies where bodies are put; default: they are the entries' own.
   */
  constructor(
    head: Head,
    turn: OpenTurn | undefined,
    session: SessionReader,
    model: string,
    bodies?: Bodies,
  ) {
    this.#head = head;
    this.#session = session;
    this.#bodies = bodies;
    this.#next = firstSeenSeq(head);
    this.#kept = head.compaction?.keptSeqs ?? [];
    this.options = {
      ...(turn === undefined ? {} : { throughTurnId: turn.turnId }),
      inheritedThrough: inheritedThrough(head.segments),
      model,
    };
  }

  /** Nothing is left to read. */
  get isRead(): boolean {
    return this.#next > this.#head.seq;
  }

  /** It has more foreign lines than the main thread should parse. */
  get isLong(): boolean {
    return this.#importedBytes > MAX_INLINE_BYTES;
  }

  /** Bytes of what was read, seen by the model or not. */
  get bytes(): number {
    return this.#bytes;
  }

  async readPage(): Promise<void> {
    for (const seq of this.#kept) {
      const range = { from: seq, to: seq, limit: 1 };
      this.#add(await this.#session.entries(range, this.#bodies));
    }
    this.#kept = [];
    if (this.isRead) return;
    const to = Math.min(this.#head.seq, this.#next + PAGE - 1);
    const range = { from: this.#next, to, limit: PAGE };
    this.#add(await this.#session.entries(range, this.#bodies));
    this.#next = to + 1;
  }

  #add(entries: readonly Entry[]): void {
    for (const entry of inView(this.#head.branches, entries)) {
      this.entries.push(entry);
      if (entry.kind === 'view') continue;
      this.#bytes += entry.body.byteLength;
      if (entry.kind === 'imported') this.#importedBytes += entry.body.byteLength;
    }
  }
}
