/**
 * Turns at a daemon, over its broker. The session is made there with the options' settings by its first turn; model, limits
 * and tools are the daemon's to run. It owns the connection.
 */
import { resolve } from 'node:path';
import { Message, type SessionState, type StoredMessage } from '../classic/models.ts';
import { modelView } from '../classic/transcript.ts';
import { type Client, connectClient } from '../client/client.ts';
import { codeOf } from '../model/errors.ts';
import type { ApiMessage, TurnFinished } from '../model/event.ts';
import type { Settings } from '../model/head.ts';
import type { SessionServers } from '../model/mcp-servers.ts';
import { mustBeCompleted } from '../session/api/turn-stream.ts';
import type { SessionReplies, SessionRequests } from '../session/verbs/registry.ts';
import type { SessionView } from '../session/verbs/reply-schemas.ts';
import { answeredTurn } from './answer-asked.ts';
import type { CheckedOptions } from './options.ts';
import { apiUsage, mustBePrompt, type TurnEnd, type TurnPart } from './turn.ts';
import type { Turns } from './turns.ts';

type Appended = SessionRequests['append']['messages'];

export class DaemonTurns implements Turns {
  readonly #options: CheckedOptions;
  readonly #servers: string | readonly string[];
  #client: Promise<Client> | undefined;

  constructor(options: CheckedOptions, servers: string | readonly string[]) {
    this.#options = options;
    this.#servers = servers;
  }

  async open(): Promise<void> {
    await this.#connected();
  }

  async *run(
    sessionId: string,
    prompt: string,
    signal: AbortSignal,
  ): AsyncGenerator<TurnPart, void> {
    mustBePrompt(prompt);
    const client = await this.#connected();
    const before = await viewOf(client, sessionId);
    try {
      yield* this.#turn(client, sessionId, prompt, signal);
    } catch (error) {
      if (codeOf(error) === 'max_turns_reached') return yield endOf('error_max_turns', before);
      yield endOf('error_during_execution', before);
      if (!signal.aborted) throw error;
    }
  }

  async exists(sessionId: string): Promise<boolean> {
    return (await viewOf(await this.#connected(), sessionId)) !== undefined;
  }

  async history(sessionId: string): Promise<readonly StoredMessage[]> {
    const client = await this.#connected();
    if ((await viewOf(client, sessionId)) === undefined) return [];
    const found: StoredMessage[] = [];
    for (let from: number | undefined = 1; from !== undefined; ) {
      const page: SessionReplies['messages'] = await client.session(sessionId, 'messages', {
        from,
      });
      for (const entry of page.entries)
        if (entry.type === 'message') found.push(messageOf(entry.message, entry.at));
      from = page.nextFrom;
    }
    return found;
  }

  /** Messages alone: the daemon counts what its own turns cost. */
  async restore({ sessionId, messages }: SessionState): Promise<void> {
    const client = await this.#connected();
    await client.session(sessionId, 'create', daemonSettingsOf(this.#options));
    const shown = modelView(messages) as Appended;
    try {
      if (shown.length > 0) await client.session(sessionId, 'append', { messages: shown });
    } catch (error) {
      await client.session(sessionId, 'delete', { release: true }).catch(() => undefined);
      throw error;
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.close();
  }

  async *#turn(
    client: Client,
    sessionId: string,
    prompt: string,
    signal: AbortSignal,
  ): AsyncGenerator<TurnPart, void> {
    const { model, canUseTool } = this.#options;
    const session = daemonSettingsOf(this.#options);
    const request = { prompt, model, session, includePartialMessages: false };
    const control = { canUseTool, signal };
    for await (const event of answeredTurn(client, sessionId, request, control)) {
      if (event.type === 'turn.accepted') yield part({ role: 'user', content: prompt }, event.at);
      if (event.type === 'message') yield part(event.message, event.at);
      if (event.type === 'turn.finished') yield ended(event, await viewOf(client, sessionId));
    }
  }

  /** A connection that could not be made is tried again by the next call. */
  #connected(): Promise<Client> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  async #connect(): Promise<Client> {
    const { tenant, creds } = this.#options;
    try {
      return await connectClient({
        servers: this.#servers,
        creds,
        ...(tenant === undefined ? {} : { tenant }),
      });
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }
}

/** Of a session that its first turn makes. It has tools only if the options name some. */
export const settingsOf = (options: CheckedOptions): Settings => {
  const { model, systemPrompt, workingDirectory, permissionMode, maxTurns } = options;
  const { tools, allowedTools, disallowedTools, mcpServers } = options;
  const isPlain = allowedTools === undefined && mcpServers === undefined;
  const offered = tools ?? (isPlain ? [] : undefined);
  return {
    ...{ model, permissionMode, workingDirectory: resolve(workingDirectory) },
    ...(maxTurns === 0 ? {} : { limits: { maxTurns } }),
    ...(systemPrompt === undefined ? {} : { systemPrompt }),
    ...(offered === undefined ? {} : { tools: offered }),
    ...(allowedTools === undefined ? {} : { allowedTools }),
    ...(disallowedTools === undefined ? {} : { disallowedTools }),
  };
};

/** With its servers, of which the daemon says what may run. */
const daemonSettingsOf = (options: CheckedOptions): Settings => {
  const settings = settingsOf(options);
  const servers = options.mcpServers as SessionServers | undefined;
  return servers === undefined ? settings : { ...settings, mcpServers: servers };
};

/** undefined: there is no such session. */
const viewOf = async (client: Client, sessionId: string): Promise<SessionView | undefined> => {
  try {
    return (await client.session(sessionId, 'get', {})).session;
  } catch (error) {
    if (codeOf(error) === 'session_not_found') return undefined;
    throw error;
  }
};

const messageOf = ({ role, content }: ApiMessage, at: string): Message =>
  Message.parse({ role, content, timestamp: at });

const part = (message: ApiMessage, at: string): TurnPart => ({
  type: 'message',
  message: messageOf(message, at),
});

const endOf = (
  subtype: TurnEnd['subtype'],
  view: SessionView | undefined,
  usage: TurnEnd['usage'] = {},
): TurnPart => ({
  type: 'end',
  end: { subtype, numTurns: view?.numTurns ?? 0, totalCostUsd: view?.totalCostUsd ?? null, usage },
});

const ended = (event: TurnFinished, view: SessionView | undefined): TurnPart => {
  mustBeCompleted(event);
  return endOf('success', view, apiUsage(event.usage));
};
