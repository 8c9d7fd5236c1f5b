/** Turns in this process, over a store: the one of the options, or files below `~/.claude`. */
import type { SessionState, StoredMessage } from '../classic/models.ts';
import type { SessionStore } from '../classic/session-store.ts';
import { FileSessionStore } from '../classic/stores/file/file-session-store.ts';
import type { Environment } from '../config/sources.ts';
import { type MessagesClient, openMessagesClient } from '../executor/models/messages-client.ts';
import { GreenroomError } from '../model/errors.ts';
import { systemClock } from '../otp/system-clock.ts';
import type { CheckedOptions } from './options.ts';
import { restoreSession } from './restore-session.ts';
import { runTurn, type TurnPart } from './turn.ts';
import type { ClientParts, Turns } from './turns.ts';

export class EmbeddedTurns implements Turns {
  readonly store: SessionStore;
  readonly #options: CheckedOptions;
  readonly #parts: ClientParts;
  readonly #isOwnStore: boolean;
  #client: Promise<MessagesClient> | undefined;

  constructor(options: CheckedOptions, parts: ClientParts) {
    this.#options = options;
    this.#parts = parts;
    this.#isOwnStore = options.sessionStore === undefined;
    this.store = options.sessionStore ?? new FileSessionStore();
  }

  async open(): Promise<void> {
    await this.#connected();
  }

  async *run(
    sessionId: string,
    prompt: string,
    signal: AbortSignal,
  ): AsyncGenerator<TurnPart, void> {
    const client = await this.#connected();
    const order = { store: this.store, client, options: this.#options };
    yield* runTurn({ ...order, sessionId, prompt, signal, clock: systemClock });
  }

  exists(sessionId: string): Promise<boolean> {
    return this.store.sessionExists(sessionId);
  }

  async history(sessionId: string): Promise<readonly StoredMessage[]> {
    return [...((await this.store.loadSession(sessionId))?.messages ?? [])];
  }

  restore(state: SessionState): Promise<void> {
    return restoreSession(this.store, state);
  }

  async close(): Promise<void> {
    if (this.#isOwnStore) await this.store.close();
  }

  #connected(): Promise<MessagesClient> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  async #connect(): Promise<MessagesClient> {
    const { anthropicClient, env = process.env } = this.#parts;
    if (anthropicClient !== undefined) return anthropicClient;
    const baseUrl = env['ANTHROPIC_BASE_URL'];
    return openMessagesClient(keyOf(this.#options, env), isSet(baseUrl) ? baseUrl : undefined);
  }
}

/** A server that is no Claude API may need none, yet the client sends one. */
const NO_KEY = 'none';

export const keyOf = ({ anthropicApiKey }: CheckedOptions, env: Environment): string | null => {
  const key = anthropicApiKey ?? env['ANTHROPIC_API_KEY'];
  if (key !== undefined && key !== '') return key;
  if (isSet(env['ANTHROPIC_AUTH_TOKEN'])) return null;
  if (isSet(env['ANTHROPIC_BASE_URL'])) return NO_KEY;
  throw new GreenroomError(
    'invalid_settings',
    'there is no key for the Claude API: set ANTHROPIC_API_KEY, or give anthropicApiKey',
  );
};

export const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';
