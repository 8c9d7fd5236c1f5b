/**
 * Turns: one user message and everything until the model has nothing more to do.
 *
 * A turn has one ledger record. While it is open (queued, running, waiting) the record lives inside
 * the session's head, so that one commit cannot tear them apart; when it closes, it moves to the
 * ledger, which never forgets a turn id (P3).
 */
import { z } from 'zod';
import { type Answering, answeringShape } from './answering.ts';
import type { TallyName } from './budget.ts';
import type { TurnRoom } from './compaction.ts';
import { TurnId } from './id-schemas.ts';
import { Metadata } from './metadata.ts';
import type { TraceId } from './request-context.ts';
import type { Usage } from './usage.ts';
import { BUSY_POLICIES } from './words.ts';

export const OPEN_STATUSES = ['queued', 'running', 'waiting'] as const;
export const CLOSED_STATUSES = [
  'completed',
  'failed',
  'cancelled',
  'interrupted',
  'rejected',
] as const;
export type OpenStatus = (typeof OPEN_STATUSES)[number];
export type ClosedStatus = (typeof CLOSED_STATUSES)[number];

export interface TurnError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** Why a model call did not read from the API's cache all that the one before had left there. */
export interface CacheMissed {
  /** The API's word, for example `tools_changed`. */
  readonly type: string;
  /** About; absent where the API does not say. */
  readonly missedInputTokens?: number | undefined;
  /** Beside a read of them; null: unknown price. */
  readonly costNanoUsd?: number | null | undefined;
}

/** Of one turn; later ones are not kept. */
export const MAX_CACHE_MISSES = 20;

/** What is true of a turn from its acceptance on, open or closed. */
export interface TurnFacts {
  readonly turnId: TurnId;
  /** `seq` of the user message; 0 for a turn that was rejected before it got one. */
  readonly seq: number;
  /** Last `seq` that the turn wrote. */
  readonly lastSeq: number;
  /** First 16 hex digits of the prompt's SHA-256: tells a redelivery from a reused id. */
  readonly promptHash: string;
  readonly acceptedAtMs: number;
  /** undefined: it has not started yet, or never did. */
  readonly startedAtMs?: number | undefined;
  readonly usage: Usage;
  /** null: the price of a model that answered is unknown. */
  readonly costNanoUsd: number | null;
  /** Model calls and their outcomes committed so far. */
  readonly steps: number;
  /**
   * 1, and one more for each recovery while the turn is open. A higher attempt voids earlier deltas
   * and numbers its events from 1.
   */
  readonly attempt: number;
  readonly retries: number;
  /** In the order of its model calls; absent: none were told. */
  readonly cacheMisses?: readonly CacheMissed[] | undefined;
  /** The trace of the request that was accepted; absent: it was accepted before turns had one. */
  readonly traceId?: TraceId | undefined;
}

/** What a line of the log says of the turn that it is about. */
export interface TurnWhere {
  readonly tenant: string;
  readonly sessionId: string;
  readonly turnId: string;
  readonly traceId: string | undefined;
}

/** What the sender asked for this turn alone. */
export interface TurnOptions extends Answering {
  readonly model?: string;
  readonly maxSteps?: number;
  readonly maxCostUsd?: number;
  readonly includePartialMessages?: boolean;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A run: what a turn has started and awaits the outcome of, named by its turn and its number among the turn's runs. */
export type RunId = `${TurnId}#${number}`;

export const runIdOf = (turnId: TurnId, run: number): RunId => `${turnId}#${run}`;

/** The turn awaits the outcome of one model call; an outcome of any other run is dropped. */
export interface ModelPhase {
  readonly kind: 'model';
  readonly run: number;
  /** Money that was reserved for it; absent: no budget holds for it. */
  readonly reserved?: Reservation | undefined;
  /** Calls of this step that have failed; absent: none. */
  readonly tried?: number | undefined;
}

/** The most that a model call can cost, taken out of every budget that it is under until its answer is there. */
export interface Reservation {
  readonly nanoUsd: number;
  /** Of the request. */
  readonly bytes: number;
  readonly tallies: readonly TallyName[];
}

/** The turn awaits money for its next model call. */
export interface ReservePhase {
  readonly kind: 'reserve';
  readonly run: number;
  readonly tried?: number | undefined;
}

/** A budget is used up, and a person is asked whether more may be spent. */
export interface BudgetPhase {
  readonly kind: 'budget';
  /** Its number among the turn's runs: that of the approval. */
  readonly run: number;
  readonly tally: TallyName;
  /** Limits of the budget, as they were then, and what was gone of it. */
  readonly limitNanoUsd: number;
  readonly usedNanoUsd: number;
  /** What the next model call may cost. */
  readonly neededNanoUsd: number;
  readonly atMs: number;
  /** When the turn fails, if nobody has answered; absent: it waits for as long as it takes. */
  readonly dueMs?: number | undefined;
  /** When the budget's next period begins; absent: never. */
  readonly endsMs?: number | undefined;
  readonly tried?: number | undefined;
}

/** What becomes of a call that was under way when its process died: the first two are made again. */
export const TOOL_EFFECTS = ['pure', 'idempotent', 'at_most_once'] as const;
export type ToolEffect = (typeof TOOL_EFFECTS)[number];

/** Why a person is asked, as it was when the question was put. */
export interface Asked {
  readonly atMs: number;
  /** When it is denied, if nobody has answered; absent: it waits for as long as it takes. */
  readonly dueMs?: number | undefined;
  readonly reason: string;
  /** The programs that the call would run. */
  readonly commands: readonly string[];
  /** The files that it would open. */
  readonly files: readonly string[];
  /** Rules that would allow exactly this. */
  readonly suggestions: readonly string[];
}

/** What a tool that runs wants to know of a person, and cannot go on without. */
export interface Question {
  /** Its number among the turn's runs: that of the approval. */
  readonly run: number;
  readonly atMs: number;
  /** When it is declined, if nobody has answered; absent: it waits for as long as the tool does. */
  readonly dueMs?: number | undefined;
  readonly message: string;
  /** JSON Schema of the answer. */
  readonly form: ToolInput;
}

interface CallFacts {
  readonly toolUseId: string;
  readonly name: string;
}

/** What was decided about a call, until it has started and while it runs. */
interface Allowed {
  readonly effect: ToolEffect;
  /** It runs beside no other call of its answer. */
  readonly isAlone?: true | undefined;
  /** In place of the model's own. */
  readonly input?: ToolInput | undefined;
  /** Where the file that it names really was when it was decided. */
  readonly realPath?: string | undefined;
  /** The type of the API's own tool that the model called: what was decided is of that tool, whatever the session offers since. */
  readonly apiType?: string | undefined;
}

export type ToolInput = Readonly<Record<string, unknown>>;

/** One tool call of the last answer. Its input is in the answer. */
export type OpenCall = CallFacts &
  (
    | { readonly state: 'undecided' }
    /** A person's decision is awaited; its id is that of the run. */
    | ({ readonly state: 'asked'; readonly run: number; readonly asked: Asked } & Allowed)
    /** It may run, and waits for others. */
    | ({ readonly state: 'allowed' } & Allowed)
    | ({
        readonly state: 'started';
        readonly run: number;
        readonly atMs: number;
        /** It asks a person something while it runs. */
        readonly question?: Question | undefined;
      } & Allowed)
    /** Its result is the entry of that `seq`, which the model does not see: all results go to it as one message. */
    | { readonly state: 'ended'; readonly seq: number }
    /** It did not run, or ended without a result: the model is told this. */
    | { readonly state: 'failed'; readonly message: string }
  );

/** The turn awaits the tool calls of its last answer. */
export interface ToolsPhase {
  readonly kind: 'tools';
  /** `seq` of the answer. */
  readonly answerSeq: number;
  /** The run that decides about those that are undecided and, when all have ended, the one that gathers their results. */
  readonly run: number;
  /** In the order of the answer. */
  readonly calls: readonly OpenCall[];
  /** Why the turn ends once they are answered; absent: it goes on. */
  readonly stop?: string | undefined;
  readonly tried?: undefined;
}

/**
 * What a turn that is at work is at. A further kind goes here, and its runs take their numbers from `runs` as well;
 * a kind of which the turn awaits no run goes beside `WaitingPhase`.
 */
export type WorkPhase = ModelPhase | ReservePhase | ToolsPhase | HooksPhase;

/** The turn awaits hooks: before its first model call, or when the model, or that of a sub-agent, has said its last. */
export interface HooksPhase {
  readonly kind: 'hooks';
  readonly run: number;
  readonly event: 'UserPromptSubmit' | 'Stop' | 'SubagentStop';
  /** Of the answer that would end the turn. */
  readonly stopReason?: string | null | undefined;
  readonly tried?: undefined;
}

/** The turn awaits a moment, and its session may sleep until then: the next call of a step that failed. */
export interface WaitingPhase {
  readonly kind: 'waiting';
  readonly for: 'retry';
  /** When it goes on. */
  readonly dueMs: number;
  readonly tried: number;
  /** Why it waits. */
  readonly error: TurnError;
}

/** How a turn makes room for another. */
export type Yielding = 'interrupt' | 'rollback';

interface OpenFacts extends TurnFacts {
  readonly options: TurnOptions;
  /** Runs that the turn has started, and the number of the last one. */
  readonly runs: number;
  /** What its sub-agents have cost, and theirs. Absent: nothing. */
  readonly childrenCostNanoUsd?: number | undefined;
  /** How often hooks have kept it from ending; absent: never. */
  readonly stopBlocks?: number | undefined;
  /** Absent: nothing had to be done. */
  readonly room?: TurnRoom | undefined;
  /** Another turn has taken its place: it ends as soon as it can, and with `rollback` out of the model's view. */
  readonly yields?: Yielding | undefined;
}

export type OpenTurn = OpenFacts &
  (
    | { readonly status: 'queued'; readonly phase?: undefined }
    | { readonly status: 'running'; readonly phase: WorkPhase }
    /** In the phase of tools: all that is left to await are people. */
    | { readonly status: 'waiting'; readonly phase: WaitingPhase | BudgetPhase | ToolsPhase }
  );

/**
 * A turn that begins at a time: accepted, and in no transcript before. Its prompt is kept beside the transcript until then,
 * when it becomes an open turn like any other.
 */
export type DelayedTurn = OpenFacts & {
  readonly status: 'queued';
  readonly phase?: undefined;
  /** When it begins. */
  readonly dueMs: number;
  /** What becomes of the turns that are open then; absent: what the session says. */
  readonly onBusy?: BusyPolicy | undefined;
};

/** An open turn whose work has begun. */
export type BegunTurn = Exclude<OpenTurn, { readonly status: 'queued' }>;

/** The runs that the turn awaits, and that this process has to carry out: not what people decide. */
export const awaitedRuns = ({ turnId, phase }: OpenTurn): readonly RunId[] => {
  if (phase === undefined || phase.kind === 'waiting' || phase.kind === 'budget') return NO_RUNS;
  if (phase.kind !== 'tools') return [runIdOf(turnId, phase.run)];
  const started = phase.calls.flatMap((call) => (call.state === 'started' ? [call.run] : []));
  return (wantsOwnRun(phase) ? [phase.run, ...started] : started).map((run) =>
    runIdOf(turnId, run),
  );
};

/** Something is to be decided, or everything to be gathered. */
const wantsOwnRun = ({ calls }: ToolsPhase): boolean =>
  calls.some(({ state }) => state === 'undecided') || calls.every(hasEnded);

export const hasEnded = ({ state }: OpenCall): boolean => state === 'ended' || state === 'failed';

const NO_RUNS: readonly RunId[] = [];

/** The model call that the turn awaits; undefined while it awaits none. */
export const awaitedModelRun = ({ turnId, phase }: OpenTurn): RunId | undefined =>
  phase?.kind === 'model' ? runIdOf(turnId, phase.run) : undefined;

/** An open turn as it was stored: a version that knew no runs stored neither them nor phases. */
export const storedTurn = (turn: OpenTurn): OpenTurn => {
  const { runs = 0 } = turn as Partial<OpenTurn>;
  if (turn.status !== 'running') return { ...turn, runs };
  const { phase = { kind: 'model', run: runs } } = turn as Partial<typeof turn>;
  return { ...turn, runs, phase };
};

export interface ClosedTurn extends TurnFacts {
  readonly status: ClosedStatus;
  readonly finishedAtMs: number;
  readonly stopReason: string | null;
  readonly error?: TurnError | undefined;
}

export type TurnRecord = OpenTurn | DelayedTurn | ClosedTurn;

/** How far ahead a turn may be set, in milliseconds: a year and a day. */
export const MAX_DELAY_MS = 366 * 24 * 60 * 60 * 1_000;

/** What becomes of a message that comes while a turn runs. */
export const BusyPolicy = z.enum(BUSY_POLICIES);
export type BusyPolicy = z.infer<typeof BusyPolicy>;

/** Means of `onBusy`, for the reference pages. */
export const BUSY_TEXT =
  'while another turn is open: `enqueue`, `reject`, `interrupt` (end it, what it did stays) or `rollback` (end it, out of the model’s view); default `enqueue`';

/** What a person may send. A tool's result would answer nothing that was asked. */
const ContentBlock = z
  .looseObject({ type: z.string().min(1) })
  .refine(({ type }) => type !== 'tool_result', 'a prompt takes no tool_result');

const notBlank = (text: string) => text.trim().length > 0;

/** A text, or the API's content blocks. Blank text is refused: the API would refuse it later. */
export const Prompt = z.union([
  z.string().refine(notBlank, 'must not be blank'),
  z
    .array(ContentBlock)
    .min(1)
    .max(1000)
    .refine(
      (blocks) => blocks.some(({ type, text }) => type !== 'text' || notBlank(String(text ?? ''))),
      'must not be blank',
    ),
]);
export type Prompt = z.infer<typeof Prompt>;

/** Model calls that a turn may be allowed. */
export const MOST_STEPS = 1_000;

export const turnRequestShape = {
  prompt: Prompt.describe('a text, or content blocks of the Claude API'),
  turnId: TurnId.optional().describe('your name for the turn; sent again, it gives the same turn'),
  tags: z.array(z.string()).max(100).optional().describe('tags that the session gets'),
  create: z.boolean().optional().describe('`false`: a session that does not exist is not made'),
  onBusy: BusyPolicy.optional().describe(BUSY_TEXT),
  deliverAt: z.iso
    .datetime({ offset: true })
    .optional()
    .describe(
      'begins then (RFC 3339, at most 366 days ahead) and waits as `queued` until then; `onBusy` is looked at then. A time that is past: at once',
    ),
  model: z.string().min(1).max(200).optional().describe('model of this turn'),
  ...answeringShape,
  maxSteps: z.int().min(1).max(MOST_STEPS).optional().describe('model calls at most'),
  maxCostUsd: z.number().positive().optional().describe('money at most, in dollars'),
  includePartialMessages: z.boolean().optional().describe('`false`: no `delta` events'),
  provider: z
    .enum(['anthropic', 'rehearsal'])
    .optional()
    .describe('`anthropic` or `rehearsal`; the daemon must be of that kind'),
  metadata: Metadata.optional().describe('yours; kept with the turn while it is open'),
};
