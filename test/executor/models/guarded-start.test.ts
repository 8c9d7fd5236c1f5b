/** Steps behind a circuit breaker: postponed while the endpoint does not answer, those that wait on a thread as well. */
import { describe, expect, it } from 'vitest';
import { Breaker, FAILURES_TO_OPEN } from '../../../src/executor/models/breaker.ts';
import { type EndpointNews, guardedStart } from '../../../src/executor/models/guarded-start.ts';
import type { ModelEvent } from '../../../src/executor/models/wire.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';
import type {
  ModelStep,
  StepError,
  StepOutcome,
  StepSink,
} from '../../../src/session/ports/executor.ts';

const down: StepError = { type: 'connection_error', message: 'refused', retryable: true };
const retry = { type: 'retry', delayMs: 2_000, error: down } as const;
const delta = { type: 'delta', block: 0, text: 'x' } as const;
const failed: StepOutcome = { type: 'failed', error: down, partialText: '', provider: 'rehearsal' };
const cancelled: StepOutcome = { type: 'cancelled', partialText: '' };

const guarding = () => {
  const clock = virtualClock();
  const news: EndpointNews[] = [];
  /** Steps that have reached a thread. */
  const onThreads: { sink: StepSink; isCancelled: boolean }[] = [];
  const start = guardedStart(
    (_, sink) => {
      const one = { sink, isCancelled: false };
      onThreads.push(one);
      return {
        cancel: () => {
          one.isCancelled = true;
        },
      };
    },
    { breaker: new Breaker(() => 0), clock, tell: (one) => void news.push(one) },
  );
  const step = (longestWaitMs?: number, tried?: number) => {
    const heard: { events: ModelEvent[]; outcomes: StepOutcome[] } = { events: [], outcomes: [] };
    const asked = {
      retry: { maxRetries: 3, delayMs: 1, timeoutMs: 9, longestWaitMs, tried },
    } as unknown as ModelStep;
    const handle = start(asked, {
      events: (batch) => void heard.events.push(...batch),
      outcome: (outcome) => void heard.outcomes.push(outcome),
    });
    return { heard, handle };
  };
  const fail = (times = FAILURES_TO_OPEN) => {
    for (let n = 0; n < times; n++) {
      step();
      onThreads.at(-1)?.sink.outcome(failed);
    }
  };
  return { clock, news, onThreads, step, fail };
};

describe('while the endpoint answers', () => {
  it('steps go to their threads, and what they say comes through', () => {
    const { step, onThreads } = guarding();
    const { heard } = step(30_000);
    onThreads[0]?.sink.events([delta]);
    onThreads[0]?.sink.outcome(failed);
    expect(heard).toEqual({ events: [delta], outcomes: [failed] });
  });
});

it('a probe that cannot be started gives its place back', async () => {
  const breaker = new Breaker(() => 0);
  const clock = virtualClock();
  for (let n = 0; n < FAILURES_TO_OPEN; n++) breaker.failed(clock.monotonic());
  const broken = () => {
    throw new Error('a bug');
  };
  const start = guardedStart(broken, { breaker, clock, tell: () => undefined });
  await clock.advance(5_000);
  const step = { retry: { longestWaitMs: 30_000 } } as unknown as ModelStep;
  expect(() => start(step, {} as StepSink)).toThrow('a bug');
  expect(breaker.waitMs(clock.monotonic(), {})).toBeUndefined();
});

describe('while it does not', () => {
  it('a step that can wait is postponed: no thread, and no attempt of its own', async () => {
    const { clock, step, onThreads, fail, news } = guarding();
    fail();
    expect(news).toEqual([{ isOpen: true, errorType: 'connection_error' }]);
    const { heard } = step(30_000, 2);
    await clock.advance(0);
    expect(heard.outcomes).toMatchObject([
      { type: 'postponed', delayMs: 5_000, tried: 2, error: { type: 'endpoint_down' } },
    ]);
    expect(onThreads).toHaveLength(FAILURES_TO_OPEN);
  });

  it('a step that nobody waits for later goes all the same', () => {
    const { step, onThreads, fail } = guarding();
    fail();
    step();
    expect(onThreads).toHaveLength(FAILURES_TO_OPEN + 1);
  });

  it('those that wait on a thread for another attempt are taken off it, with their attempts counted', () => {
    const { step, onThreads, fail } = guarding();
    const { heard } = step(30_000, 1);
    const [first] = onThreads;
    first?.sink.events([retry]);
    fail(FAILURES_TO_OPEN - 1);
    expect(first?.isCancelled).toBe(true);
    first?.sink.outcome(cancelled);
    expect(heard.outcomes).toMatchObject([
      { type: 'postponed', tried: 2, error: down, delayMs: 5_000 },
    ]);
  });

  it('those whose answer is on its way stay', () => {
    const { step, onThreads, fail } = guarding();
    step(30_000);
    onThreads[0]?.sink.events([retry, delta]);
    fail();
    expect(onThreads[0]?.isCancelled).toBe(false);
  });

  it('one that its caller cancels is cancelled', () => {
    const { step, onThreads } = guarding();
    const { heard, handle } = step(30_000);
    onThreads[0]?.sink.events([retry]);
    handle.cancel();
    onThreads[0]?.sink.outcome(cancelled);
    expect(heard.outcomes).toEqual([cancelled]);
  });

  it('one goes when the time is over, and its first word has all of them go', async () => {
    const { clock, step, onThreads, fail, news } = guarding();
    fail();
    await clock.advance(5_000);
    step(30_000);
    const { heard } = step(30_000);
    await clock.advance(0);
    expect(heard.outcomes).toMatchObject([{ type: 'postponed' }]);
    expect(onThreads).toHaveLength(FAILURES_TO_OPEN + 1);
    onThreads.at(-1)?.sink.events([delta]);
    expect(news.at(-1)).toEqual({ isOpen: false });
    step(30_000);
    expect(onThreads).toHaveLength(FAILURES_TO_OPEN + 2);
  });

  it('a probe that is cancelled lets the next step be one', async () => {
    const { clock, step, onThreads, fail } = guarding();
    fail();
    await clock.advance(5_000);
    step(30_000);
    onThreads.at(-1)?.sink.outcome(cancelled);
    step(30_000);
    expect(onThreads).toHaveLength(FAILURES_TO_OPEN + 2);
  });

  it('a step of before that is cancelled while a probe is under way makes no second one', async () => {
    const { clock, step, onThreads, fail } = guarding();
    step(30_000);
    fail();
    await clock.advance(5_000);
    step(30_000);
    onThreads[0]?.sink.outcome(cancelled);
    step(30_000);
    expect(onThreads).toHaveLength(FAILURES_TO_OPEN + 2);
  });
});
