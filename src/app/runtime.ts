/** What all sessions of a process share, as the configuration says it. */
import { homedir } from 'node:os';
import type { Config } from '../config/config.ts';
import type { HookTable } from '../hooks/hook.ts';
import type { PerSession } from '../model/per-session.ts';
import { commandPolicy, fileAccessPolicy } from '../permissions/policies.ts';
import { NO_RULES, type RuleSet } from '../permissions/rule-set.ts';
import { ChurnMap } from '../platform/churn-map.ts';
import { readLink } from '../platform/links.ts';
import { mostOf, priceOf } from '../pricing/price.ts';
import type { Feed } from '../session/events/feed.ts';
import { TurnTrails } from '../session/events/turn-trails.ts';
import type { BudgetsInForce, Rules } from '../session/machine/rules.ts';
import { newContextMemory } from '../session/memory/context-memory.ts';
import { Activity } from '../session/runtime/activity.ts';
import type { SessionRuntime } from '../session/runtime/session-args.ts';
import { SessionCache } from '../session/runtime/session-cache.ts';
import { TurnPlaces } from '../session/runtime/turn-places.ts';
import type { PermissionGround } from '../session/tools/judge.ts';
import { workspacesIn } from '../storage/files/session-folders.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const MB = 1024 * 1024;
/** What a thread of the models runs side by side. */
const CALLS_PER_THREAD = 256;
/** Model calls of one turn, unless the session or the turn says otherwise. */
const MAX_STEPS = 50;

/** What a Greenroom has beside its configuration. */
interface Beside {
  /** All hooks that are configured. */
  readonly hooks?: HookTable;
  /** Those of single sessions. */
  readonly lent?: PerSession<{ readonly hooks: HookTable }> | undefined;
  /** Permission rules that hold for all sessions. */
  readonly rules?: RuleSet;
  /** Names of servers that the API may call for sessions. */
  readonly connectors?: readonly string[];
  /** Whether other programs are notified of the ends of turns. */
  readonly auditsTurns?: boolean;
  /** Absent: there are none but sessions' own. */
  readonly budgets?: BudgetsInForce;
}

export const runtimeOf = (
  config: Config,
  feed: Feed,
  { hooks = {}, lent, rules = NO_RULES, auditsTurns = false, budgets, connectors }: Beside = {},
): SessionRuntime => ({
  feed,
  trails: new TurnTrails(),
  cache: new SessionCache({ sessions: config.cacheSessions, bytes: config.cacheMb * MB }),
  memory: newContextMemory(),
  passivateMs: config.passivateMinutes * MINUTE_MS,
  activity: new Activity(),
  places: new TurnPlaces(config.concurrentCalls ?? CALLS_PER_THREAD * config.workers),
  permissions: { ...groundOf(config, rules), ...(connectors === undefined ? {} : { connectors }) },
  workspaces: workspacesIn(config),
  parking: new Map(),
  commits: new ChurnMap(),
  rules: { ...rulesOf(config, hooks, lent, budgets), auditsTurns },
});

/**
 * Puts what has changed in force, between two messages of any actor: what sessions are given is the same object as
 * long as the daemon lives.
 */
export const putInForce = (
  runtime: SessionRuntime,
  config: Config,
  { hooks = {}, lent, rules = NO_RULES }: Beside,
): void => {
  Object.assign(runtime.permissions, groundOf(config, rules));
  Object.assign(runtime.rules, rulesOf(config, hooks, lent, runtime.rules.budgets));
};

const groundOf = (config: Config, rules: RuleSet): PermissionGround => ({
  files: { readLink },
  home: homedir(),
  rules,
  policies: [fileAccessPolicy({ home: homedir() }), commandPolicy()],
  mode: config.permissionMode,
});

const rulesOf = (
  config: Config,
  hooks: HookTable,
  lent: Beside['lent'],
  budgets: BudgetsInForce | undefined,
): Rules => ({
  queuePerSession: config.queuePerSession,
  maxSteps: MAX_STEPS,
  provider: config.provider,
  defaultModel: config.model,
  approvalMs: config.approvalMinutes === 0 ? undefined : config.approvalMinutes * MINUTE_MS,
  retry: {
    maxRetries: config.maxRetries,
    delayMs: config.retryDelaySeconds * 1_000,
    timeoutMs: config.timeoutSeconds * 1_000,
  },
  context: {
    compact: config.compact,
    windowTokens: config.contextTokens,
    compactAt: config.compactAtPercent / 100,
  },
  deferToolsBytes: config.deferToolsKb === 0 ? undefined : config.deferToolsKb * 1_024,
  keepsBodies: config.auditHook === 'on',
  ownerTurns: { interactive: config.ownerInteractive, background: config.ownerBackground },
  snapshotMs:
    config.sessionMetrics === 'on' ? config.metricsSnapshotSeconds * SECOND_MS : undefined,
  diagnosesCache: diagnosesCache(config),
  wantsHook: wantsHookOf(config, hooks, lent),
  ...pricesOf(config),
  budgets,
});

/** Without costs there are no prices either: no money limit could hold. */
const pricesOf = ({ costTracking }: Config): Pick<Rules, 'hasPrice' | 'mostOf' | 'keepsCosts'> =>
  costTracking === 'off'
    ? { keepsCosts: false, hasPrice: () => false, mostOf: () => null }
    : {
        keepsCosts: true,
        hasPrice: (model, atMs) => priceOf(model, atMs) !== undefined,
        mostOf: (tokens, model, atMs) => mostOf(tokens, model, atMs),
      };

/** Another server may not know the field, and refuse every call. */
const diagnosesCache = ({ cacheDiagnosis, provider, anthropicBaseUrl }: Config): boolean =>
  cacheDiagnosis === undefined
    ? provider === 'anthropic' && anthropicBaseUrl === undefined
    : cacheDiagnosis === 'on';

/** Said by the table, not by the actor that runs them: while that is restarting, a gate stays closed. */
const wantsHookOf = (
  { customHooks }: Config,
  hooks: HookTable,
  lent: Beside['lent'],
): Rules['wantsHook'] => {
  const isEmpty = Object.keys(hooks).length === 0 && lent === undefined;
  if (customHooks === 'off' || isEmpty) return undefined;
  return (event, wanted = [], asker) => {
    const own = lent?.of(asker)?.hooks[event] ?? [];
    const isThere = (hooks[event] ?? []).length > 0 || own.length > 0;
    return isThere && (wanted.length === 0 || wanted.includes(event));
  };
};
