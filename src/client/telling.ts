/** What a subject tells, message by message, over connections that come and go. What is told meanwhile is missed. */
import type { Subscription } from 'nats';
import { GreenroomError } from '../model/errors.ts';
import type { Connection } from './connection.ts';
import { fromNats, parse } from './replies.ts';

/** An event or a piece of news, as it came. */
export type Told = Readonly<Record<string, unknown>>;

/** Messages that wait for a slow reader. */
const MAX_WAITING = 10_000;

export class Telling {
  readonly #connection: Connection;
  readonly #subject: string;
  readonly #waiting: Told[] = [];
  readonly #stop: readonly (() => void)[];
  #subscription: Subscription | undefined;
  #wake: (() => void) | undefined;
  #end: { readonly error: unknown } | 'closed' | undefined;

  constructor(connection: Connection, subject: string) {
    this.#connection = connection;
    this.#subject = subject;
    this.#stop = [
      connection.pulse.begin(),
      connection.onChange((change) => change === 'back' && this.#subscribe()),
    ];
    connection.pulse.recognise();
    this.#subscribe();
  }

  async *read(): AsyncGenerator<Told, void> {
    try {
      for (;;) {
        const told = this.#waiting.shift();
        if (told !== undefined) yield told;
        else if (this.#end === 'closed') return;
        else if (this.#end !== undefined) throw this.#end.error;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      this.close();
    }
  }

  close(): void {
    this.#finish('closed');
  }

  #subscribe(): void {
    if (this.#end !== undefined) return;
    this.#unsubscribe();
    this.#subscription = this.#connection.nc.subscribe(this.#subject, {
      callback: (error, msg) => {
        if (error !== null) return this.#finish({ error: fromNats(error, this.#subject, 0) });
        this.#connection.pulse.heard();
        if (this.#waiting.length >= MAX_WAITING) return this.#finish({ error: tooSlow() });
        this.#waiting.push(parse(msg) as Told);
        this.#wake?.();
      },
    });
  }

  #unsubscribe(): void {
    try {
      this.#subscription?.unsubscribe();
    } catch {
      // Of a connection that is closed already.
    }
    this.#subscription = undefined;
  }

  #finish(end: { readonly error: unknown } | 'closed'): void {
    this.#end ??= end;
    for (const stop of this.#stop) stop();
    this.#unsubscribe();
    this.#wake?.();
  }
}

const tooSlow = (): GreenroomError =>
  new GreenroomError('mailbox_full', `the reader is ${MAX_WAITING} messages behind`);
