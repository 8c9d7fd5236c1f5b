/**
 * The classic client: one session over many queries. It owns the turns under way, the streams of their readers, and the
 * store if the options named none.
 *
 * 1. `connect` is not needed: a query connects. `connect`, `disconnect` and `close` may be called again.
 * 2. After `disconnect` the same object may connect again, and keeps its session.
 */
import { checkedId } from '../classic/session-store.ts';
import { GreenroomError } from '../model/errors.ts';
import { newSessionId } from '../model/ids.ts';
import { systemClock } from '../otp/system-clock.ts';
import { type ClientMessage, initMessage, resultMessage, saidMessage } from './client-message.ts';
import { ClientQuery, type QuerySource } from './client-query.ts';
import { type CheckedOptions, type ClaudeAgentOptions, checkedOptions } from './options.ts';
import { mustBePrompt, type TurnEnd } from './turn.ts';
import type { ClientParts, Turns } from './turns.ts';
import { turnsFor } from './turns-for.ts';

/** Of a turn that failed before anything was known of its session. */
const FAILED: TurnEnd = {
  subtype: 'error_during_execution',
  numTurns: 0,
  totalCostUsd: null,
  usage: {},
};

export class ClaudeSDKClient {
  /** Not to be seen from outside: it may hold a key. */
  readonly #options: CheckedOptions;
  readonly #turns: Turns;
  #sessionId: string;
  #query: ClientQuery | undefined;
  /** The queries that have begun and not ended. */
  readonly #running = new Map<AbortController, ClientQuery>();
  /** Aborted, it ends the streams that go on from query to query. */
  #connection = new AbortController();
  readonly #wakers = new Set<() => void>();

  /** Throws `invalid_settings` for a wrong option. */
  constructor(options: ClaudeAgentOptions = {}, parts: ClientParts = {}) {
    this.#options = checkedOptions(options);
    const { resume } = this.#options;
    this.#sessionId = resume === undefined ? newSessionId(systemClock.now()) : checkedId(resume);
    this.#turns = turnsFor(this.#options, parts);
  }

  protected get options(): CheckedOptions {
    return this.#options;
  }

  protected get turns(): Turns {
    return this.#turns;
  }

  /** The queries from now on are this session's. Throws `invalid_session_id`. */
  protected goTo(sessionId: string): void {
    this.#sessionId = checkedId(sessionId);
  }

  /** Of the session that queries go to. */
  async getSessionId(): Promise<string> {
    return this.#sessionId;
  }

  async connect(): Promise<void> {
    if (this.#connection.signal.aborted) this.#connection = new AbortController();
    await this.#turns.open();
  }

  /**
   * A turn of the session. Awaited it runs to its end; iterated over it gives the user's message, then the answer. It begins
   * when it is awaited or read, by itself or by `receiveResponse`. Throws `invalid_request` for an empty prompt.
   */
  query(prompt: string): ClientQuery {
    mustBePrompt(prompt);
    const controller = new AbortController();
    const query: ClientQuery = new ClientQuery(
      this.#source(prompt, controller, () => this.#running.set(controller, query)),
    );
    this.#query = query;
    this.#wake();
    return query;
  }

  /**
   * The typed messages of the latest query that were not read yet: `system`, `user`, `assistant`, `result`, then it ends.
   * A turn that failed ends with a `result` whose `is_error` is true. Throws `invalid_state` before the first query.
   */
  async *receiveResponse(): AsyncGenerator<ClientMessage, void> {
    const query = this.#query;
    if (query === undefined)
      throw new GreenroomError('invalid_state', 'there is no query to receive a response of');
    for (let next = await query.take(); next !== undefined; next = await query.take()) yield next;
  }

  /** The same, from query to query, until `disconnect`. */
  async *receiveMessages(): AsyncGenerator<ClientMessage, void> {
    const { signal } = this.#connection;
    let done: ClientQuery | undefined;
    while (!signal.aborted) {
      const query = this.#query;
      if (query === undefined || query === done) {
        await this.#anotherQuery(signal);
        continue;
      }
      const next = await query.take();
      if (next === undefined) done = query;
      else yield next;
    }
  }

  /** Ends the calls under way; their sessions keep the users' messages. Resolves when they have ended. */
  async interrupt(): Promise<void> {
    const running = [...this.#running];
    for (const [controller] of running) controller.abort();
    await Promise.all(running.map(([, query]) => query.idle()));
  }

  /** Interrupts, and ends `receiveMessages`. */
  async disconnect(): Promise<void> {
    this.#connection.abort();
    this.#wake();
    await this.interrupt();
  }

  /** Disconnects, and closes the store that this client made; one that it was given stays open. */
  async close(): Promise<void> {
    await this.disconnect();
    await this.#turns.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Called with each message before it is given. */
  protected async seen(_message: ClientMessage): Promise<void> {}

  #source(prompt: string, controller: AbortController, onBegun: () => void): QuerySource {
    let failed: { readonly error: unknown } | undefined;
    const note = (error: unknown): void => {
      failed ??= { error };
    };
    const running = this.#running;
    const messages = async function* (
      typed: AsyncGenerator<ClientMessage, void>,
      seen: (message: ClientMessage) => Promise<void>,
    ) {
      onBegun();
      try {
        for await (const message of typed) {
          await seen(message);
          yield message;
        }
      } catch (error) {
        note(error);
        throw error;
      } finally {
        running.delete(controller);
      }
    };
    const typed = this.#typed(prompt, controller.signal, note);
    return { messages: messages(typed, (message) => this.seen(message)), failure: () => failed };
  }

  async *#typed(
    prompt: string,
    signal: AbortSignal,
    onFailure: (error: unknown) => void,
  ): AsyncGenerator<ClientMessage, void> {
    const { model, workingDirectory } = this.#options;
    const sessionId = this.#sessionId;
    const sinceMs = systemClock.monotonic();
    let end: TurnEnd = FAILED;
    let failed: { readonly error?: unknown } = {};
    try {
      await this.connect();
      yield initMessage({ session_id: sessionId, model, cwd: workingDirectory });
      for await (const part of this.#turns.run(sessionId, prompt, signal)) {
        if (part.type === 'message') yield saidMessage(part.message, sessionId);
        else end = part.end;
      }
    } catch (error) {
      onFailure(error);
      failed = { error };
    }
    const durationMs = Math.round(systemClock.monotonic() - sinceMs);
    yield resultMessage(end, { sessionId, durationMs, ...failed });
  }

  #anotherQuery(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakers.delete(wake);
        resolve();
      };
      this.#wakers.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}
