/** What a subject tells, message by message, over connections that come and go. What is told meanwhile is missed. */
import type { Msg, Subscription } from 'nats';
import { type Watched, WatchQueue } from '../session/events/watch-queue.ts';
import type { Connection } from './connection.ts';
import { fromNats, objectIn } from './replies.ts';

export class Telling {
  readonly #connection: Connection;
  readonly #subject: string;
  readonly #queue: WatchQueue;
  readonly #onEnd: (telling: Telling) => void;
  readonly #stop: readonly (() => void)[];
  #subscription: Subscription | undefined;

  /** @param onEnd called once; at once where the client is closed. */
  constructor(connection: Connection, subject: string, onEnd: (telling: Telling) => void) {
    this.#onEnd = onEnd;
    this.#connection = connection;
    this.#subject = subject;
    this.#queue = new WatchQueue(() => this.#ended());
    this.#stop = [
      connection.pulse.begin(),
      connection.onChange((change) => change === 'back' && this.#subscribe()),
    ];
    connection.pulse.recognise();
    this.#subscribe();
  }

  get hasEnded(): boolean {
    return this.#queue.hasEnded;
  }

  read(): AsyncGenerator<Watched, void> {
    return this.#queue.read();
  }

  close(): void {
    this.#queue.close();
  }

  #subscribe(): void {
    if (this.#queue.hasEnded) return;
    this.#unsubscribe();
    try {
      this.#subscription = this.#connection.nc.subscribe(this.#subject, {
        callback: (error, msg) => this.#came(error, msg),
      });
    } catch (error) {
      this.#queue.fail(fromNats(error, this.#subject, 0));
    }
  }

  #came(error: unknown, msg: Msg): void {
    if (error !== null) return this.#queue.fail(fromNats(error, this.#subject, 0));
    this.#connection.pulse.heard();
    this.#take(msg);
  }

  /** Others may publish there too: what is no object is none of a daemon's, and is left out. */
  #take(msg: Msg): void {
    try {
      this.#queue.push(objectIn(msg));
    } catch {
      // Thrown on, it would end the connection, and all that is read on it.
    }
  }

  #unsubscribe(): void {
    try {
      this.#subscription?.unsubscribe();
    } catch {
      // Of a connection that is closed already.
    }
    this.#subscription = undefined;
  }

  #ended(): void {
    for (const stop of this.#stop) stop();
    this.#unsubscribe();
    this.#onEnd(this);
  }
}
