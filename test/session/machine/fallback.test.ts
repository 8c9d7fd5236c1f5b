/** A session's fallback model: when it is asked, for how long, and when that would not help. */
import { describe, expect, it } from 'vitest';
import type { TurnId } from '../../../src/model/ids.ts';
import type { StepOutcome } from '../../../src/session/ports/executor.ts';
import {
  CANCEL,
  effects,
  eventsOf,
  failed,
  prompt,
  recordsOf,
  run,
  said,
  step,
} from './support.ts';

const FALLBACK = 'claude-haiku-4-5';
const withFallback = (more: object = {}) =>
  prompt('a', { settings: { model: 'claude-opus-5', fallbackModel: FALLBACK, ...more } });
const overloaded = failed({ retryable: true, status: 529 });

const modelOfTurn = (state: ReturnType<typeof run>['state']) =>
  state.head.openTurns.find(({ turnId }) => turnId === ('a' as TurnId))?.options.model;

describe('a turn whose model does not answer', () => {
  it('goes on with the fallback model, and says so', () => {
    const { last, state } = run(withFallback(), step('a', overloaded));
    expect(modelOfTurn(state)).toBe(FALLBACK);
    expect(effects(last)).toContain('startModel');
    expect(eventsOf(last)).toEqual([
      { type: 'retry', delayMs: 0, model: FALLBACK, error: expect.anything() },
    ]);
    expect(state.head).toMatchObject({ status: 'running', retryCount: 1, errorCount: 0 });
  });

  it('is answered by it, and the next turn asks the first model again', () => {
    const { last, state } = run(
      withFallback(),
      step('a', overloaded),
      step('a', said('x', { model: FALLBACK }), 2),
      prompt('b'),
    );
    expect(state.head.openTurns).toMatchObject([{ turnId: 'b', options: {} }]);
    expect(state.head.openTurns[0]?.options.model).toBeUndefined();
    expect(state.head.model).toBe('claude-opus-5');
    expect(recordsOf(last)).toEqual([]);
  });

  it('fails when the fallback model does not answer either', () => {
    const { last } = run(withFallback(), step('a', overloaded), step('a', overloaded, 2));
    expect(recordsOf(last)).toMatchObject([{ status: 'failed', retries: 1 }]);
  });

  it.each<[string, object, StepOutcome]>([
    ['there is none', { fallbackModel: undefined }, overloaded],
    ['it is the same', { fallbackModel: 'claude-opus-5' }, overloaded],
    ['the request is wrong', {}, failed({ retryable: false, status: 400 })],
    [
      'it has no price under a limit',
      { fallbackModel: 'x', limits: { maxCostUsd: 1 } },
      overloaded,
    ],
  ])('fails where %s', (_, settings, outcome) => {
    const { last } = run(withFallback(settings), step('a', outcome));
    expect(recordsOf(last)).toMatchObject([{ status: 'failed' }]);
  });

  it('has no other model any more once `none` was set', () => {
    const none = { type: 'settings', settings: { fallbackModel: 'none' } } as const;
    const { last, state } = run(withFallback(), none, step('a', overloaded));
    expect(recordsOf(last)).toMatchObject([{ status: 'failed' }]);
    expect(state.head.fallbackModel).toBeUndefined();
  });

  it('is cancelled rather than asked again', () => {
    const { last } = run(withFallback(), CANCEL, step('a', overloaded));
    expect(recordsOf(last)).toMatchObject([{ status: 'cancelled' }]);
  });
});
