/** Changes as sessions make them, small: what the tests of the journal commit. */
import type { Entry, MessageEntry } from '../../src/model/entry.ts';
import { type Head, newHead } from '../../src/model/head.ts';
import { newTurnId, type SessionKey, sessionKey, type TurnId } from '../../src/model/ids.ts';
import type { ClosedTurn, OpenTurn } from '../../src/model/turn.ts';
import { emptyUsage } from '../../src/model/usage.ts';
import type { SessionDelete, SessionWrite } from '../../src/session/ports/journal.ts';

export const NOW = 1_790_000_000_000;
export const DAY_MS = 86_400_000;

export const keyOf = (sessionId: string, tenant = 'default'): SessionKey =>
  sessionKey(tenant, sessionId);

export const message = (seq: number, text = `message ${seq}`): MessageEntry => ({
  kind: 'message',
  seq,
  atMs: NOW + seq,
  role: 'user',
  body: Buffer.from(JSON.stringify({ role: 'user', content: text })),
});

/** A change that takes `head` (or nothing) one version further. */
export const write = (
  key: SessionKey,
  head: Head | undefined,
  parts: Partial<Omit<SessionWrite, 'head'>> & { readonly head?: Partial<Head> } = {},
): SessionWrite => {
  const before = head ?? newHead(key, NOW);
  const { head: fields, ...rest } = parts;
  return {
    kind: 'write',
    key,
    expectedVersion: before.version,
    head: { ...before, version: before.version + 1, ...fields },
    ...{ appends: [], streams: [], turns: [], newTurnIds: [], responses: [], audit: [] },
    ...rest,
  };
};

/** A change that appends to the main transcript. */
export const append = (key: SessionKey, head?: Head, ...texts: string[]): SessionWrite => {
  const seq = head?.seq ?? 0;
  const said = texts.length === 0 ? [`message ${seq + 1}`] : texts;
  const entries: Entry[] = said.map((text, at) => message(seq + at + 1, text));
  return write(key, head, {
    head: {
      seq: seq + entries.length,
      messageCount: (head?.messageCount ?? 0) + entries.length,
    },
    appends: [{ subpath: '', entries }],
  });
};

export const remove = (key: SessionKey, head: Head, tombstoneUntilMs: number): SessionDelete => ({
  kind: 'delete',
  key,
  expectedVersion: head.version,
  tombstoneUntilMs,
  audit: [{ kind: 'lifecycle', action: 'deleted', atMs: NOW, by: 'test' }],
});

export const closedTurn = (turnId: TurnId = newTurnId(NOW)): ClosedTurn => ({
  turnId,
  seq: 1,
  promptHash: '0123456789abcdef',
  acceptedAtMs: NOW,
  usage: emptyUsage,
  costNanoUsd: 1_234_567,
  steps: 1,
  attempt: 1,
  retries: 0,
  status: 'completed',
  finishedAtMs: NOW + 1,
  stopReason: 'end_turn',
  lastSeq: 2,
});

/** An open turn that waits for its next model call. */
export const waitingTurn = (dueMs: number, turnId: TurnId = newTurnId(NOW)): OpenTurn => {
  const { finishedAtMs: _, stopReason: __, status: ___, ...facts } = closedTurn(turnId);
  const error = { code: 'rate_limit_error', message: 'slow down', retryable: true };
  const phase = { kind: 'waiting', for: 'retry', dueMs, tried: 1, error } as const;
  return { ...facts, lastSeq: 1, status: 'waiting', options: {}, runs: 1, phase };
};

export const textOf = (entry: Entry | undefined): string =>
  entry === undefined || entry.kind === 'view' ? '' : Buffer.from(entry.body).toString();

/** The code that a promise is rejected with; undefined if it is not. */
export const codeOf = async (outcome: Promise<unknown>): Promise<string | undefined> => {
  try {
    await outcome;
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};
