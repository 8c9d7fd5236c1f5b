/**
 * What happens to a session, as its readers receive it.
 *
 * `n` counts from 1 without gaps per `(turnId, attempt)`, so a reader sees a gap; a higher `attempt`,
 * or a `retry`, voids all deltas since the last `message`. `ping` and events outside a turn have no
 * `n`. `turn.finished` is the one terminal event. An event leaves after the commit that it reports
 * (P1); deltas report nothing that is stored.
 */

import type { Mutable } from './every.ts';
import type { SessionKey, TurnId } from './ids.ts';
import { iso } from './moment.ts';
import { usdOf } from './money.ts';
import type { TraceId } from './request-context.ts';
import type { ClosedStatus, ClosedTurn, TurnError } from './turn.ts';
import type { Usage } from './usage.ts';

export type TurnEventBody =
  /** `traceId`: of the request that was accepted; absent of a turn that was accepted before turns had one. */
  | { readonly type: 'turn.accepted'; readonly seq: number; readonly traceId?: TraceId }
  | { readonly type: 'turn.started' }
  | {
      readonly type: 'delta';
      readonly block: number;
      readonly text?: string;
      readonly thinking?: string;
      readonly inputJson?: string;
    }
  | { readonly type: 'message'; readonly seq: number; readonly body: Uint8Array }
  | {
      readonly type: 'tool.started';
      readonly toolUseId: string;
      readonly name: string;
      readonly input: unknown;
    }
  | {
      readonly type: 'tool.finished';
      readonly toolUseId: string;
      readonly isError: boolean;
      readonly durationMs: number;
    }
  | {
      readonly type: 'tool.refused';
      readonly toolUseId: string;
      readonly toolName: string;
      readonly reason: string;
    }
  | {
      readonly type: 'hook.executed';
      readonly event: string;
      readonly hook: string;
      readonly ended: string;
      readonly durationMs: number;
    }
  | {
      readonly type: 'permission.requested';
      readonly approvalId: string;
      readonly toolUseId: string;
      readonly toolName: string;
      readonly input: unknown;
      readonly reason: string;
    }
  | {
      readonly type: 'permission.decided';
      readonly approvalId: string;
      readonly toolUseId: string;
      readonly decision: 'allow' | 'deny';
      readonly by: string;
    }
  | {
      readonly type: 'elicitation.requested';
      readonly approvalId: string;
      readonly toolUseId: string;
      readonly toolName: string;
      readonly message: string;
      readonly form: unknown;
    }
  | {
      readonly type: 'elicitation.answered';
      readonly approvalId: string;
      readonly toolUseId: string;
      readonly action: 'accept' | 'decline';
      readonly by: string;
    }
  | {
      readonly type: 'budget.requested';
      readonly approvalId: string;
      readonly budget: string;
      readonly limitUsd: number;
      readonly usedUsd: number;
      readonly neededUsd: number;
      readonly askedUsd: number;
      readonly reason: string;
    }
  | {
      readonly type: 'budget.decided';
      readonly approvalId: string;
      readonly decision: 'allow' | 'deny';
      readonly by: string;
    }
  | {
      readonly type: 'retry';
      readonly delayMs: number;
      readonly error: { readonly type: string; readonly message: string };
      /** Another model is asked from now on; absent: the same. */
      readonly model?: string;
    }
  /** Older messages are being summed up, because the next model call would have about so many tokens. */
  | { readonly type: 'compacting'; readonly tokens: number; readonly windowTokens: number }
  /** From now on a summary stands for everything up to that `seq`; before, there were about so many tokens. */
  | { readonly type: 'compacted'; readonly throughSeq: number; readonly tokens: number }
  /** `after`: the reader has joined a turn that runs; what comes from here on stands behind that `seq`. */
  | { readonly type: 'ping'; readonly after?: number }
  | TurnFinished;

export interface TurnFinished {
  readonly type: 'turn.finished';
  readonly status: ClosedStatus;
  readonly stopReason: string | null;
  readonly error?: TurnError;
  readonly usage: Usage;
  readonly costUsd: number | null;
  readonly durationMs: number;
  readonly text: string;
}

/** How a turn ended, from its ledger record and what it said last. */
export const turnFinished = (record: ClosedTurn, text: string): TurnFinished => {
  const finished: TurnFinished = {
    type: 'turn.finished',
    status: record.status,
    stopReason: record.stopReason,
    usage: record.usage,
    costUsd: record.costNanoUsd === null ? null : usdOf(record.costNanoUsd),
    durationMs: record.finishedAtMs - (record.startedAtMs ?? record.acceptedAtMs),
    text,
  };
  return record.error === undefined ? finished : { ...finished, error: record.error };
};

/** One event inside the daemon. `body` of a `message` is the API's JSON, spliced in when encoded. */
export interface SessionEvent {
  readonly key: SessionKey;
  readonly turnId: TurnId;
  readonly attempt: number;
  /** 0 for events that are not counted. */
  readonly n: number;
  readonly atMs: number;
  readonly traceId?: TraceId | undefined;
  /** Of `turn.started`: the last `seq` that is stored of the turn. Readers do not get it. */
  readonly lastSeq?: number;
  readonly body: TurnEventBody;
}

/** An event as readers get it: plain JSON, times as RFC 3339. */
export type WireEvent = {
  readonly tenant: string;
  readonly sessionId: string;
  readonly turnId: string;
  readonly attempt: number;
  readonly n?: number;
  readonly at: string;
} & (
  | Exclude<TurnEventBody, { type: 'message' }>
  | { readonly type: 'message'; readonly seq: number; readonly message: ApiMessage }
);

/** A message as the Claude API takes and gives it. */
export interface ApiMessage {
  readonly role: 'user' | 'assistant';
  readonly content:
    | string
    | readonly { readonly type: string; readonly [field: string]: unknown }[];
}

/**
 * The event as UTF-8 JSON. A message's bytes are copied in, not parsed; ids need no escaping, their
 * pattern sees to that.
 *
 * @param at the moment of it as RFC 3339.
 */
export const encodeEvent = (event: SessionEvent, at: string): Uint8Array => {
  const { body } = event;
  const address = addressOf(event, at);
  switch (body.type) {
    case 'message':
      return spliced(`{"type":"message","seq":${body.seq},${address},"message":`, body.body);
    case 'turn.accepted':
      return ascii(`{"type":"turn.accepted","seq":${body.seq},${traceOf(body)}${address}}`);
    case 'turn.started':
      return ascii(`{"type":"turn.started",${address}}`);
    default:
      return Buffer.from(`${JSON.stringify(body).slice(0, -1)},${address}}`);
  }
};

const traceOf = ({ traceId }: { readonly traceId?: TraceId }): string =>
  traceId === undefined ? '' : `"traceId":"${traceId}",`;

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const CLOSE = '}'.charCodeAt(0);

/** @param open ASCII. */
const spliced = (open: string, body: Uint8Array): Uint8Array => {
  const bytes = Buffer.allocUnsafe(open.length + body.length + 1);
  bytes.write(open, 0, 'latin1');
  bytes.set(body, open.length);
  bytes[bytes.length - 1] = CLOSE;
  return bytes;
};

const addressOf = ({ key, turnId, attempt, n }: SessionEvent, at: string): string => {
  const counted = n > 0 ? `"n":${n},` : '';
  return `"tenant":"${key.tenant}","sessionId":"${key.sessionId}","turnId":"${turnId}","attempt":${attempt},${counted}"at":"${at}"`;
};

/**
 * The event as an object, for one reader in this process.
 *
 * @param at the moment of it as RFC 3339.
 */
export const wireEvent = (event: SessionEvent, at: string = iso(event.atMs)): WireEvent => {
  const wire = countedEvent(event, at);
  if (event.n > 0) return wire;
  const { n: _, ...uncounted } = wire;
  return uncounted;
};

type Wire<Type extends WireEvent['type']> = Mutable<Extract<WireEvent, { type: Type }>>;

/** What comes in every turn is written field by field: with spread fields such an object takes ten times as long. */
const countedEvent = (
  { key: { tenant, sessionId }, turnId, attempt, n, body }: SessionEvent,
  at: string,
): WireEvent => {
  switch (body.type) {
    case 'turn.accepted': {
      const { type, seq, traceId } = body;
      const wire: Wire<typeof type> = { type, seq, tenant, sessionId, turnId, attempt, n, at };
      if (traceId !== undefined) wire.traceId = traceId;
      return wire;
    }
    case 'turn.started':
      return { type: body.type, tenant, sessionId, turnId, attempt, n, at };
    case 'delta': {
      const { type, block, text, thinking, inputJson } = body;
      const wire: Wire<typeof type> = { type, block, tenant, sessionId, turnId, attempt, n, at };
      if (text !== undefined) wire.text = text;
      if (thinking !== undefined) wire.thinking = thinking;
      if (inputJson !== undefined) wire.inputJson = inputJson;
      return wire;
    }
    case 'message': {
      const { type, seq } = body;
      const message = parsedMessage(body.body);
      return { type, seq, message, tenant, sessionId, turnId, attempt, n, at };
    }
    case 'turn.finished': {
      const { type, status, stopReason, error, usage, costUsd, durationMs, text } = body;
      const wire: Wire<typeof type> = {
        type,
        status,
        stopReason,
        usage,
        costUsd,
        durationMs,
        text,
        tenant,
        sessionId,
        turnId,
        attempt,
        n,
        at,
      };
      if (error !== undefined) wire.error = error;
      return wire;
    }
    default:
      return { ...body, tenant, sessionId, turnId, attempt, n, at };
  }
};

const parsedMessage = ({ buffer, byteOffset, byteLength }: Uint8Array): ApiMessage =>
  JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString());
