/** A reader of a live query, as a program is one: what it takes for the sessions that meet it, by what it was told. */
import type { WatchEvent } from '../../src/index.ts';

export class Watching {
  /** Titles by session. */
  readonly members = new Map<string, string | undefined>();
  readonly told: string[] = [];
  /** Resolves when the iteration has ended; rejects with what it threw. */
  readonly done: Promise<void>;

  constructor(events: AsyncIterable<WatchEvent>) {
    this.done = this.#read(events);
    this.done.catch(() => undefined); // a test that waits for it hears of it
  }

  async #read(events: AsyncIterable<WatchEvent>): Promise<void> {
    for await (const event of events) this.#take(event);
  }

  #take(event: WatchEvent): void {
    if (event.type === 'present') {
      this.members.clear();
      for (const { sessionId, title } of event.sessions) this.members.set(sessionId, title);
      this.told.push(`present ${event.why} ${event.sessions.length}`);
      return;
    }
    this.told.push(`${event.type} ${event.sessionId}`);
    if (event.type === 'left') this.members.delete(event.sessionId);
    else this.members.set(event.sessionId, event.session.title);
  }
}
