/** One turn as a program reads it: its events so far, and its end. */
import type { WireEvent } from '../../src/index.ts';
import { until } from './until.ts';

export type EventOf<T extends WireEvent['type']> = Extract<WireEvent, { type: T }>;

export class Reading {
  readonly events: WireEvent[] = [];
  /** All events, `turn.finished` last; rejects with what the turn was refused with. */
  readonly done: Promise<WireEvent[]>;

  constructor(turn: AsyncIterable<WireEvent>) {
    this.done = this.#read(turn);
    this.done.catch(() => undefined); // a test that waits for it hears of it
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  /** Waits until an event of this type has come, and gives the last. */
  async saw<T extends WireEvent['type']>(type: T): Promise<EventOf<T>> {
    await until(() => this.types.includes(type));
    return this.events.findLast((event) => event.type === type) as EventOf<T>;
  }

  /** The terminal event. */
  async finished(): Promise<EventOf<'turn.finished'>> {
    return finishedOf(await this.done);
  }

  async #read(turn: AsyncIterable<WireEvent>): Promise<WireEvent[]> {
    for await (const event of turn) this.events.push(event);
    return this.events;
  }
}

export const finishedOf = (events: readonly WireEvent[]): EventOf<'turn.finished'> => {
  const last = events.at(-1);
  if (last?.type !== 'turn.finished') throw new Error(`it ended with ${last?.type}`);
  return last;
};
