/** How turns end: what the ledger keeps of each, what its readers are told, and what its session is then. */
import { describe, expect, it } from 'vitest';
import type { TurnId } from '../../../src/model/ids.ts';
import { emptyUsage } from '../../../src/model/usage.ts';
import type { Input } from '../../../src/session/machine/input.ts';
import type { StepOutcome } from '../../../src/session/ports/executor.ts';
import {
  CANCEL,
  decided,
  effects,
  entriesOf,
  eventsOf,
  failed,
  NOW,
  prompt,
  recordsOf,
  refusedTools,
  refuses,
  run,
  said,
  step,
  toolUse,
} from './support.ts';

describe('a turn that ends', () => {
  it('stands in the ledger with everything that is known of it', () => {
    const { last } = run(prompt('a', { traceId: 'trace' as never }), step('a', said('x')));
    const record = {
      ...{ turnId: 'a', status: 'completed', stopReason: 'end_turn', error: undefined },
      ...{ seq: 1, lastSeq: 2, promptHash: 'hash of a', traceId: 'trace' },
      ...{ acceptedAtMs: NOW, startedAtMs: NOW, finishedAtMs: NOW },
      ...{ usage: { ...emptyUsage, inputTokens: 10, outputTokens: 5 }, costNanoUsd: 70 },
      ...{ steps: 1, attempt: 1, retries: 0 },
    };
    expect(recordsOf(last)).toEqual([record]);
    expect(last.effects).toContainEqual({ type: 'closed', record });
    expect(eventsOf(last)).toMatchObject([
      { type: 'message', seq: 2 },
      { type: 'turn.finished', text: 'x' },
    ]);
  });

  it('adds up what its steps used and cost, and so does its session', () => {
    const { last, state } = run(prompt('a'), ...refusedTools('a', 1), step('a', said('x'), 3));
    const spent = { usage: { inputTokens: 20, outputTokens: 10 }, costNanoUsd: 140 };
    expect(recordsOf(last)).toMatchObject([{ ...spent, steps: 2 }]);
    expect(state.head).toMatchObject(spent);
  });

  it.each([[[null, 70]], [[70, null]]])(
    'has an unknown cost where one of its steps has: %j',
    ([first, second]) => {
      const { last, state } = run(
        prompt('a'),
        step('a', { ...toolUse, costNanoUsd: first } as StepOutcome),
        decided('a', 2, refuses('tu_1')),
        step('a', said('x', { costNanoUsd: second as number | null }), 3),
      );
      expect(recordsOf(last)).toMatchObject([{ costNanoUsd: null }]);
      expect(state.head).toMatchObject({ costNanoUsd: 70, unpricedAnswers: 1 });
    },
  );

  it('counts the retries of its steps, and so does its session', () => {
    const retried = { ...step('a', said('x')), retries: 2 } as Input;
    const { last, state } = run(prompt('a'), retried);
    expect(recordsOf(last)).toMatchObject([{ retries: 2 }]);
    expect(state.head.retryCount).toBe(2);
    expect(run(prompt('a'), step('a', said('x'))).state.head.retryCount).toBe(0);
  });

  it('lets its session rest, or go on with what waits', () => {
    expect(run(prompt('a'), step('a', said('x'))).state.head.status).toBe('idle');
    const { state } = run(prompt('a'), prompt('b'), step('a', said('x')));
    expect(state.head.status).toBe('running');
  });

  it('ends a background session, as its last turn went, and none before that', () => {
    const background = prompt('a', { settings: { mode: 'background' } });
    expect(run(background, step('a', said('x'))).state.head.status).toBe('completed');
    expect(run(background, step('a', failed())).state.head.status).toBe('failed');
    const first = run(background, prompt('b'), step('a', said('x')));
    expect(first.state.head.status).toBe('running');
    const both = run(background, prompt('b'), step('a', failed()), step('b', said('x')));
    expect(both.state.head.status).toBe('completed');
  });
});

describe('a cancel', () => {
  it('is answered when its turn has closed', () => {
    expect(run(prompt('a'), CANCEL).last).toMatchObject({
      ...{ answer: { type: 'turnClosed', turnId: 'a' }, state: { cancelling: 'a' } },
      effects: [{ type: 'cancelRun', runId: 'a#1' }],
    });
  });

  it('of a queued turn closes that one, without a word, and no other', () => {
    const { last, state } = run(prompt('a'), prompt('b'), prompt('c'), {
      ...{ type: 'cancel', turnId: 'b' as TurnId },
    });
    expect(entriesOf(last)).toMatchObject([
      { view: { type: 'rollback', fromSeq: 2, throughSeq: 2, turnId: 'b' } },
    ]);
    expect(recordsOf(last)).toMatchObject([{ turnId: 'b', status: 'cancelled', stopReason: null }]);
    expect(eventsOf(last)).toMatchObject([{ type: 'turn.finished', text: '' }]);
    expect(state.head.openTurns.map(({ turnId }) => turnId)).toEqual(['a', 'c']);
    expect(state.head.numTurns).toBe(1);
  });
});

describe('turns that end with their session', () => {
  const error = { code: 'internal', message: 'it broke', retryable: false };

  it('are interrupted where it is parked, with the reason for the audit', () => {
    const { last, state } = run(prompt('a'), prompt('b'), { type: 'park', error });
    expect(recordsOf(last)).toMatchObject([
      { turnId: 'a', status: 'interrupted', stopReason: null, error },
      { turnId: 'b', status: 'interrupted', stopReason: null, error },
    ]);
    expect(eventsOf(last)).toMatchObject([{ text: '' }, { text: '' }]);
    expect(last.writes.at(-1)).toEqual({
      type: 'audit',
      record: {
        ...{ kind: 'lifecycle', action: 'parked', atMs: NOW, by: 'supervisor' },
        details: { reason: 'it broke' },
      },
    });
    expect(state.head).toMatchObject({ errorCount: 1, openTurns: [] });
    expect(effects(last).at(-1)).toBe('stop');
  });

  it('are cancelled where it is deleted, and say so', () => {
    const { last } = run(prompt('a'), prompt('b'), {
      ...{ type: 'delete', by: 'me', ifVersion: undefined, tombstoneMs: 5 },
    });
    const gone = { code: 'session_deleted', message: 'the session was deleted', retryable: false };
    expect(recordsOf(last)).toMatchObject([
      { turnId: 'a', status: 'cancelled', stopReason: null, error: gone },
      { turnId: 'b', status: 'cancelled', stopReason: null, error: gone },
    ]);
    expect(eventsOf(last)).toMatchObject([{ text: '' }, { text: '' }]);
    expect(effects(last).filter((type) => type === 'cancelRun')).toHaveLength(1);
    expect(last.writes).toContainEqual({
      type: 'audit',
      record: { kind: 'lifecycle', action: 'deleted', atMs: NOW, by: 'me' },
    });
    expect(last.answer).toEqual({ type: 'deleted' });
  });

  it('are not there where it is swept, which the audit tells from a delete', () => {
    const { last } = run(
      { type: 'create', settings: {} },
      { type: 'delete', by: 'cleaner', ifVersion: 1, tombstoneMs: 5 },
    );
    expect(last.writes).toEqual([
      {
        type: 'audit',
        record: { kind: 'lifecycle', action: 'swept', atMs: NOW, by: 'cleaner' },
      },
      { type: 'delete', tombstoneUntilMs: NOW + 5 },
    ]);
  });
});

describe('a turn that waits behind another', () => {
  const money = { settings: { limits: { maxCostUsd: 7e-8 } } };

  it('ends unpaid once the money is spent, and says what was spent', () => {
    const { last } = run(prompt('a', money), prompt('b'), step('a', said('x')));
    expect(recordsOf(last)[1]).toMatchObject({
      ...{ turnId: 'b', status: 'failed', stopReason: null, startedAtMs: undefined },
      error: {
        ...{ code: 'budget_exceeded', retryable: false },
        message: 'the session has cost its 7e-8 dollars',
      },
    });
    expect(entriesOf(last)[1]).toMatchObject({
      view: { type: 'rollback', fromSeq: 2, throughSeq: 2, turnId: 'b' },
    });
    expect(eventsOf(last).at(-1)).toMatchObject({ type: 'turn.finished', text: '' });
  });

  it('starts while there is a little money left', () => {
    const enough = { settings: { limits: { maxCostUsd: 7.1e-8 } } };
    const { state } = run(prompt('a', enough), prompt('b'), step('a', said('x')));
    expect(state.head.openTurns).toMatchObject([{ turnId: 'b', status: 'running' }]);
  });

  it('counts towards the most turns, and one that runs does not count twice', () => {
    const two = { settings: { limits: { maxTurns: 2 } } };
    expect(run(prompt('a', two), prompt('b')).state.head.openTurns).toHaveLength(2);
    const three = { settings: { limits: { maxTurns: 3 } } };
    expect(() => run(prompt('a', three), prompt('b'), prompt('c'))).not.toThrow();
  });
});
