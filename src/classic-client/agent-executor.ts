/** The classic executor: turns of any session, over a store and a client of the API that are handed in. It keeps nothing between calls. */
import type { Message } from '../classic/models.ts';
import { mustBeSessionStore, type SessionStore } from '../classic/session-store.ts';
import type { MessagesClient } from '../executor/models/messages-client.ts';
import { GreenroomError } from '../model/errors.ts';
import { systemClock } from '../otp/system-clock.ts';
import {
  type CheckedOptions,
  type ClaudeAgentOptions,
  checkedOptions,
  needsHands,
} from './options.ts';
import { runTurn } from './turn.ts';

export class AgentExecutor {
  readonly #store: SessionStore;
  readonly #client: MessagesClient;
  readonly #options: CheckedOptions;

  /**
   * @param store any object with the eleven operations.
   * @param anthropicClient the official client, or any object that has `messages.create`.
   * Throws `invalid_request` for what is neither, `invalid_settings` for a wrong option.
   */
  constructor(
    store: SessionStore,
    anthropicClient: MessagesClient,
    options: ClaudeAgentOptions = {},
  ) {
    mustBeSessionStore(store);
    mustBeClient(anthropicClient);
    this.#store = store;
    this.#client = anthropicClient;
    this.#options = checkedOptions(options);
    if (this.#options.servers !== undefined || needsHands(this.#options))
      throw new GreenroomError(
        'invalid_settings',
        'options: an executor calls the API and nothing else: it has no servers, tools, hooks or mcpServers',
      );
  }

  /**
   * Runs a turn, from the moment that its first message is asked for: the user's message, then the answer. A session that does not exist
   * is made. At `maxTurns` it gives nothing. Throws what the API or the store threw; the user's message then stays. Turns of one
   * session over one store object run one after another.
   */
  async *executeTurn(sessionId: string, userMessage: string): AsyncGenerator<Message, void> {
    const order = {
      ...{ store: this.#store, client: this.#client, options: this.#options },
      ...{ sessionId, prompt: userMessage, clock: systemClock },
    };
    for await (const part of runTurn(order)) if (part.type === 'message') yield part.message;
  }
}

const mustBeClient = (client: unknown): void => {
  const create = (client as Partial<MessagesClient> | null)?.messages?.create;
  if (typeof create === 'function') return;
  throw new GreenroomError(
    'invalid_request',
    'this is no client of the API: it has no messages.create',
  );
};
