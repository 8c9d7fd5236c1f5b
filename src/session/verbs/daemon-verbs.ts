/** Verbs on the daemon itself. What they ask is the running daemon, which is none of ours: a `DaemonFace`. */
import { z } from 'zod';
import type { RequestContext } from '../../model/request-context.ts';
import type { CatalogStats } from '../ports/catalog.ts';
import type { JournalInfo, JournalStats } from '../ports/journal.ts';
import type { BackupsFace } from './backup-verbs.ts';
import type { TokensFace } from './token-verbs.ts';
import { daemonVerb } from './verb.ts';

const text = z.string();
const count = z.int().min(0);
const moment = z.iso.datetime();

const Ping = z.strictObject({ pid: count, startedAt: moment });

const JournalStatus = z.strictObject({
  kind: z.enum(['lmdb', 'memory']),
  storeId: text,
  formatVersion: count,
  epoch: count,
  /** Why new work is refused, if it is. */
  readOnlyBecause: z.enum(['disk_low', 'storage_failed']).nullable(),
  path: text.nullable(),
  freeBytes: count.nullable(),
  fileBytes: count.nullable(),
  commits: count,
  /** Transactions that were synced to disk. */
  syncs: count,
  reads: count,
  entriesRead: count,
  readBuffers: count,
  duesRead: count,
  recordsWritten: count,
  bytesWritten: count,
  failedCommits: count,
  waiting: count,
}) satisfies z.ZodType<JournalInfo & JournalStats>;

const Status = z.strictObject({
  version: text,
  startedAt: moment,
  pid: count,
  provider: text,
  model: text,
  /** Address of the own broker; null without one. */
  broker: text.nullable(),
  /** Address of HTTP; null: it is not served, or is being restarted. */
  http: text.nullable(),
  liveSessions: count,
  liveBytes: count,
  contexts: z.strictObject({ slabBytes: count, buffersMade: count }),
  catalog: (
    z.strictObject({ sessions: count, bytes: count }) satisfies z.ZodType<CatalogStats>
  ).nullable(),
  journal: JournalStatus.nullable(),
  memoryBytes: count,
  /** Of the whole store; null: none is made by itself, and none was. */
  backup: z
    .strictObject({
      status: z.enum(['idle', 'pending', 'in_progress', 'failed']),
      lastAt: moment.nullable(),
      nextAt: moment.nullable(),
      error: text.nullable(),
    })
    .nullable(),
  /** Settings with which turns fail, or cost nobody knows what; that HTTP is not at the usual port. */
  warnings: z.array(text).readonly(),
});
export type StatusView = Readonly<z.output<typeof Status>>;

/** A node of the tree as JSON: a new `ref` after a restart. */
const Tree = z.strictObject({
  id: text,
  kind: z.enum(['worker', 'supervisor']),
  strategy: text.exactOptional(),
  status: text,
  ref: count.nullable(),
  restarts: count,
  /** Messages that wait in front of it; absent: none. */
  mailbox: count.exactOptional(),
  /** It has crashed; `inspect` says how. */
  hasCrashed: z.literal(true).exactOptional(),
  get children() {
    return z.array(Tree).readonly();
  },
});
export type TreeView = Readonly<z.output<typeof Tree>>;

/** One actor: its work and its crashes, never its state or what its messages carry. */
const Actor = z.strictObject({
  /** From the root, such as `greenroom/storage/journal`. */
  path: text,
  kind: text,
  status: text,
  /** Another one after a restart; null while there is no living actor. */
  ref: count.nullable(),
  /** Messages that wait. */
  mailbox: count,
  /** Calls that were handled and still have no answer. */
  owed: count,
  /** The message under way. */
  current: z.strictObject({ message: text, since: moment }).nullable(),
  /** Messages handled since its start. */
  reductions: count,
  restarts: count,
  lastCrash: text.nullable(),
});
export type ActorView = Readonly<z.output<typeof Actor>>;

const TRACE_MS = 60_000;
const TraceRequest = z.strictObject({
  path: text.max(1_024),
  on: z.boolean().optional().describe('switches it on, or off; default: only looks'),
  forMs: z
    .int()
    .min(1_000)
    .max(600_000)
    .default(TRACE_MS)
    .describe('by when it ends by itself, from now on'),
  after: count.optional().describe('only messages behind this number'),
});
export type TraceOrder = z.output<typeof TraceRequest>;

/** The last messages of an actor: what each is, and a short line of what it carries. */
const Trace = z.strictObject({
  path: text,
  isOn: z.boolean(),
  /** Of one that was ever on. */
  endsAt: moment.exactOptional(),
  /** Why it is off again. */
  ended: z.enum(['stopped', 'time', 'count', 'gone']).exactOptional(),
  /** Messages since it was first on; the last hundred are kept. */
  seen: count,
  /** Oldest first. */
  messages: z
    .array(
      z.strictObject({
        number: count,
        at: moment,
        message: text,
        /** Shortened; secrets are left out. */
        carries: text,
        /** How many were behind it. */
        waiting: count,
        /** Absent: it is under way. */
        tookMs: z.number().min(0).exactOptional(),
        threw: text.exactOptional(),
        /** The actor ended with it, and why. */
        exited: text.exactOptional(),
      }),
    )
    .readonly(),
});
export type TraceView = Readonly<z.output<typeof Trace>>;

const ToolServer = z.strictObject({
  /** Of a server of one session a name that is its own. */
  name: text,
  /** Whose it alone is. */
  session: z.strictObject({ tenant: text, sessionId: text }).exactOptional(),
  /** `ofApi`: the API calls it, and nothing more is known here. */
  state: z.enum(['starting', 'connected', 'down', 'failed', 'ofApi']),
  /** Of one that is down or has failed. */
  why: text.exactOptional(),
  /** Tools that are offered. */
  tools: count,
  /** Tools that are withheld until they are accepted: they say something else than at first sight. */
  changed: z.array(text).readonly(),
});
export type ToolServerView = z.output<typeof ToolServer>;

const toolShape = {
  server: text.min(1).max(1_024).describe('from `tool-servers`'),
  tool: text.min(1).max(256).describe("the server's own name for it"),
};
const SaidOfTool = z.strictObject({
  description: text,
  inputSchema: z.record(z.string(), z.unknown()),
});

const ChangedTool = z.strictObject({
  ...toolShape,
  /** Of all that it says now. */
  hash: text,
  before: SaidOfTool,
  now: SaidOfTool,
});
export type ChangedToolView = z.output<typeof ChangedTool>;

const Accepted = z.strictObject({ ...toolShape, hash: text.max(128) });
export type AcceptedTool = z.output<typeof Accepted>;

/** The running daemon, as its verbs ask it. */
export interface DaemonFace extends TokensFace, BackupsFace {
  ping(): z.output<typeof Ping>;
  status(): StatusView;
  tree(): TreeView;
  /** Throws `invalid_request` for a path that leads nowhere; the root's name may be left out. */
  inspect(path: string): ActorView;
  /** The same; and `invalid_state` when too many actors are traced. */
  trace(order: TraceOrder): TraceView;
  toolServers(): readonly ToolServerView[];
  /** Throws `invalid_request` for a tool that has not changed, or is not there. */
  changedTool(server: string, tool: string): ChangedToolView;
  /** The same, and for one that says something else by now. @param by who has read it. */
  acceptTool(accepted: AcceptedTool, by: string): void;
}

export interface DaemonWork {
  readonly context: RequestContext;
  readonly daemon: DaemonFace;
}

/** Whatever JSON they are given, as long as they need none. */
const anything = z.unknown();

const ping = daemonVerb('ping', {
  request: anything,
  reply: Ping,
  run: ({ daemon }: DaemonWork) => daemon.ping(),
});

const status = daemonVerb('status', {
  request: anything,
  reply: Status,
  run: ({ daemon }: DaemonWork) => daemon.status(),
});

const tree = daemonVerb('tree', {
  request: anything,
  reply: Tree,
  run: ({ daemon }: DaemonWork) => daemon.tree(),
});

const inspect = daemonVerb('inspect', {
  request: z.strictObject({ path: text.max(1_024) }),
  reply: Actor,
  run: ({ daemon }: DaemonWork, { path }) => daemon.inspect(path),
});

const trace = daemonVerb('trace', {
  request: TraceRequest,
  reply: Trace,
  run: ({ daemon }: DaemonWork, order) => daemon.trace(order),
});

const toolServers = daemonVerb('tool-servers', {
  request: z.strictObject({}),
  reply: z.strictObject({ servers: z.array(ToolServer).readonly() }),
  run: ({ daemon }: DaemonWork) => ({ servers: daemon.toolServers() }),
});

const changedTool = daemonVerb('changed-tool', {
  request: z.strictObject(toolShape),
  reply: ChangedTool,
  run: ({ daemon }: DaemonWork, { server, tool }) => daemon.changedTool(server, tool),
});

const acceptTool = daemonVerb('accept-tool', {
  request: Accepted,
  reply: Accepted,
  run: ({ daemon, context }: DaemonWork, accepted) => {
    daemon.acceptTool(accepted, context.principal);
    return accepted;
  },
});

export const daemonVerbs = {
  ...{ ping, status, tree, inspect, trace },
  ...{ 'tool-servers': toolServers, 'changed-tool': changedTool, 'accept-tool': acceptTool },
};
