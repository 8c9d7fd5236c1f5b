/**
 * Turns: one user message and everything until the model has nothing more to do.
 *
 * A turn has one ledger record. While it is open (queued, running, waiting) the record lives inside
 * the session's head, so that one commit cannot tear them apart; when it closes, it moves to the
 * ledger, which never forgets a turn id (P3).
 */
import { z } from 'zod';
import { TurnId } from './ids.ts';
import { Metadata } from './metadata.ts';
import type { TraceId } from './request-context.ts';
import type { Usage } from './usage.ts';

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
export interface TurnOptions {
  readonly model?: string;
  readonly maxSteps?: number;
  readonly maxCostUsd?: number;
  readonly includePartialMessages?: boolean;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface OpenTurn extends TurnFacts {
  readonly status: OpenStatus;
  readonly options: TurnOptions;
}

export interface ClosedTurn extends TurnFacts {
  readonly status: ClosedStatus;
  readonly finishedAtMs: number;
  readonly stopReason: string | null;
  readonly error?: TurnError | undefined;
}

export type TurnRecord = OpenTurn | ClosedTurn;

/** What becomes of a message that comes while a turn runs. */
export const BusyPolicy = z.enum(['enqueue', 'reject']);
export type BusyPolicy = z.infer<typeof BusyPolicy>;

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
  onBusy: BusyPolicy.optional().describe('`enqueue` or `reject`, while another turn is open'),
  model: z.string().min(1).max(200).optional().describe('model of this turn'),
  maxSteps: z.int().min(1).max(MOST_STEPS).optional().describe('model calls at most'),
  maxCostUsd: z.number().positive().optional().describe('money at most, in dollars'),
  includePartialMessages: z.boolean().optional().describe('`false`: no `delta` events'),
  provider: z
    .enum(['anthropic', 'rehearsal'])
    .optional()
    .describe('`anthropic` or `rehearsal`; the daemon must be of that kind'),
  metadata: Metadata.optional().describe('yours; kept with the turn while it is open'),
};
