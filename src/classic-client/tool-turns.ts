/**
 * Turns with tools in this process: a Greenroom in memory runs them, and the store has what was said. It owns that
 * Greenroom, which starts with the first turn and stops at `close`.
 *
 * 1. Nothing is kept there between two turns: each has a session of its own, made of what the store holds.
 * 2. The user's message is stored and given before the model is called.
 * 3. Without a function that answers, what would be asked is denied at once.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningGreenroom } from '../app/greenroom.ts';
import type { CanUseTool } from '../approvals/can-use-tool.ts';
import { Message } from '../classic/models.ts';
import { defaultConfig } from '../config/config.ts';
import { secretsOf } from '../config/secrets.ts';
import { GreenroomError } from '../model/errors.ts';
import type { ApiMessage, TurnFinished } from '../model/event.ts';
import { Tenant } from '../model/id-schemas.ts';
import { newSessionId } from '../model/ids.ts';
import { nanoUsdOf } from '../model/money.ts';
import { systemClock } from '../otp/system-clock.ts';
import { createLog } from '../platform/log.ts';
import { embeddedApi } from '../session/api/embedded.ts';
import { mustBeCompleted } from '../session/api/turn-stream.ts';
import type { SessionsApi } from '../session/verbs/api.ts';
import type { SessionRequests } from '../session/verbs/registry.ts';
import { answeredTurn } from './answer-asked.ts';
import { settingsOf } from './daemon-turns.ts';
import { EmbeddedTurns, isSet, keyOf } from './embedded-turns.ts';
import type { CheckedOptions } from './options.ts';
import { requestMessages } from './request.ts';
import type { AnswerCost } from './streamed-answer.ts';
import {
  count,
  endOf,
  type Found,
  mustBePrompt,
  newMessage,
  openSession,
  type TurnPart,
} from './turn.ts';
import { type Place, turnLinesOf } from './turn-lines.ts';
import type { ClientParts } from './turns.ts';

interface Room {
  readonly api: SessionsApi;
  stop(): Promise<void>;
}

type Appended = SessionRequests['append']['messages'];

const DENY: CanUseTool = () => ({
  behavior: 'deny',
  message: 'There is no one to ask (no_one_to_ask): the program answers no questions about tools.',
});

export class ToolTurns extends EmbeddedTurns {
  readonly #options: CheckedOptions;
  readonly #parts: ClientParts;
  #room: Promise<Room> | undefined;

  /** Throws `invalid_settings` with a client that was handed in: its calls cannot be made on other threads. */
  constructor(options: CheckedOptions, parts: ClientParts) {
    if (parts.anthropicClient !== undefined)
      throw new GreenroomError(
        'invalid_settings',
        'options: tools and hooks go with a key or an address, not with a client that is handed in',
      );
    super(options, parts);
    this.#options = options;
    this.#parts = parts;
  }

  override async open(): Promise<void> {
    await this.#started();
  }

  override async *run(
    sessionId: string,
    prompt: string,
    signal: AbortSignal,
  ): AsyncGenerator<TurnPart, void> {
    mustBePrompt(prompt);
    const { api } = await this.#started();
    const order = { store: this.store, sessionId, options: this.#options, clock: systemClock };
    const place = await turnLinesOf(this.store, systemClock).take(sessionId);
    const roomId = newSessionId(systemClock.now());
    try {
      let found = await openSession(order);
      if (found.metadata.numTurns >= this.#options.maxTurns)
        return yield endOf('error_max_turns', found.metadata);
      const closing = resultsFor(found);
      for (const message of closing) await this.store.appendMessage(sessionId, message);
      const user = newMessage('user', prompt, found.metadata.numTurns);
      await this.store.appendMessage(sessionId, user);
      place.pause();
      yield { type: 'message', message: user };
      // Others had their turns: their messages come after this prompt, their counters before it.
      if (await place.resume()) found = { ...(await openSession(order)), messages: found.messages };
      await this.#prepare(api, roomId, { ...found, messages: [...found.messages, ...closing] });
      yield* this.#turn(
        { api, roomId, place, found, sessionId, prompt, signal },
        1 + closing.length,
      );
    } finally {
      place.release();
      await api.session(roomId, 'delete', { release: true }).catch(() => undefined);
    }
  }

  override async close(): Promise<void> {
    const room = await this.#room?.catch(() => undefined);
    this.#room = undefined;
    await room?.stop();
    await super.close();
  }

  async *#turn(
    { api, roomId, place, found, sessionId, prompt, signal }: ToolTurn,
    changes: number,
  ): AsyncGenerator<TurnPart, void> {
    const { model, canUseTool = DENY } = this.#options;
    const { numTurns } = found.metadata;
    const order = { store: this.store, sessionId, clock: systemClock };
    const request = { prompt, model, includePartialMessages: false };
    let stored = changes;
    try {
      for await (const event of answeredTurn(api, roomId, request, { canUseTool, signal })) {
        if (event.type === 'message') {
          const message = stepMessage(event.message, numTurns, stored - changes);
          await this.store.appendMessage(sessionId, message);
          stored += 1;
          yield { type: 'message', message };
        }
        if (event.type !== 'turn.finished') continue;
        mustBeCompleted(event);
        const cost = costOf(event);
        const now = await count(order, found, cost, stored);
        place.release();
        yield endOf('success', now, cost);
      }
    } catch (error) {
      place.release();
      yield endOf('error_during_execution', found.metadata);
      if (!signal.aborted) throw error;
    }
  }

  async #prepare(api: SessionsApi, roomId: string, { metadata, messages }: Found): Promise<void> {
    const { limits: _, ...settings } = settingsOf(this.#options);
    await api.session(roomId, 'create', settings);
    const history = requestMessages(messages, metadata.compactionState) as unknown as Appended;
    if (history.length > 0) await api.session(roomId, 'append', { messages: history });
  }

  /** A start that failed is tried again by the next call. */
  #started(): Promise<Room> {
    this.#room ??= startRoom(this.#options, this.#parts).catch((error: unknown) => {
      this.#room = undefined;
      throw error;
    });
    return this.#room;
  }
}

interface ToolTurn {
  readonly api: SessionsApi;
  readonly roomId: string;
  readonly place: Place;
  readonly found: Found;
  readonly sessionId: string;
  readonly prompt: string;
  readonly signal: AbortSignal;
}

/** The first answer has the id that a plain turn's has; what follows is numbered. */
const stepMessage = ({ role, content }: ApiMessage, numTurns: number, step: number): Message => {
  const id = `msg-${numTurns}-${role}${step === 0 ? '' : `-${step}`}`;
  return Message.parse({ role, content, id });
};

const costOf = ({ usage, costUsd }: TurnFinished): AnswerCost => ({
  usage,
  costNanoUsd: costUsd === null ? null : nanoUsdOf(costUsd),
});

/** A turn that ended before its tools did leaves calls without results, which the API refuses in every later request. */
const resultsFor = ({ messages, metadata }: Found): Message[] => {
  const last = messages.at(-1);
  const content = last?.role === 'assistant' && Array.isArray(last.content) ? last.content : [];
  const results = content.flatMap(({ type, id }) =>
    type === 'tool_use'
      ? [
          {
            type: 'tool_result',
            tool_use_id: id,
            is_error: true,
            content: 'The call was interrupted.',
          },
        ]
      : [],
  );
  if (results.length === 0) return [];
  return [
    Message.parse({ role: 'user', content: results, id: `msg-${metadata.numTurns}-results` }),
  ];
};

const startRoom = async (
  options: CheckedOptions,
  { env = process.env }: ClientParts,
): Promise<Room> => {
  const apiKey = keyOf(options, env);
  if (apiKey === null)
    throw new GreenroomError(
      'invalid_settings',
      'options: tools and hooks need a key, not a token',
    );
  const dataDir = await mkdtemp(join(tmpdir(), 'greenroom-tools-'));
  const discard = () => rm(dataDir, { recursive: true, force: true });
  try {
    const config = defaultConfig(
      {
        ...{ dataDir, store: 'memory:', provider: 'anthropic', anthropicApiKey: apiKey },
        ...{ textSearch: 'off', workers: 1, minFreeMb: 0 },
        anthropicBaseUrl: isSet(env['ANTHROPIC_BASE_URL']) ? env['ANTHROPIC_BASE_URL'] : undefined,
        mcpFile: await mcpFileOf(options, dataDir),
      },
      options.model,
    );
    const log = createLog({ level: 'error', secrets: secretsOf(config) });
    const running = await RunningGreenroom.start({
      ...{ config, log, bus: { wanted: false }, hooks: options.hooks },
      onFatal: (error) => log.error({ err: error }, 'the store in memory failed'),
    });
    const api = embeddedApi(running.sessions, Tenant.parse('default'), { ended: running.exited });
    return { api, stop: () => running.stop().finally(discard) };
  } catch (error) {
    await discard();
    throw error;
  }
};

const mcpFileOf = async (
  { mcpServers }: CheckedOptions,
  folder: string,
): Promise<string | undefined> => {
  if (mcpServers === undefined || Object.keys(mcpServers).length === 0) return undefined;
  const file = join(folder, 'mcp.json');
  await writeFile(file, JSON.stringify({ mcpServers }), { mode: 0o600 });
  return file;
};
