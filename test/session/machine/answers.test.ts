/** What the outcome of a step makes of its turn: what is written, what is told, and what the model sees of it. */
import { describe, expect, it } from 'vitest';
import { emptyUsage } from '../../../src/model/usage.ts';
import type { StepOutcome } from '../../../src/session/ports/executor.ts';
import {
  bytes,
  CANCEL,
  effects,
  entriesOf,
  eventsOf,
  failed,
  NOW,
  prompt,
  recordsOf,
  run,
  said,
  step,
  toolUse,
} from './support.ts';

describe('an answer', () => {
  it('is written with what made it', () => {
    const { last } = run(prompt('a'), step('a', said('x')));
    expect(entriesOf(last)).toEqual([
      {
        ...{ kind: 'message', seq: 2, position: 2, atMs: NOW, role: 'assistant', id: 'msg_x' },
        body: bytes('{"role":"assistant","content":[{"type":"text","text":"x"}]}'),
        ...{ turnId: 'a', model: 'claude-sonnet-5', provider: 'rehearsal', costNanoUsd: 70 },
        ...{ stopReason: 'end_turn', usage: { ...emptyUsage, inputTokens: 10, outputTokens: 5 } },
      },
    ]);
  });

  it('says who answers in this session, and a later one does not', () => {
    const { state } = run(
      prompt('a'),
      step('a', said('x', { provider: 'anthropic' })),
      prompt('b', { provider: 'rehearsal' }),
      step('b', said('y', { provider: 'rehearsal' })),
    );
    expect(state.head.provider).toBe('anthropic');
  });

  it('that was refused is told, and seen neither by people’s counts nor by the model', () => {
    const { last, state } = run(prompt('a'), step('a', said('x', { stopReason: 'refusal' })));
    expect(entriesOf(last)).toMatchObject([
      { kind: 'message', isPartial: true },
      { kind: 'view', view: { type: 'rollback', fromSeq: 1, throughSeq: 2, turnId: 'a' } },
    ]);
    expect(effects(last)).not.toContain('see');
    expect(state.head.messageCount).toBe(1);
    expect(recordsOf(last)).toMatchObject([
      {
        ...{ status: 'failed', stopReason: 'refusal' },
        error: {
          ...{ code: 'refusal', retryable: false },
          message: 'the model refused; the turn is out of its view',
        },
      },
    ]);
  });

  it('without a block asks for no tools, whatever else it says', () => {
    const empty = bytes('{"role":"assistant","content":[]}');
    const { last } = run(prompt('a'), step('a', { ...toolUse, body: empty } as StepOutcome));
    expect(entriesOf(last)).toMatchObject([{ isPartial: true }]);
  });

  it('without tools that pauses goes on with no message in between', () => {
    const { last } = run(prompt('a'), step('a', said('x', { stopReason: 'pause_turn' })));
    expect(entriesOf(last)).toHaveLength(1);
    expect(effects(last)).toEqual(['message', 'see', 'startModel']);
  });

  it('is the last one of a turn that was told to stop', () => {
    const { last } = run(prompt('a'), CANCEL, step('a', toolUse));
    expect(recordsOf(last)).toMatchObject([{ status: 'cancelled', stopReason: 'tool_use' }]);
    expect(last.state.cancelling).toBeUndefined();
  });

  it.each([
    ['the turn', prompt('a', { options: { maxCostUsd: 7e-8 } })],
    ['the session', prompt('a', { settings: { limits: { maxCostUsd: 7e-8 } } })],
  ])('that costs the last of the money of %s is the last one', (_, first) => {
    const { last } = run(first, step('a', toolUse));
    expect(recordsOf(last)).toMatchObject([{ status: 'completed', stopReason: 'budget_exceeded' }]);
  });
});

describe('a step that gave no answer', () => {
  it('keeps what was said of it for people, and none of it for the model', () => {
    const { last, state } = run(
      prompt('a'),
      step('a', { ...failed(), partialText: 'half' } as StepOutcome),
    );
    expect(entriesOf(last)).toEqual([
      {
        ...{ kind: 'message', seq: 2, atMs: NOW, role: 'assistant', isPartial: true, turnId: 'a' },
        body: bytes('{"role":"assistant","content":"half"}'),
      },
    ]);
    expect(recordsOf(last)).toMatchObject([{ lastSeq: 2, stopReason: null }]);
    expect(eventsOf(last)).toMatchObject([{ type: 'turn.finished', text: 'half' }]);
    expect(state.head.messageCount).toBe(1);
  });

  it('fails its turn with its error, which its session names and counts', () => {
    const { last, state } = run(prompt('a'), step('a', failed({ retryable: true })));
    const error = { code: 'api_error', message: 'no', retryable: true };
    expect(recordsOf(last)).toMatchObject([{ status: 'failed', error, lastSeq: 1 }]);
    expect(state.head).toMatchObject({ errorCount: 1, lastError: error });
    expect(entriesOf(last)).toEqual([]);
  });

  it.each([
    [400, false, true],
    [413, false, true],
    [400, true, false],
    [413, true, false],
    [500, false, false],
  ])('with %i, retryable %s, takes its prompt out of view: %s', (status, retryable, isOut) => {
    const { last } = run(prompt('a'), step('a', failed({ status, retryable })));
    expect(entriesOf(last).map(({ kind }) => kind)).toEqual(isOut ? ['view'] : []);
  });

  it('leaves in view what earlier steps of the turn were answered with', () => {
    const { last } = run(prompt('a'), step('a', toolUse), step('a', failed({ status: 400 }), 2));
    expect(entriesOf(last)).toEqual([]);
  });

  it('ends as cancelled what was told to stop, however it went, and is no error', () => {
    const error = { type: 'rate_limit_error', message: 'later', retryable: true };
    const postponed: StepOutcome = { type: 'postponed', error, delayMs: 40_000, tried: 1 };
    for (const outcome of [failed(), postponed, { type: 'cancelled', partialText: '' } as const]) {
      const { last, state } = run(prompt('a'), CANCEL, step('a', outcome));
      expect(recordsOf(last)).toMatchObject([{ status: 'cancelled', stopReason: null }]);
      expect(entriesOf(last)).toEqual([]);
      expect(state.head).toMatchObject({ errorCount: 0, status: 'idle' });
    }
  });
});
