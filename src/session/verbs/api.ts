/**
 * What can be asked of sessions: one declaration per verb, read by the embedded API (types and
 * parsing), the NATS gateway (subjects and parsing), the client and the command line.
 *
 * Requests are checked by these schemas at every border and by nothing behind it.
 */
import { z } from 'zod';
import { isPlausibleMoment, isWellFormed } from '../../model/bounds.ts';
import {
  Criteria,
  criteriaShape,
  FacetsRequest,
  Filter,
  mustNotContradict,
} from '../../model/criteria.ts';
import type { ApiMessage, WireEvent } from '../../model/event.ts';
import { type Settings, settableShape } from '../../model/head.ts';
import { SessionId, TurnId } from '../../model/ids.ts';
import { turnRequestShape } from '../../model/turn.ts';
import type { Usage } from '../../model/usage.ts';
import type { FacetsPage } from '../ports/catalog.ts';
import type { CleanupReport } from '../ports/sweeper.ts';
import { MIRROR_VERBS, type MirrorReplies } from './mirror-api.ts';

const expectedVersion = z.int().min(0).optional();
const tagList = z.strictObject({ tags: z.array(z.string()).min(1).max(100) });
const limit = z.int().min(1).max(1000).default(100);

export const Create = z.strictObject(settableShape);
export const TurnRequest = z.strictObject({
  ...turnRequestShape,
  /** Settings for a session that this turn makes; ignored if it exists. */
  session: z.strictObject(settableShape).optional(),
});
export type TurnRequest = z.output<typeof TurnRequest>;

const InputMessage = z.strictObject({
  id: z.string().min(1).max(256).refine(isWellFormed, 'holds half of a surrogate pair').optional(),
  role: z.enum(['user', 'assistant']),
  content: z.union([z.string().min(1), z.array(z.looseObject({ type: z.string().min(1) })).min(1)]),
  timestamp: z.iso
    .datetime({ offset: true })
    .refine((text) => isPlausibleMoment(Date.parse(text)), 'is no plausible moment')
    .optional(),
});
export type InputMessage = z.output<typeof InputMessage>;

export const ImportChunk = z.strictObject({
  /** '' for the main transcript, `agent-…` for a sub-agent's. */
  subpath: z.string().max(256).default(''),
  externalKey: z.string().min(1).max(1_024),
  /** 0-based number of the first line of this chunk. */
  fromLine: z.int().min(0),
  /** Raw lines without their newlines, any content, base64 if they are not valid UTF-8. */
  lines: z.array(z.string()).max(10_000),
  /** The lines are base64: some line is not valid UTF-8. */
  base64: z.boolean().default(false),
  /** When the whole transcript ends, in ms since the epoch: of copies of a response the one of the transcript that ended first counts. */
  endsAtMs: z.int().min(0).optional(),
  /** When the file was last written to, in ms since the epoch: the time of a transcript that has none. */
  fileAtMs: z.int().min(0).optional(),
  /** The transcript goes on behind so many lines of another file, which has no message (`emptyThrough`). */
  followsLines: z.int().min(0).optional(),
});

/** Requests of the verbs on one session: `<prefix>.v1.<tenant>.session.<id>.<verb>`. */
export const SESSION_VERBS = {
  create: Create,
  get: z.strictObject({}),
  messages: z.strictObject({
    from: z.int().min(1).optional(),
    limit,
    order: z.enum(['asc', 'desc']).default('asc'),
    subpath: z.string().max(256).default(''),
    includePartial: z.boolean().default(false),
  }),
  /** Names of the session's side transcripts, in their order, from behind `cursor`. */
  'side-transcripts': z.strictObject({ limit, cursor: z.string().max(1_000).optional() }),
  update: z.strictObject({ ...settableShape, expectedVersion }),
  tag: tagList,
  untag: tagList,
  /** A new session that begins with this one's transcript, up to a `seq` or a message; default: all of it. */
  fork: z.strictObject({
    /** Default: a new UUID. */
    newSessionId: SessionId.optional(),
    atSeq: z.int().min(0).optional(),
    /** A message's `id`; of an imported line its `uuid`. */
    atMessageId: z.string().min(1).max(256).optional(),
    /** Default: "Fork of …". */
    title: settableShape.title,
  }),
  /** Lets a summary stand in for what the model saw so far; without one, the model is asked for it. */
  compact: z.strictObject({
    /** Default: everything before the turns that are open. */
    throughSeq: z.int().min(1).optional(),
    summary: z
      .string()
      .min(1)
      .max(200_000)
      .refine(isWellFormed, 'holds half of a surrogate pair')
      .optional(),
  }),
  /** The session as an export, a page at a time: see `docs/export-format.md`. */
  export: z.strictObject({
    cursor: z.string().max(4_000_000).optional(),
    /** Size of the page's text as JSON. */
    maxBytes: z.int().min(1_000).max(8_000_000).default(512_000),
  }),
  /** Lines of an export, in order, that make this session; without lines it says how far it has come. */
  'import-session': z.strictObject({
    /** 0-based number of the first of these lines. */
    fromLine: z.int().min(0).default(0),
    lines: z.array(z.string()).max(10_000),
    /** The export's first line once more, with its last one. */
    session: z.string().optional(),
  }),
  append: z.strictObject({ messages: z.array(InputMessage).min(1).max(1000), expectedVersion }),
  cancel: z.strictObject({ turnId: TurnId.optional() }),
  delete: z.strictObject({
    /** The id is free again at once: no tombstone, also not of an earlier deletion. Refused while forks share its entries. */
    release: z.boolean().default(false),
  }),
  turns: z.strictObject({ limit, cursor: z.string().max(256).optional() }),
  'turn-status': z.strictObject({ turnId: TurnId }),
  import: ImportChunk,
  'import-state': z.strictObject({
    subpath: z.string().max(256).default(''),
    /** Digest over the first so many lines only, to compare an older state of the file with. */
    lines: z.int().min(0).optional(),
    /** Also the keys of responses that count in other sessions, a page at a time. */
    inherited: z.boolean().default(false),
    cursor: z.string().max(1_000).optional(),
  }),
} as const;

/** Requests of the verbs on all sessions of a tenant: `<prefix>.v1.<tenant>.sessions.<verb>`. */
export const SESSIONS_VERBS = {
  search: Criteria,
  list: Criteria,
  count: Filter,
  facets: FacetsRequest,
  cleanup: z
    .strictObject({
      ...criteriaShape,
      /** Days without activity or import; 0 = everything older than now. Default: the configured age. */
      maxAgeDays: z.number().min(0).max(100_000).optional(),
      dryRun: z.boolean().default(false),
    })
    .superRefine(mustNotContradict),
  ...MIRROR_VERBS,
} as const;

export type SessionVerb = keyof typeof SESSION_VERBS;
export type SessionsVerb = keyof typeof SESSIONS_VERBS;

/** A session on the wire: its head in camelCase, times as RFC 3339, money in dollars. */
export interface SessionView extends Omit<Settings, 'tags'> {
  readonly sessionId: string;
  readonly tenant: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly importedAt?: string;
  readonly status: string;
  readonly tags: readonly string[];
  readonly seq: number;
  readonly numTurns: number;
  readonly messageCount: number;
  readonly toolCallCount: number;
  readonly errorCount: number;
  readonly retryCount: number;
  readonly sideTranscripts: number;
  readonly usage: Usage;
  /** null when some answer's price is unknown; the known part is then `knownCostUsd`. */
  readonly totalCostUsd: number | null;
  readonly knownCostUsd?: number;
  readonly provider?: string;
  readonly parent?: { readonly sessionId: string; readonly seq: number };
  /** What the sessions before a fork had cost when it was made, wherever in them it begins; not part of `totalCostUsd`. */
  readonly inheritedCostUsd?: number;
  /** The compaction that the model's view begins with; its entry `seq` has the summary. */
  readonly compaction?: {
    readonly seq: number;
    readonly throughSeq: number;
    readonly fromSeq: number;
    readonly lastCompactionTurn: number;
  };
  readonly gitBranch?: string;
  readonly projectKey?: string;
  readonly outputUnderReported?: boolean;
  readonly lastError?: { readonly code: string; readonly message: string };
}

/** A session in a search's answer: the same names, without the parts that are long. */
export interface SessionSummary {
  readonly sessionId: string;
  readonly tenant: string;
  readonly version: number;
  readonly title?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly importedAt?: string;
  readonly messageCount: number;
  readonly numTurns: number;
  readonly totalCostUsd: number | null;
  readonly knownCostUsd?: number;
  readonly model?: string;
  readonly mode: string;
  readonly status: string;
  readonly workingDirectory?: string;
  readonly permissionMode?: string;
  readonly owner?: string;
  readonly templateId?: string;
  readonly externalKey?: string;
  readonly projectKey?: string;
  readonly parentId?: string;
}

export interface TurnView {
  readonly turnId: string;
  readonly status: string;
  readonly seq: number;
  readonly lastSeq?: number;
  readonly attempt: number;
  readonly steps: number;
  readonly retries: number;
  readonly stopReason: string | null;
  readonly usage: Usage;
  readonly costUsd: number | null;
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
  readonly acceptedAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

/** `origin` is the session that wrote the entry, where a fork shares it. */
export type EntryView = { readonly origin?: string } & EntryShown;

export interface MessageView {
  readonly seq: number;
  readonly type: 'message';
  readonly at: string;
  readonly message: ApiMessage;
  readonly id?: string;
  readonly turnId?: string;
  readonly isPartial?: boolean;
  readonly model?: string;
  readonly stopReason?: string | null;
  readonly usage?: Usage;
  readonly costUsd?: number | null;
}

type EntryShown =
  | MessageView
  /** `line` is the parsed object, or the text itself where it is not JSON. */
  | { readonly seq: number; readonly type: 'imported'; readonly at: string; readonly line: unknown }
  | { readonly seq: number; readonly type: 'view'; readonly at: string; readonly view: unknown };

export interface ImportReply {
  readonly session: SessionView;
  /** Lines of the stream that are stored now. */
  readonly lines: number;
  readonly added: number;
}

/** What sub-agents said, or another program kept beside the main transcript. */
export interface SideTranscript {
  /** What `messages` takes. */
  readonly subpath: string;
  /** Its last `seq`. */
  readonly seq: number;
}

export interface ImportState {
  readonly exists: boolean;
  readonly externalKey?: string;
  readonly lines: number;
  readonly digest: string;
  /** Files without a message that stand before it in the same transcript. */
  readonly fragments?: readonly { readonly lines: number; readonly digest: string }[];
  /** The transcript has no message yet: so many lines, behind which another file of the session may go on. */
  readonly emptyThrough?: number;
  readonly inherited?: readonly string[];
  /** There are more inherited ones. */
  readonly nextCursor?: string;
}

export interface ImportSessionReply {
  readonly exists: boolean;
  /** Lines of the export that are stored, and a digest over them. */
  readonly lines: number;
  readonly digest: string;
  readonly added: number;
  /** The last line has come: the session is whole. */
  readonly isDone: boolean;
}

export interface SessionReplies {
  create: { session: SessionView };
  get: { session: SessionView };
  messages: { entries: EntryView[]; nextFrom?: number };
  'side-transcripts': { sideTranscripts: SideTranscript[]; nextCursor?: string };
  update: { session: SessionView };
  tag: { session: SessionView };
  untag: { session: SessionView };
  fork: { session: SessionView };
  compact: { session: SessionView };
  export: { text: string; cursor?: string };
  'import-session': ImportSessionReply;
  append: { session: SessionView };
  cancel: { turn: TurnView };
  delete: { deleted: true };
  turns: { turns: TurnView[]; nextCursor?: string };
  'turn-status': { turn: TurnView };
  import: ImportReply;
  /** What is stored of a foreign transcript: its lines, and a digest over them to compare a grown file with. */
  'import-state': ImportState;
}

export interface SessionsReplies extends MirrorReplies {
  search: { sessions: SessionSummary[]; nextCursor?: string };
  list: { sessions: SessionSummary[]; nextCursor?: string };
  count: { count: number; costUsd: number };
  facets: FacetsPage;
  cleanup: CleanupReport;
}

/** For a turn, beside its request. */
export interface TurnControl {
  /** Aborting it cancels the turn, and the iteration throws the signal's reason at once, without waiting for the end. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The sessions of one tenant, embedded or over NATS: the same calls, replies and errors.
 * Every call rejects with a `GreenroomError` whose `code` is in the table.
 */
export interface SessionsApi {
  /** Largest message of the broker between; absent where there is none. */
  readonly maxPayloadBytes?: number | undefined;
  session<V extends SessionVerb>(
    sessionId: string,
    verb: V,
    request: z.input<(typeof SESSION_VERBS)[V]>,
  ): Promise<SessionReplies[V]>;
  sessions<V extends SessionsVerb>(
    verb: V,
    request: z.input<(typeof SESSIONS_VERBS)[V]>,
  ): Promise<SessionsReplies[V]>;
  /**
   * Runs a turn; its events come as they happen, `turn.finished` last. Leaving the loop early does
   * not cancel the turn; aborting its signal does. Throws what the turn was refused with.
   */
  turn(
    sessionId: string,
    request: z.input<typeof TurnRequest>,
    control?: TurnControl,
  ): AsyncIterable<WireEvent>;
}
