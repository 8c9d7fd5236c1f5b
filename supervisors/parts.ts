/** What the declarations are given: the configuration, and the few values that all sessions share. */

import type { CanUseTool } from '../src/approvals/can-use-tool.ts';
import type { BudgetBook } from '../src/budgets/book.ts';
import type { Config } from '../src/config/config.ts';
import type { Connector } from '../src/executor/models/wire.ts';
import type { WorkerThreads } from '../src/executor/pool/worker-threads.ts';
import type { HookTable } from '../src/hooks/hook.ts';
import type { Rule } from '../src/housekeeping/retention-rules.ts';
import type { Metrics } from '../src/metrics/metrics.ts';
import type { PerSession } from '../src/model/per-session.ts';
import type { Target } from '../src/notifications/settings.ts';
import type { Log } from '../src/platform/log.ts';
import type { Sessions } from '../src/session/api/sessions.ts';
import type { Feed } from '../src/session/events/feed.ts';
import type { SessionRuntime } from '../src/session/runtime/session-args.ts';
import type { DaemonFace } from '../src/session/verbs/daemon-verbs.ts';
import type { SyncGate } from '../src/storage/lmdb/sync-gate.ts';
import type { AgentType } from '../src/tools/agents/agent-types.ts';
import type { McpServerSettings } from '../src/tools/mcp/settings.ts';
import type { OwnedTools } from '../src/tools/own/function-tools.ts';
import type { OwnTools } from '../src/tools/own/own-tools.ts';

/** Whether the bus is there at all; which broker it is, the configuration says. */
export interface Bus {
  /** false: an embedding program wants no broker, no link, and nobody else to ask. */
  readonly wanted: boolean;
}

/** What one session and its sub-agents have of an embedding program, beside what all sessions have. */
export interface Lent {
  readonly tools: OwnedTools;
  readonly hooks: HookTable;
  /** In the place of the one for all sessions. */
  readonly canUseTool: CanUseTool | undefined;
}

/** Holds for tests and benches on parts that cannot be had otherwise. */
export interface TestHooks {
  /** Holds the journal's sync back. */
  readonly syncGate?: SyncGate;
  /** Another worker for model steps. */
  readonly modelWorkerFile?: string;
  /** Threads for model steps that outlive this Greenroom: they keep nothing of it (P4). */
  readonly modelThreads?: WorkerThreads;
}

export interface Parts {
  readonly config: Config;
  readonly bus: Bus;
  readonly log: Log;
  readonly feed: Feed;
  readonly runtime: SessionRuntime;
  readonly sessions: Sessions;
  readonly budgets: BudgetBook;
  readonly mcpServers: readonly McpServerSettings[];
  /** MCP servers that the API calls by itself. */
  readonly connectors: readonly Connector[];
  readonly ownTools: OwnTools;
  /** Functions of single sessions; absent: there can be none. */
  readonly lent: PerSession<Lent> | undefined;
  /** Answers what waits for a person, as far as it can; absent: nothing does. */
  readonly canUseTool: CanUseTool | undefined;
  /** What goes besides what is old. */
  readonly retentionRules: readonly Rule[];
  /** Whom to tell what happens to sessions. */
  readonly targets: readonly Target[];
  /** Sub-agents beside `general-purpose`. */
  readonly agentTypes: readonly AgentType[];
  readonly testHooks: TestHooks;
  /** All hooks that are configured now. */
  readonly hookTable: () => HookTable;
  /** Collects this process's garbage, where the process is ours to do so. */
  readonly collectGarbage: (() => void) | undefined;
  /** Whether anything is served over HTTP. */
  readonly servesHttp: boolean;
  /** It counts only if they are served. */
  readonly metrics: Metrics;
  /** false while the start is under way. */
  readonly isUp: () => boolean;
  /** What the daemon says of itself. */
  readonly daemon: DaemonFace;
  /** The store is no longer to be trusted: the process ends itself at once. */
  readonly onFatal: (error: Error) => void;
}
