/** An event for a reader in this process says what the same event says on the bus, field by field. */
import { describe, expect, it } from 'vitest';
import {
  encodeEvent,
  type SessionEvent,
  type TurnEventBody,
  type TurnFinished,
  wireEvent,
} from '../../src/model/event.ts';
import { EVENTS } from '../../src/model/event-table.ts';
import { sessionKey, type TurnId } from '../../src/model/ids.ts';
import { iso } from '../../src/model/moment.ts';
import { newTraceId } from '../../src/model/request-context.ts';
import { emptyUsage } from '../../src/model/usage.ts';

const NOW = Date.UTC(2026, 10, 28, 20);
const body = Buffer.from('{"role":"assistant","content":[{"type":"text","text":"Grüße"}]}');
const error = { code: 'overloaded_error', type: 'overloaded_error', message: 'later' };
const ending: TurnFinished = {
  type: 'turn.finished',
  status: 'completed',
  stopReason: 'end_turn',
  usage: emptyUsage,
  costUsd: null,
  durationMs: 7,
  text: 'Grüße',
};

const BODIES: readonly TurnEventBody[] = [
  { type: 'turn.accepted', seq: 1 },
  { type: 'turn.accepted', seq: 1, traceId: newTraceId() },
  { type: 'turn.started' },
  { type: 'delta', block: 0, text: 'Gr' },
  { type: 'delta', block: 0, thinking: 'hm' },
  { type: 'delta', block: 1, inputJson: '{"a' },
  { type: 'message', seq: 2, body },
  { type: 'tool.started', toolUseId: 'tu', name: 'search', input: { for: 'x' } },
  { type: 'tool.finished', toolUseId: 'tu', isError: false, durationMs: 3 },
  { type: 'tool.refused', toolUseId: 'tu', toolName: 'search', reason: 'no' },
  { type: 'hook.executed', event: 'PreToolUse', hook: './check', ended: 'ok', durationMs: 3 },
  {
    ...{ type: 'permission.requested', approvalId: 't#2', toolUseId: 'tu', toolName: 'search' },
    ...{ input: { for: 'x' }, reason: 'nothing allows it' },
  },
  {
    ...{ type: 'permission.decided', approvalId: 't#2', toolUseId: 'tu' },
    ...{ decision: 'allow', by: 'ann' },
  },
  {
    ...{ type: 'elicitation.requested', approvalId: 't#3', toolUseId: 'tu', toolName: 'search' },
    ...{ message: 'Which one?', form: { type: 'object', properties: {} } },
  },
  {
    ...{ type: 'elicitation.answered', approvalId: 't#3', toolUseId: 'tu' },
    ...{ action: 'accept', by: 'ann' },
  },
  {
    ...{ type: 'budget.requested', approvalId: 't#4', budget: 'owner ann (month)', limitUsd: 5 },
    ...{ usedUsd: 4.9, neededUsd: 0.2, askedUsd: 0.5, reason: 'it is used up' },
  },
  { type: 'budget.decided', approvalId: 't#4', decision: 'allow', by: 'ann' },
  { type: 'retry', delayMs: 10, error },
  { type: 'compacting', tokens: 160_000, windowTokens: 200_000 },
  { type: 'compacted', throughSeq: 7, tokens: 160_000 },
  { type: 'ping' },
  { type: 'ping', after: 4 },
  ending,
  { ...ending, status: 'failed', error: { ...error, retryable: true } },
];

const event = (of: TurnEventBody, n: number): SessionEvent => ({
  ...{ key: sessionKey('default', 's'), turnId: 't' as TurnId, attempt: 2, n, atMs: NOW, body: of },
});

describe('an event for a reader in this process', () => {
  it.each([
    ['with its number', 3],
    ['without one, as a turn that had ended before', 0],
  ])('has the fields that it has on the bus, and no others: %s', (_, n) => {
    for (const of of BODIES) {
      const onTheBus = Buffer.from(encodeEvent(event(of, n), iso(NOW))).toString();
      expect(wireEvent(event(of, n))).toStrictEqual(JSON.parse(onTheBus));
    }
  });

  it('is compared for each type that there is', () => {
    expect([...new Set(BODIES.map(({ type }) => type))].sort()).toEqual(Object.keys(EVENTS).sort());
  });
});
