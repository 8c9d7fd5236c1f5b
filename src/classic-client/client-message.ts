/**
 * What a classic client receives of a turn: typed messages. Their fields stand in `data`, where the helpers (`extractSessionId`,
 * `calculateCost`, …) read them, and beside it, where programs of the older client do.
 */
import type { Message } from '../classic/models.ts';
import type { TurnEnd, TurnEnding } from './turn.ts';

// Types, not interfaces: so that they are typed messages for the helpers.
type InitFields = {
  readonly session_id: string;
  readonly model: string;
  readonly cwd: string;
};

type SaidFields = {
  readonly message: Message;
  readonly session_id: string;
};

type ResultFields = {
  readonly is_error: boolean;
  /** Of the session, in dollars; null: not known. */
  readonly total_cost_usd: number | null;
  /** Of the session. */
  readonly num_turns: number;
  readonly duration_ms: number;
  /** Of this turn. */
  readonly usage: Readonly<Record<string, number>>;
  readonly session_id: string;
  /** What went wrong, in words. */
  readonly errors?: readonly string[];
};

type Told<Fields> = Fields & { readonly data: Fields };

export type ClientMessage =
  | ({ readonly type: 'system'; readonly subtype: 'init' } & Told<InitFields>)
  | ({ readonly type: 'user' | 'assistant' } & Told<SaidFields>)
  | ({ readonly type: 'result'; readonly subtype: TurnEnding } & Told<ResultFields>);

export const initMessage = (fields: InitFields): ClientMessage => ({
  type: 'system',
  subtype: 'init',
  ...fields,
  data: fields,
});

export const saidMessage = (message: Message, session_id: string): ClientMessage => {
  const fields = { message, session_id };
  return { type: message.role === 'user' ? 'user' : 'assistant', ...fields, data: fields };
};

export const resultMessage = (
  { subtype, numTurns, totalCostUsd, usage }: TurnEnd,
  { sessionId, durationMs, error }: ResultContext,
): ClientMessage => {
  const fields: ResultFields = {
    is_error: subtype !== 'success',
    total_cost_usd: totalCostUsd,
    num_turns: numTurns,
    duration_ms: durationMs,
    usage,
    session_id: sessionId,
    ...(error === undefined ? {} : { errors: [reasonOf(error)] }),
  };
  return { type: 'result', subtype, ...fields, data: fields };
};

interface ResultContext {
  readonly sessionId: string;
  readonly durationMs: number;
  readonly error?: unknown;
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
