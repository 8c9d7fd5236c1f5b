/**
 * Records that are written again behind a compaction. A process that compacts a second time first writes
 * all that the compaction before it had summed up once more, each record as it was. Such a copy is
 * history: it moves the conversation nowhere, unless the compaction kept it.
 *
 * A client that writes the whole history again writes the boundary again too; what came behind the
 * boundary at first stands behind it then, and is no replay.
 */
import type { ChainLine } from './chain-line.ts';

export class Replays {
  /** Where each record was written first. */
  readonly #origins = new Map<string, number>();
  /** Where the last boundary was written first. */
  #boundaryAt = -1;

  marked(line: ChainLine): ChainLine {
    const origin = this.#originOf(line);
    if (line.boundary !== undefined) this.#boundaryAt = origin;
    const isReplay = origin < line.index && origin < this.#boundaryAt;
    return isReplay ? { ...line, isReplay, isTalk: false } : line;
  }

  /** A uuid alone does not make a copy: other records may have it by mistake. */
  #originOf({ index, uuid, parentUuid, kind, messageId }: ChainLine): number {
    const record = JSON.stringify([uuid, parentUuid ?? null, kind, messageId ?? null]);
    const known = this.#origins.get(record);
    if (known === undefined) this.#origins.set(record, index);
    return known ?? index;
  }
}
