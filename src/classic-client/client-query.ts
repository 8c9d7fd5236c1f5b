/**
 * One query of a client, and its messages until they are read.
 *
 * 1. It begins when it is awaited, when a message of it is asked for, or the client's response.
 * 2. Each message is given once, to the first reader.
 * 3. At most 10,000 messages wait to be read; then the oldest go.
 */
import type { Message } from '../classic/models.ts';
import type { ClientMessage } from './client-message.ts';

const MAX_UNREAD = 10_000;

/** What a query gives, one by one. The last message of a query that failed says so, and `failure` has the error. */
export interface QuerySource {
  readonly messages: AsyncGenerator<ClientMessage, void>;
  /** Once the messages have ended: what the turn failed with. */
  failure(): { readonly error: unknown } | undefined;
}

export class ClientQuery implements PromiseLike<undefined>, AsyncIterable<Message> {
  readonly #source: QuerySource;
  #unread: ClientMessage[] = [];
  #run: Promise<undefined> | undefined;
  #pulling: Promise<unknown> | undefined;

  constructor(source: QuerySource) {
    this.#source = source;
  }

  /** Runs the turn to its end. Rejects with what it failed with. */
  // biome-ignore lint/suspicious/noThenProperty: programs of the older client await a query, and others iterate over it
  then<A = undefined, B = never>(
    onDone?: ((value: undefined) => A | PromiseLike<A>) | null,
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#run ??= this.#runToEnd();
    return this.#run.then(onDone, onFailed);
  }

  catch<B = never>(
    onFailed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<undefined | B> {
    return this.then(undefined, onFailed);
  }

  finally(onSettled?: (() => void) | null): Promise<undefined> {
    return this.then().finally(onSettled);
  }

  /** The users' and the assistants' messages. Leaving the loop after the first makes no call. Throws what the turn failed with. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void> {
    try {
      for (let next = await this.take(); next !== undefined; next = await this.take())
        if (next.type === 'user' || next.type === 'assistant') yield next.message;
      this.#throwFailure();
    } finally {
      if (this.#run === undefined) await this.#source.messages.return();
    }
  }

  /** The next message that was not read yet; undefined: there are no more. */
  async take(): Promise<ClientMessage | undefined> {
    while (this.#unread.length === 0) if (!(await this.#advance())) break;
    return this.#unread.shift();
  }

  /** Resolves when nothing of it is under way: it has ended, or its reader has a message in hand. */
  async idle(): Promise<void> {
    await (this.#run ?? this.#pulling)?.then(undefined, () => undefined);
  }

  async #runToEnd(): Promise<undefined> {
    while (await this.#advance());
    this.#throwFailure();
    return undefined;
  }

  async #advance(): Promise<boolean> {
    const pulling = this.#source.messages.next();
    this.#pulling = pulling;
    const { done, value } = await pulling;
    if (done === true) return false;
    this.#unread.push(value);
    if (this.#unread.length > MAX_UNREAD) this.#unread.shift();
    return true;
  }

  #throwFailure(): void {
    const failure = this.#source.failure();
    if (failure !== undefined) throw failure.error;
  }
}
