/**
 * One running Greenroom: the tree, the door to its sessions, and how it stops. The daemon and
 * embedding programs both start it here.
 */
import { greenroom as declaration } from '../../supervisors/greenroom.ts';
import type { Bus, Lent, Parts, TestHooks } from '../../supervisors/parts.ts';
import type { CanUseTool } from '../approvals/can-use-tool.ts';
import { BudgetBook } from '../budgets/book.ts';
import type { Config } from '../config/config.ts';
import { secretsOf } from '../config/secrets.ts';
import { hooksOfFunctions } from '../hooks/settings.ts';
import { httpName } from '../http/http-server.ts';
import { Metrics } from '../metrics/metrics.ts';
import { modelWarnings, type SettingWarning } from '../model/advice.ts';
import { GreenroomError } from '../model/errors.ts';
import type { SessionKey } from '../model/ids.ts';
import { iso } from '../model/moment.ts';
import { PerSession } from '../model/per-session.ts';
import { brokerName } from '../nats/broker.ts';
import { wantsTurns } from '../notifications/settings.ts';
import { type Clock, pause } from '../otp/clock.ts';
import type { ExitReason } from '../otp/exit-reason.ts';
import type { TreeNode } from '../otp/inspect.ts';
import { type SupervisorRef, startTree } from '../otp/supervisor.ts';
import { System } from '../otp/system.ts';
import { systemClock } from '../otp/system-clock.ts';
import type { Log } from '../platform/log.ts';
import { redactor } from '../platform/redact.ts';
import { version } from '../platform/version.ts';
import { priceOf } from '../pricing/price.ts';
import { Sessions } from '../session/api/sessions.ts';
import { Feed } from '../session/events/feed.ts';
import { buffersMade } from '../session/memory/context-memory.ts';
import { catalogName } from '../session/ports/catalog.ts';
import type { HookFunctions } from '../session/ports/hooks.ts';
import { journalName } from '../session/ports/journal.ts';
import type { SessionRuntime } from '../session/runtime/session-args.ts';
import type { DaemonFace, StatusView, TreeView } from '../session/verbs/daemon-verbs.ts';
import { makeDataDir } from '../storage/files/data-dir.ts';
import { StoreLock } from '../storage/files/store-lock.ts';
import { agentTypesOf } from '../tools/agents/agent-types.ts';
import { mcpServersOf } from '../tools/mcp/settings.ts';
import { ownedTools } from '../tools/own/function-tools.ts';
import type { OwnTool } from '../tools/own/own-tool.ts';
import { namesOf, ownTools } from '../tools/own/own-tools.ts';
import { runnable } from '../tools/own/runnable.ts';
import { tracingOf } from '../traces/tracing-of.ts';
import { ActorTraces } from './actor-traces.ts';
import { actorView } from './actor-view.ts';
import { backupStatusOf, backupsFaceOf } from './backups.ts';
import { logFailedTurns } from './failed-turns.ts';
import { httpTokensOf } from './http-tokens.ts';
import { LiveSettings, type ReadAgain } from './live-settings.ts';
import { movedHttp } from './moved-http.ts';
import { reportLog } from './report-log.ts';
import { putInForce, runtimeOf } from './runtime.ts';
import type { SessionFunctions } from './session-functions.ts';
import { toolServersOf } from './tool-servers.ts';

export type { TestHooks } from '../../supervisors/parts.ts';

/** Exit code of a process whose store failed: nothing may be answered from it any more. */
export const EXIT_STORE_FAILED = 70;

const DRAIN_POLL_MS = 20;

/** What goes with a running Greenroom besides its tree. */
interface Companions {
  readonly daemon: DaemonFace;
  readonly lent: PerSession<Lent> | undefined;
  readonly settings: LiveSettings;
  readonly warnings: readonly SettingWarning[];
  readonly onStopped: () => Promise<void>;
}

export interface RunningOptions {
  readonly config: Config;
  readonly bus: Bus;
  /** HTTP, at `httpPort`; default: not. */
  readonly servesHttp?: boolean;
  readonly log: Log;
  readonly clock?: Clock;
  readonly testHooks?: TestHooks | undefined;
  /** Functions of the program that this runs in, as tools. */
  readonly tools?: readonly OwnTool[];
  /** Answers what waits for a person; absent: it waits for another way. */
  readonly canUseTool?: CanUseTool | undefined;
  /** Collects this process's garbage when all is quiet; an embedding program does that as it likes. */
  readonly collectGarbage?: (() => void) | undefined;
  /** The store failed: the process must end and touch it no more. */
  readonly onFatal: (error: Error) => void;
  /** Aborted before everything is up: the start is given up, and what was up ends in order. */
  readonly signal?: AbortSignal | undefined;
  /** Hooks of the embedding program. */
  readonly hooks?: HookFunctions | undefined;
  /** Whether single sessions may have functions of the program (`lend`). */
  readonly lends?: boolean | undefined;
  /** MCP servers beside those of the file, in its shape; relative programs start in `cwd`. */
  readonly mcpServers?: {
    readonly servers: Readonly<Record<string, unknown>>;
    readonly cwd: string;
  };
  /** Sub-agents beside those of the file, in its shape. */
  readonly agents?: Readonly<Record<string, unknown>> | undefined;
}

export class RunningGreenroom {
  readonly system: System;
  readonly sessions: Sessions;
  readonly feed: Feed;
  /** What verbs on the daemon ask. */
  readonly daemon: DaemonFace;
  readonly root: SupervisorRef;
  readonly #runtime: SessionRuntime;
  /** Of the data directory: a second daemon is refused before it touches anything. */
  readonly #lock: StoreLock;
  readonly #startedAtMs: number;
  readonly #settings: LiveSettings;
  #warnings: readonly SettingWarning[];
  readonly #onStopped: () => Promise<void>;
  readonly #lent: PerSession<Lent> | undefined;

  private constructor(
    system: System,
    sessions: Sessions,
    runtime: SessionRuntime,
    root: SupervisorRef,
    lock: StoreLock,
    { daemon, settings, warnings, onStopped, lent }: Companions,
  ) {
    this.daemon = daemon;
    this.#settings = settings;
    this.#lent = lent;
    this.#warnings = warnings;
    this.#onStopped = onStopped;
    this.system = system;
    this.sessions = sessions;
    this.feed = runtime.feed;
    this.root = root;
    this.#lock = lock;
    this.#runtime = runtime;
    this.#startedAtMs = system.clock.now();
  }

  /** Resolves when every part is up. Rejects with what did not start; then nothing of it is left. */
  static async start({
    config,
    bus,
    servesHttp = false,
    log,
    clock = systemClock,
    testHooks = {},
    hooks,
    tools = [],
    canUseTool,
    collectGarbage,
    onFatal,
    signal,
    lends = false,
    mcpServers,
    agents,
  }: RunningOptions): Promise<RunningGreenroom> {
    const warnings = warningsOf(config, clock.now());
    for (const { finding, nextStep } of warnings) log.warn({ next: nextStep }, finding);
    const own = await ownTools(tools, config.moduleTools ?? [], clock);
    const system = new System({ clock, onReport: reportLog(log) });
    const feed = new Feed((error, where) =>
      log.error({ ...where, err: error }, 'a listener of events threw'),
    );
    const ownHooks = hooks === undefined ? {} : hooksOfFunctions(hooks);
    const settings = new LiveSettings(config, namesOf(own), ownHooks);
    const { files } = settings;
    const lent = lends ? new PerSession<Lent>() : undefined;
    const budgets = new BudgetBook(config.userMonthlyBudgetUsd);
    const auditsTurns = wantsTurns(files.targets);
    const { hooks: hookTable } = settings;
    const connectors = files.connectors.map(({ name }) => name);
    const runtime = runtimeOf(config, feed, {
      ...{ hooks: hookTable, lent, rules: files.rules, auditsTurns, budgets },
      connectors,
    });
    const sessions = new Sessions(system, runtime);
    let running: RunningGreenroom | undefined;
    const life = { pid: process.pid, startedAt: iso(clock.now()) };
    const traces = new ActorTraces(system, redactor(secretsOf(config)));
    const daemon: DaemonFace = {
      ping: () => life,
      status: () => mustRun(running).status(),
      tree: () => treeView(mustRun(running).tree()),
      inspect: (path) => actorView(system, mustRun(running).root, path),
      trace: (order) => traces.ask(mustRun(running).root, order),
      ...toolServersOf(system, connectors),
      ...httpTokensOf(system),
      ...backupsFaceOf(system),
    };
    const metrics = new Metrics(clock);
    const tracing = await tracingOf(config.traces, { log, clock });
    const parts: Parts = {
      ...{ config, bus, log, feed, runtime, sessions, budgets, daemon, onFatal, testHooks },
      ...{ ownTools: own, canUseTool, collectGarbage, hookTable: () => settings.hooks, lent },
      ...{ servesHttp, metrics, isUp: () => running !== undefined },
      mcpServers: [
        ...files.mcpServers,
        ...(mcpServers === undefined ? [] : mcpServersOf(mcpServers.servers, mcpServers.cwd)),
      ],
      connectors: files.connectors,
      agentTypes: [...files.agentTypes, ...(agents === undefined ? [] : agentTypesOf(agents))],
      ...{ retentionRules: files.retentionRules, targets: files.targets },
    };
    // Before anything else: our companions' files are in there too.
    makeDataDir(config.dataDir);
    const lock = await lockUnless(signal, config.dataDir, clock);
    const stopTelling = logFailedTurns(feed, log, clock);
    if (servesHttp)
      metrics.start((error) => log.error({ err: error }, 'a metric could not be counted'));
    tracing?.start();
    const onStopped = async () => {
      stopTelling();
      metrics.stop();
      await tracing?.stop();
    };
    try {
      const root = await startTree(system, declaration(parts), signal ? { signal } : {});
      for (const { finding, nextStep } of movedHttp(system)) log.warn({ next: nextStep }, finding);
      running = new RunningGreenroom(system, sessions, runtime, root, lock, {
        ...{ daemon, settings, warnings, onStopped, lent },
      });
      return running;
    } catch (error) {
      await onStopped();
      await lock.release();
      throw error;
    }
  }

  /**
   * Gives one session functions of the program, and its sub-agents too. @returns takes them back. Throws
   * `invalid_settings` for what is no such function.
   */
  lend(key: SessionKey, { tools = [], hooks = {}, canUseTool }: SessionFunctions): () => void {
    if (this.#lent === undefined)
      throw new GreenroomError('invalid_state', 'this Greenroom was started without `lends`');
    const lent = { tools: ownedTools(tools.map(runnable)), hooks: hooksOfFunctions(hooks) };
    return this.#lent.set(key, { ...lent, canUseTool });
  }

  /** The running tree, for people and for `greenroom tree`. */
  tree(): TreeNode {
    return this.system.tree(this.root);
  }

  /** What the daemon says of itself. */
  status(): StatusView {
    const { system } = this;
    const journal = system.find(journalName);
    const { memory } = this.#runtime;
    return {
      version,
      startedAt: iso(this.#startedAtMs),
      pid: process.pid,
      provider: this.#runtime.rules.provider,
      model: this.#runtime.rules.defaultModel,
      broker: system.find(brokerName)?.url ?? null,
      http: system.find(httpName)?.url ?? null,
      liveSessions: this.#runtime.cache.sessions,
      liveBytes: memory.slabs.usedBytes,
      contexts: { slabBytes: memory.slabs.byteLength, buffersMade: buffersMade(memory) },
      catalog: system.find(catalogName)?.stats() ?? null,
      journal: journal === undefined ? null : { ...journal.info(), ...journal.stats() },
      memoryBytes: process.memoryUsage.rss(),
      backup: backupStatusOf(system),
      warnings: [...this.#warnings, ...movedHttp(system)].map(({ finding }) => finding),
    };
  }

  /**
   * Takes what may change while it runs. Says what that was, and what will only at the next start. Throws
   * `invalid_settings` for what cannot be used; then all is as it was.
   */
  takeSettings(config: Config): ReadAgain & { readonly warnings: readonly SettingWarning[] } {
    const readAgain = this.#settings.take(config);
    const { config: inForce, files, hooks } = this.#settings;
    putInForce(this.#runtime, inForce, { hooks, lent: this.#lent, rules: files.rules });
    this.#warnings = warningsOf(inForce, this.system.clock.now());
    return { ...readAgain, warnings: this.#warnings };
  }

  /** No new turns and steps; resolves when nothing is under way, or after `deadlineMs`. */
  async drain(deadlineMs: number): Promise<void> {
    this.sessions.drain();
    const { clock } = this.system;
    const untilMs = clock.monotonic() + deadlineMs;
    while (this.#runtime.activity.size > 0 && clock.monotonic() < untilMs)
      await pause(clock, DRAIN_POLL_MS);
  }

  /** Stops in reverse order: doors first, the journal last. Resolves when all is closed. */
  async stop(): Promise<void> {
    this.system.exit(this.root, 'shutdown');
    await this.root.exited;
    await this.#onStopped();
    await this.#lock.release();
  }

  get exited(): Promise<ExitReason> {
    return this.root.exited;
  }
}

/** The gateways open before the last part is up. */
const mustRun = (running: RunningGreenroom | undefined): RunningGreenroom => {
  if (running !== undefined) return running;
  throw new GreenroomError('unavailable', 'the daemon is starting', { retryAfterMs: 500 });
};

const treeView = ({ ref, children, label: _, ...node }: TreeNode): TreeView => ({
  ...node,
  ref: ref?.id ?? null,
  children: children.map(treeView),
});

const warningsOf = (
  { provider, anthropicApiKey, model }: Config,
  nowMs: number,
): readonly SettingWarning[] => {
  const isKnown = priceOf(model, nowMs) !== undefined;
  return modelWarnings({ provider, hasKey: anthropicApiKey !== undefined, model, isKnown });
};

/** A lock that comes after the start was given up goes back at once. */
const lockUnless = async (
  signal: AbortSignal | undefined,
  dataDir: string,
  clock: Clock,
): Promise<StoreLock> => {
  const taking = StoreLock.take(dataDir, clock.now());
  if (signal === undefined) return taking;
  const givenUp = new Promise<never>((_, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([taking, givenUp]);
  } catch (error) {
    void taking.then((late) => late.release()).catch(() => undefined);
    throw error;
  }
};
