/**
 * Greenroom as a library: `startGreenroom` runs the whole tree inside this process.
 *
 * ```ts
 * const greenroom = await startGreenroom({ dataDir: './data', nats: false });
 * for await (const event of greenroom.turn('demo', 'Hello')) console.log(event);
 * await greenroom.stop();
 * ```
 */

import { EXIT_STORE_FAILED, RunningGreenroom, type TestHooks } from './app/greenroom.ts';
import type { SessionFunctions } from './app/session-functions.ts';
import type { CanUseTool } from './approvals/can-use-tool.ts';
import type { ClassicStore } from './classic/classic-store.ts';
import { type Config, ConfigError, loadConfig, VARIABLES } from './config/config.ts';
import { secretsOf } from './config/secrets.ts';
import { Tenant } from './model/id-schemas.ts';
import { sessionKey } from './model/ids.ts';
import type { Clock } from './otp/clock.ts';
import type { System } from './otp/system.ts';
import { systemClock } from './otp/system-clock.ts';
import { createLog, type Log } from './platform/log.ts';
import { newestSonnet } from './pricing/price.ts';
import { ApprovalsFacade } from './session/api/approvals-facade.ts';
import { ArchivesFacade } from './session/api/archives-facade.ts';
import { AuditFacade } from './session/api/audit-facade.ts';
import { BackupsFacade } from './session/api/backups-facade.ts';
import { type EmbeddedOptions, embeddedApi } from './session/api/embedded.ts';
import { embeddedDaemon } from './session/api/embedded-daemon.ts';
import { SessionsFacade } from './session/api/facade.ts';
import type { GreenroomApi } from './session/api/greenroom-api.ts';
import { SchedulesFacade, TasksFacade, TemplatesFacade } from './session/api/tasks-facade.ts';
import { type Prompt, type TurnOptions, TurnStream } from './session/api/turn-stream.ts';
import { watch } from './session/api/watch.ts';
import type { Watched } from './session/events/watch-queue.ts';
import type { HookFunctions } from './session/ports/hooks.ts';
import type { SessionsApi } from './session/verbs/api.ts';
import type { StatusView } from './session/verbs/daemon-verbs.ts';
import type { SessionsReplies, SessionsRequests } from './session/verbs/registry.ts';
import type { OwnTool } from './tools/own/own-tool.ts';

export type { SessionFunctions } from './app/session-functions.ts';
export type {
  CanUseTool,
  CanUseToolContext,
  PermissionResult,
  PermissionUpdate,
} from './approvals/can-use-tool.ts';
export { AgentExecutor } from './classic-client/agent-executor.ts';
export { ClaudeSDKClient } from './classic-client/claude-sdk-client.ts';
export type { ClientMessage } from './classic-client/client-message.ts';
export type { ClientQuery } from './classic-client/client-query.ts';
export { ClaudeAgentOptions, ClaudeCodeOptions } from './classic-client/options.ts';
export { query, resume } from './classic-client/query.ts';
export type { SavedConversation } from './classic-client/session-json.ts';
export {
  type PersistentOptions,
  SessionPersistentClient,
} from './classic-client/session-persistent-client.ts';
export type { ClientParts } from './classic-client/turns.ts';
export { type Client, type ClientOptions, connectClient } from './client/client.ts';
export type { MessagesClient, StreamRequest } from './executor/models/messages-client.ts';
export {
  ConcurrencyError,
  ERRORS,
  type ErrorCode,
  GreenroomError,
  SerializationError,
  SessionNotFoundError,
  StorageError,
} from './model/errors.ts';
export type { ApiMessage, WireEvent } from './model/event.ts';
export {
  onTelemetry,
  TELEMETRY,
  type TelemetryFields,
  type TelemetryName,
} from './model/telemetry.ts';
export type { Usage } from './model/usage.ts';
export type { RefusedTurn } from './nats/refused-turns.ts';
export { version } from './platform/version.ts';
export { ApprovalsFacade } from './session/api/approvals-facade.ts';
export { ArchivesFacade } from './session/api/archives-facade.ts';
export { AuditFacade } from './session/api/audit-facade.ts';
export { BackupsFacade, type BackupWait } from './session/api/backups-facade.ts';
export { SessionsFacade } from './session/api/facade.ts';
export type { GreenroomApi } from './session/api/greenroom-api.ts';
export type { WatchControl, WatchEvent } from './session/api/live-query.ts';
export { SchedulesFacade, TasksFacade, TemplatesFacade } from './session/api/tasks-facade.ts';
export {
  type FinishedTurn,
  type Prompt,
  type TurnOptions,
  TurnStream,
} from './session/api/turn-stream.ts';
export type { Watched } from './session/events/watch-queue.ts';
export type { HookFunction, HookFunctions, HookInput } from './session/ports/hooks.ts';
export type { CleanupReport } from './session/ports/sweeper.ts';
export type { SessionsApi, TurnControl } from './session/verbs/api.ts';
export type { BackupStateView, BackupView } from './session/verbs/backup-verbs.ts';
export type {
  EntryView,
  SessionSummary,
  SessionView,
  TurnView,
} from './session/verbs/reply-schemas.ts';
export type { StationView, TurnTraceReply } from './session/verbs/turn-trace.ts';
export {
  type AnyMessage,
  type ClassicStore,
  CompactionState,
  calculateCost,
  countTurns,
  deserializeMessage,
  deserializeMessageFromJson,
  deserializeMessagesBatch,
  effectiveMode,
  extractSessionId,
  FileSessionStore,
  isSessionStore,
  Message,
  type NewMessage,
  type NewMetadata,
  openStore,
  PermissionMode,
  PostgresSessionStore,
  RedisSessionStore,
  type SessionInfo,
  SessionMetadata,
  SessionState,
  type SessionStore,
  serializeMessage,
  serializeMessagesBatch,
  serializeMessageToJson,
  summarize,
} from './stores/index.ts';
export {
  type JsonSchema,
  type JsonSchemaTool,
  type OwnTool,
  type OwnToolContext,
  type OwnToolResult,
  tool,
  type ZodTool,
} from './tools/own/own-tool.ts';

/** Any setting by its name in `docs/reference/configuration.md`, and the options that only a program has. */
export interface GreenroomOptions
  extends Partial<
    Omit<Config, 'natsUrl' | 'natsCreds' | 'natsInboxPrefix' | 'natsPort' | 'tenant' | 'tools'>
  > {
  /** The folder of everything durable; created if missing. */
  readonly dataDir: string;
  /** `false` (default): no broker, requests come from this program only. Otherwise a server's address, or an own broker. */
  readonly nats?:
    | false
    | { readonly url?: string; readonly creds?: string; readonly port?: number };
  /** Tenant of `turn` and `sessions`; default `default`. */
  readonly tenant?: string;
  /**
   * Functions of this program as tools, made by `tool()`; they run in its own loop. `'off'`: sessions have no tools at all.
   */
  readonly tools?: Config['tools'] | readonly OwnTool[];
  /**
   * Answers tool calls that wait for an answer. Without it they wait, listed by `sessions.approvals()`, until `approve`
   * answers them; `permissionMode: 'dontAsk'` denies them at once.
   */
  readonly canUseTool?: CanUseTool;
  /** Default: warnings and errors as JSON lines on stderr. */
  readonly log?: Log;
  /** Called when the store has failed and every further call is refused; default: ends the process with code 70. */
  readonly onFatal?: (error: Error) => void;
  /** Default: the real one. */
  readonly clock?: Clock;
  /** Functions that are asked before and behind tool calls and turns, in the form of the Agent SDK. */
  readonly hooks?: HookFunctions;
  /** For tests: hooks into inner parts. */
  readonly testHooks?: TestHooks;
}

/** A running Greenroom, as `startGreenroom` returns it, for one tenant. */
export class Greenroom implements GreenroomApi {
  readonly tenant: Tenant;
  /** A method for each verb on sessions. */
  readonly sessions: SessionsFacade;
  readonly approvals: ApprovalsFacade;
  readonly audit: AuditFacade;
  readonly templates: TemplatesFacade;
  readonly tasks: TasksFacade;
  readonly archives: ArchivesFacade;
  readonly backups: BackupsFacade;
  readonly schedules: SchedulesFacade;
  /** The same calls by verb, as clients over NATS make them. */
  readonly api: SessionsApi;
  readonly #running: RunningGreenroom;
  readonly #drainMs: number;

  constructor(running: RunningGreenroom, tenant: Tenant, drainMs: number) {
    this.#running = running;
    this.tenant = tenant;
    this.#drainMs = drainMs;
    const onInternal: EmbeddedOptions['onInternal'] = (error, during, where) =>
      running.system.report({ kind: 'fault', actor: 'embedded', during, error, where });
    this.api = embeddedApi(running.sessions, tenant, { ended: running.exited, onInternal });
    this.sessions = new SessionsFacade(this.api, running.system.clock);
    this.approvals = new ApprovalsFacade(this.api);
    this.audit = new AuditFacade(this.api);
    this.templates = new TemplatesFacade(this.api);
    this.tasks = new TasksFacade(this.api);
    this.archives = new ArchivesFacade(this.api);
    this.backups = new BackupsFacade(
      embeddedDaemon(running.sessions, running.daemon, tenant, { onInternal }),
    );
    this.schedules = new SchedulesFacade(this.api);
  }

  /**
   * Runs a turn, from the moment that it is read; its events come as they happen,
   * `turn.finished` last. A session that does not exist is
   * made. Leaving the loop does not cancel the turn; `cancel()` does, and so does aborting `signal`: then the loop throws
   * its reason. Reading throws what the turn was refused with.
   */
  turn(sessionId: string, prompt: Prompt, options?: TurnOptions): TurnStream {
    return new TurnStream(this.api, this.system.clock, sessionId, prompt, options);
  }

  search(criteria?: SessionsRequests['search']): Promise<SessionsReplies['search']> {
    return this.sessions.search(criteria);
  }

  watch(sessionId?: string): AsyncIterable<Watched> {
    const { feed, exited } = this.#running;
    const { clock } = this.system;
    return watch({ feed, clock, ended: exited }, this.tenant, sessionId);
  }

  /** The same sessions as a classic SessionStore. Its `close` does not stop this Greenroom. */
  store(): ClassicStore {
    return this.#running.sessions.store(this.tenant);
  }

  /**
   * Gives one session functions of this program, beside those of all sessions: tools, hooks, and who answers its asked calls.
   * Its sub-agents have them too. They are no part of what is stored: a restart begins without them.
   * @returns takes them back. Throws `invalid_settings` for what is no such function.
   */
  lend(sessionId: string, functions: SessionFunctions): () => void {
    return this.#running.lend(sessionKey(this.tenant, sessionId), functions);
  }

  /** The actor system, for inspection. */
  get system(): System {
    return this.#running.system;
  }

  /** The running supervision tree. */
  tree() {
    return this.#running.tree();
  }

  /** Versions, addresses, sizes and counters, as `greenroom status --json` shows them. */
  status(): StatusView {
    return this.#running.status();
  }

  /** Resolves when the tree has ended, by `stop` or because it gave up. */
  get exited() {
    return this.#running.exited;
  }

  /** Drains for at most the configured time, then stops in reverse order. */
  async stop(): Promise<void> {
    await this.#running.drain(this.#drainMs);
    await this.#running.stop();
  }

  /** The same, under the name that a client has too. */
  close(): Promise<void> {
    return this.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Starts all of it in this process; resolves when everything is ready. Rejects with what did not start (then nothing of it
 * is left), or with a `ConfigError`, code `invalid_settings`.
 */
export const startGreenroom = async (options: GreenroomOptions): Promise<Greenroom> => {
  const {
    nats = false,
    tenant = 'default',
    tools,
    canUseTool,
    log,
    onFatal,
    clock = systemClock,
    testHooks,
    hooks,
    ...flags
  } = options;
  mustBeKnown(flags, nats);
  mustBeRight(options);
  const isList = typeof tools === 'object';
  const bus =
    nats === false ? {} : { natsUrl: nats.url, natsCreds: nats.creds, natsPort: nats.port };
  const { config } = loadConfig({
    options: { ...flags, ...bus, ...(isList ? {} : { tools }) },
    newestModel: newestSonnet(clock.now()),
  });
  const running = await RunningGreenroom.start({
    config,
    bus: { wanted: nats !== false },
    // Only where the program asks for it: a port in the environment is the daemon's.
    servesHttp: options.httpPort !== undefined && options.httpPort !== 'off',
    log: log ?? createLog({ level: options.logLevel ?? 'warn', secrets: secretsOf(config) }),
    onFatal: onFatal ?? (() => process.exit(EXIT_STORE_FAILED)),
    clock,
    testHooks,
    hooks,
    canUseTool,
    lends: true,
    ...(isList ? { tools } : {}),
  });
  return new Greenroom(running, Tenant.parse(tenant), config.drainSeconds * 1_000);
};

/** For programs without a compiler. */
const mustBeRight = ({ tools, canUseTool }: GreenroomOptions): void => {
  if (typeof tools === 'object' && !Array.isArray(tools))
    throw new ConfigError('tools must be a list of what tool() gives');
  if (canUseTool !== undefined && typeof canUseTool !== 'function')
    throw new ConfigError('canUseTool must be a function');
};

/** Options that `nats` and `tenant` replace. */
const BY_ANOTHER_NAME: readonly string[] = ['natsUrl', 'natsCreds', 'natsInboxPrefix', 'natsPort'];
const NATS_OPTIONS: readonly string[] = ['url', 'creds', 'port'];

/** A misspelt option would silently leave a default in place. */
const mustBeKnown = (flags: object, nats: GreenroomOptions['nats']): void => {
  for (const name of Object.keys(flags)) {
    if (BY_ANOTHER_NAME.includes(name))
      throw new ConfigError(
        `${name} is no option of startGreenroom: give nats: { url, creds, port }`,
      );
    if (!Object.hasOwn(VARIABLES, name))
      throw new ConfigError(
        `${JSON.stringify(name)} is no option of startGreenroom: docs/reference/configuration.md has their names`,
      );
  }
  for (const name of Object.keys(nats || {}))
    if (!NATS_OPTIONS.includes(name))
      throw new ConfigError(
        `${JSON.stringify(name)} is no option of nats: ${NATS_OPTIONS.join(', ')}`,
      );
};
