/**
 * One step's way out of its thread: deltas gather until the tick ends, neighbours of one block are
 * joined, and everything leaves in order, the outcome last.
 */
import type { StepOutcome } from '../../session/ports/executor.ts';
import type { Outbox } from '../pool/outbox.ts';
import type { FromWorker, ModelEvent } from './wire.ts';

export class StepEmitter {
  readonly #id: number;
  readonly #outbox: Outbox<FromWorker>;
  #open: ModelEvent[] = [];
  #openTick = -1;

  constructor(id: number, outbox: Outbox<FromWorker>) {
    this.#id = id;
    this.#outbox = outbox;
  }

  emit(event: ModelEvent): void {
    if (this.#openTick !== this.#outbox.tick) this.#openBatch();
    const last = this.#open.at(-1);
    const joined = last === undefined ? undefined : join(last, event);
    if (joined === undefined) this.#open.push(event);
    else this.#open[this.#open.length - 1] = joined;
  }

  finish(outcome: StepOutcome): void {
    const body = outcome.type === 'message' ? (outcome.body.buffer as ArrayBuffer) : undefined;
    this.#outbox.post({ type: 'outcome', id: this.#id, outcome }, body);
  }

  #openBatch(): void {
    this.#open = [];
    this.#openTick = this.#outbox.tick;
    this.#outbox.post({ type: 'events', id: this.#id, events: this.#open });
  }
}

const join = (a: ModelEvent, b: ModelEvent): ModelEvent | undefined => {
  if (a.type !== 'delta' || b.type !== 'delta' || a.block !== b.block) return undefined;
  if ('text' in a && 'text' in b) return { ...b, text: a.text + b.text };
  if ('thinking' in a && 'thinking' in b) return { ...b, thinking: a.thinking + b.thinking };
  if ('inputJson' in a && 'inputJson' in b) return { ...b, inputJson: a.inputJson + b.inputJson };
  return undefined;
};
