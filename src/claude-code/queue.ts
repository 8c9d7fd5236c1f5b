/**
 * The queue of words that came while the model worked, as `queue-operation` lines tell of it. What a
 * running turn took in stands in an attachment mostly; where no record has it, only the line that
 * takes it off the queue does.
 */
import { blocksOf, type RawBlock, type RawLine, text } from './raw-line.ts';

type QueueOperation = RawLine & {
  readonly operation?: unknown;
  readonly content?: unknown;
  readonly reason?: unknown;
};

/** Words that a turn took in, and how many records stood before them when they came. */
export interface TakenIn {
  readonly said: readonly RawBlock[];
  readonly since: number;
}

export const isQueueOperation = (record: RawLine): record is QueueOperation =>
  record.type === 'queue-operation';

/** Follows the operations of one transcript, in file order. */
export class Queue {
  #waiting: TakenIn[] = [];

  /** @returns what a running turn took in, where the line says so. */
  take(line: QueueOperation, records: number): TakenIn | undefined {
    const content = blocksOf(line.content);
    switch (line.operation) {
      case 'enqueue':
        this.#waiting.push({ said: content, since: records });
        return undefined;
      case 'dequeue':
        this.#off(content);
        return undefined;
      case 'popAll':
        this.#waiting = [];
        return undefined;
      case 'remove': {
        const off = this.#off(content);
        // Older versions give no reason; newer ones give another when somebody took it back.
        const isTakenIn = line.reason === undefined || line.reason === 'absorbed_mid_turn';
        return isTakenIn && wordsOf(off.said) !== '' ? off : undefined;
      }
      default:
        return undefined;
    }
  }

  /** Of that content, or what has waited longest where the line has none. */
  #off(content: readonly RawBlock[]): TakenIn {
    const words = wordsOf(content);
    const at = content.length === 0 ? 0 : this.#waiting.findIndex((w) => wordsOf(w.said) === words);
    const [off] = at === -1 ? [] : this.#waiting.splice(at, 1);
    return off ?? { said: content, since: 0 };
  }
}

/** What tells two texts of the queue apart. */
export const wordsOf = (blocks: readonly RawBlock[]): string =>
  blocks.flatMap((block) => text(block.text)?.trim() ?? []).join('\n');
