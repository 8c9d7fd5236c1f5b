/**
 * `query` of the official Agent SDK, without a process for each session: turns of a session of a Greenroom in this process.
 *
 * 1. Nothing happens before the first message is asked for.
 * 2. One turn at a time: of a stream of messages each is a turn, and the next is read when it has ended.
 * 3. Leaving the loop cancels the turn under way, takes back what the session was lent, and lets go of the Greenroom.
 */
import { codeOf, GreenroomError } from '../model/errors.ts';
import { given } from '../model/given.ts';
import { newTurnId } from '../model/ids.ts';
import { pause } from '../otp/clock.ts';
import { systemClock } from '../otp/system-clock.ts';
import { version } from '../platform/version.ts';
import { newestSonnet } from '../pricing/price.ts';
import { cancelTurn, triedCancel } from '../session/api/abort.ts';
import type { SessionView } from '../session/verbs/reply-schemas.ts';
import { accountOf, agentInfos, serversOf } from './about.ts';
import { answererOf, checkedOptions, wrong } from './check-options.ts';
import type { AgentHost } from './host.ts';
import type {
  AccountInfo,
  AgentInfo,
  InitializationResult,
  McpServerStatus,
  ModelInfo,
  PermissionMode,
  SDKMessage,
  SDKSystemMessage,
  SDKUserMessage,
  UUID,
} from './messages.ts';
import { modelInfos } from './models.ts';
import type { CheckedOptions, Options } from './options.ts';
import { type RefusedMethods, refusedMethods } from './refused-methods.ts';
import type { Lease, Rooms } from './rooms.ts';
import { offeredTo, openSession, sessionIdOf } from './session.ts';
import { Spending } from './spending.ts';
import { Turn } from './turn.ts';

/** What the loop throws when `abortController` was aborted. */
export class AbortError extends Error {
  override readonly name = 'AbortError';
}

interface TurnUnderWay {
  readonly turnId: string;
  /** Its request has gone out: it is known, or will be in a moment. */
  isAsked: boolean;
  /** Before it was asked for: it is cancelled as soon as it is known. */
  isInterrupted: boolean;
}

const shortly = (ms: number): Promise<void> => pause(systemClock, ms);

export type Prompt = string | AsyncIterable<SDKUserMessage>;

export class Query implements AsyncGenerator<SDKMessage, void> {
  readonly #prompt: Prompt;
  readonly #options: CheckedOptions;
  readonly #takeRoom: Rooms['take'];
  readonly #closing = new AbortController();
  readonly #messages: AsyncGenerator<SDKMessage, void>;
  readonly #spending = new Spending();
  #open: { readonly host: AgentHost; readonly sessionId: string } | undefined;
  #turn: TurnUnderWay | undefined;
  #model: string | undefined;
  #mode: PermissionMode | undefined;
  /** Left out: as the options say. */
  #thinking: { readonly thinking: Wanted['thinking'] } | undefined;

  constructor(prompt: Prompt, options: CheckedOptions, takeRoom: Rooms['take']) {
    this.#prompt = prompt;
    this.#options = options;
    this.#takeRoom = takeRoom;
    this.#model = options.turn.model;
    this.#messages = this.#run();
  }

  next(): Promise<IteratorResult<SDKMessage, void>> {
    return this.#messages.next();
  }

  return(): Promise<IteratorResult<SDKMessage, void>> {
    this.close();
    return this.#messages.return();
  }

  throw(error: unknown): Promise<IteratorResult<SDKMessage, void>> {
    this.close();
    return this.#messages.throw(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Cancels the turn under way, whose result still comes; of a stream of messages the next is read then. */
  async interrupt(): Promise<{ still_queued: string[] }> {
    const [open, turn] = [this.#open, this.#turn];
    if (open === undefined || turn === undefined) return { still_queued: [] };
    turn.isInterrupted = true;
    if (turn.isAsked)
      await triedCancel(open.host.api, open.sessionId, turn.turnId, shortly).catch(ignoreEnded);
    return { still_queued: [] };
  }

  /** From the next tool call on. Throws `invalid_settings` for a mode that the options may not have. */
  async setPermissionMode(mode: PermissionMode): Promise<{ mode: PermissionMode }> {
    const { mayBypass } = this.#options;
    checkedOptions({ permissionMode: mode, allowDangerouslySkipPermissions: mayBypass }, 0);
    this.#mode = mode;
    await this.#update({ permissionMode: mode });
    return { mode };
  }

  /** From the next turn on. undefined: the default one. */
  async setModel(model?: string): Promise<void> {
    this.#model = checkedOptions({ model }, systemClock.now()).turn.model;
  }

  /** From the next turn on. 0: none; null: as the model does it. */
  async setMaxThinkingTokens(maxThinkingTokens: number | null): Promise<void> {
    const given = maxThinkingTokens === null ? {} : { maxThinkingTokens };
    this.#thinking = { thinking: checkedOptions(given, 0).turn.thinking };
  }

  /** There are none. */
  async supportedCommands(): Promise<InitializationResult['commands']> {
    return [];
  }

  /** Short names, with the models that they stand for now. */
  async supportedModels(): Promise<ModelInfo[]> {
    return modelInfos(systemClock.now());
  }

  async supportedAgents(): Promise<AgentInfo[]> {
    return agentInfos(this.#options.room.agents);
  }

  /** Before the query has begun, all but those of functions are pending. */
  async mcpServerStatus(): Promise<McpServerStatus[]> {
    const { ownServers, room } = this.#options;
    const own = ownServers.map((name) => ({ name, status: 'connected' as const }));
    if (this.#open !== undefined) return [...serversOf(this.#open.host), ...own];
    const named = Object.keys(room.mcpServers);
    return [...named.map((name) => ({ name, status: 'pending' as const })), ...own];
  }

  /** Where the key comes from; `none` also before the query has begun. */
  async accountInfo(): Promise<AccountInfo> {
    return accountOf(this.#open?.host);
  }

  async initializationResult(): Promise<InitializationResult> {
    return {
      ...{ commands: await this.supportedCommands(), agents: await this.supportedAgents() },
      ...{ output_style: 'default', available_output_styles: ['default'] },
      ...{ models: await this.supportedModels(), account: await this.accountInfo() },
      claude_code_version: version,
    };
  }

  /** The same: nothing was lost that had to be made again. */
  reinitialize(): Promise<InitializationResult> {
    return this.initializationResult();
  }

  /** Ends it: the turn under way is cancelled, and the loop ends. */
  close(): void {
    this.#closing.abort(new AbortError('the query was closed'));
  }

  async #update(changes: { readonly permissionMode: PermissionMode }): Promise<void> {
    const open = this.#open;
    if (open !== undefined) await open.host.api.session(open.sessionId, 'update', changes);
  }

  async *#run(): AsyncGenerator<SDKMessage, void> {
    const { abort, host, room } = this.#options;
    const signal = AbortSignal.any([this.#closing.signal, ...(abort === undefined ? [] : [abort])]);
    let lease: Lease | undefined;
    try {
      signal.throwIfAborted();
      lease =
        host === undefined ? await this.#takeRoom(room) : { host, end: async () => undefined };
      yield* this.#inSession(lease.host, signal);
    } catch (error) {
      if (abort?.aborted === true) throw new AbortError('the query was aborted', { cause: error });
      if (!this.#closing.signal.aborted) throw error;
    } finally {
      await lease?.end();
    }
  }

  async *#inSession(host: AgentHost, signal: AbortSignal): AsyncGenerator<SDKMessage, void> {
    const { functions, canUseTool, session: wanted } = this.#options;
    const place = await sessionIdOf(host, this.#options, systemClock.now());
    const answerer = answererOf(canUseTool, place.id);
    const takeBack = host.lend(place.id, { ...functions, canUseTool: answerer });
    try {
      const session = await openSession(host, place, this.#options);
      this.#open = { host, sessionId: place.id };
      if (this.#mode !== undefined) await this.#update({ permissionMode: this.#mode });
      yield* this.#turns(host, session, signal);
    } finally {
      this.#open = undefined;
      takeBack();
      if (!wanted.isKept)
        await host.api.session(place.id, 'delete', { release: true }).catch(() => undefined);
    }
  }

  async *#turns(
    host: AgentHost,
    session: SessionView,
    signal: AbortSignal,
  ): AsyncGenerator<SDKMessage, void> {
    for await (const { message, shouldQuery = true } of inputsOf(this.#prompt, signal))
      if (shouldQuery) yield* this.#oneTurn(host, session, message.content, signal);
      else
        await host.api.session(session.sessionId, 'append', {
          messages: [{ role: 'user', content: message.content as never }],
        });
  }

  async *#oneTurn(
    host: AgentHost,
    before: SessionView,
    prompt: unknown,
    signal: AbortSignal,
  ): AsyncGenerator<SDKMessage, void> {
    const { session } = await host.api.session(before.sessionId, 'get', {});
    const { turn: wanted } = this.#options;
    const model = this.#model ?? session.model ?? newestSonnet(systemClock.now());
    const turnId = newTurnId(systemClock.now());
    const turn = new Turn({
      ...{ host, session, model, clock: systemClock, newUuid, spending: this.#spending },
      ...{ isStreamed: wanted.isStreamed, isForwarded: wanted.isForwarded },
      isStructured: wanted.outputFormat !== undefined,
      maxRetries: session.retry?.maxRetries ?? MAX_RETRIES,
    });
    const underWay: TurnUnderWay = { turnId, isAsked: false, isInterrupted: false };
    this.#turn = underWay;
    let isEnded = false;
    try {
      yield await this.#init(host, session, model);
      signal.throwIfAborted();
      underWay.isAsked = true;
      if (underWay.isInterrupted) void cancelTurn(host.api, session.sessionId, turnId, shortly);
      const request = { prompt: prompt as string, turnId, ...this.#request(wanted) };
      for await (const message of turn.run(request, signal)) {
        isEnded = message.type === 'result';
        yield message;
      }
    } finally {
      this.#turn = undefined;
      if (!isEnded)
        await host.api.session(session.sessionId, 'cancel', { turnId }).catch(ignoreEnded);
    }
  }

  #request({ thinking, effort, outputFormat, maxTurns, maxBudgetUsd, isStreamed }: Wanted) {
    const left = maxBudgetUsd === undefined ? undefined : maxBudgetUsd - this.#spending.costUsd;
    return given({
      ...{ model: this.#model, effort, outputFormat, create: false },
      thinking: this.#thinking === undefined ? thinking : this.#thinking.thinking,
      ...{ maxSteps: maxTurns, includePartialMessages: isStreamed },
      // One that has nothing left is refused by the turn's own limit, before a call.
      maxCostUsd: left === undefined ? undefined : Math.max(left, LEAST_USD),
    });
  }

  async #init(host: AgentHost, session: SessionView, model: string): Promise<SDKSystemMessage> {
    return {
      ...{ type: 'system', subtype: 'init', model },
      agents: agentInfos(this.#options.room.agents).map(({ name }) => name),
      apiKeySource: accountOf(host).apiKeySource,
      claude_code_version: version,
      cwd: session.workingDirectory ?? '',
      tools: [...(await offeredTo(host, session))],
      mcp_servers: [
        ...serversOf(host).map(({ name, status }) => ({ name, status })),
        ...this.#options.ownServers.map((name) => ({ name, status: 'connected' })),
      ],
      permissionMode: (session.permissionMode ?? 'default') as PermissionMode,
      ...{ slash_commands: [], output_style: 'default', skills: [], plugins: [] },
      ...{ uuid: newUuid(), session_id: session.sessionId },
    };
  }
}

type Wanted = CheckedOptions['turn'];

/** Of a session that says nothing else. */
const MAX_RETRIES = 3;
/** Less than any call costs. */
const LEAST_USD = 1e-9;

const newUuid = (): UUID => newTurnId(systemClock.now()) as string as UUID;

/** It was over before. */
const ignoreEnded = (error: unknown): void => {
  if (!ENDED.includes(codeOf(error))) throw error;
};
const ENDED: readonly string[] = ['turn_not_found', 'invalid_state', 'session_not_found'];

/** The next is waited for no longer than the query runs. */
async function* inputsOf(
  prompt: Prompt,
  signal: AbortSignal,
): AsyncGenerator<Pick<SDKUserMessage, 'message' | 'shouldQuery'>, void> {
  if (typeof prompt === 'string') return yield { message: { role: 'user', content: prompt } };
  const inputs = prompt[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await unlessAborted(inputs.next(), signal);
      if (done === true) return;
      mustBeMessage(value);
      yield value;
    }
  } finally {
    // Not awaited: an iterable that waits for ever would keep the query.
    void Promise.resolve(inputs.return?.()).catch(() => undefined);
  }
}

/** A listener for each wait: a promise that all of them raced with would keep what each gave. */
const unlessAborted = <T>(given: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    const isOver = () => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    Promise.resolve(given).then(resolve, reject).finally(isOver);
  });

const mustBeMessage = (value: unknown): void => {
  const { type, message } = Object(value) as Partial<SDKUserMessage>;
  if (type !== 'user' || message?.role !== 'user' || message.content === undefined)
    throw new GreenroomError(
      'invalid_request',
      'prompt: each is { type: "user", message: { role: "user", content } }',
    );
};

/** Throws `invalid_request` or `invalid_settings` at once. */
export const newQuery = (
  { prompt, options = {} }: { readonly prompt: Prompt; readonly options?: Options | undefined },
  takeRoom: Rooms['take'],
  warn: (sentence: string) => void,
): Query & RefusedMethods => {
  const isStream = typeof Object(prompt)[Symbol.asyncIterator] === 'function';
  if (typeof prompt !== 'string' && !isStream)
    throw new GreenroomError(
      'invalid_request',
      'query takes { prompt, options }: prompt must be a text or an async iterable',
    );
  if (prompt === '') throw new GreenroomError('invalid_request', 'the prompt is empty');
  if (typeof options !== 'object' || options === null) throw wrong('must be an object');
  const checked = checkedOptions(options, systemClock.now());
  for (const warning of checked.warnings) warn(warning);
  return Object.assign(new Query(prompt, checked, takeRoom), refusedMethods());
};
