/** The circuit breaker: when it opens, how long it stays open, and who goes first when it may close. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Breaker, FAILURES_TO_OPEN, wordOf } from '../../../src/executor/models/breaker.ts';

const breaker = () => new Breaker(() => 0);
const failing = (of: Breaker, nowMs: number, times = FAILURES_TO_OPEN) => {
  for (let n = 0; n < times; n++) of.failed(nowMs);
  return of;
};

describe('a circuit breaker', () => {
  it('lets calls go until so many have failed in a row', () => {
    const one = failing(breaker(), 0, FAILURES_TO_OPEN - 1);
    expect([one.state(0), one.waitMs(0)]).toEqual(['closed', undefined]);
    expect(one.failed(0)).toBe(true);
    expect([one.state(0), one.waitMs(0)]).toEqual(['open', 5_000]);
    expect(one.failed(1)).toBe(false); // it is open already
  });

  it('counts from the beginning when the endpoint answers meanwhile', () => {
    const one = failing(breaker(), 0, FAILURES_TO_OPEN - 1);
    expect(one.answered()).toBe(false);
    failing(one, 0, FAILURES_TO_OPEN - 1);
    expect(one.state(0)).toBe('closed');
  });

  it('lets one call go when its time is over, and the others wait for what becomes of it', () => {
    const one = failing(breaker(), 0);
    expect(one.waitMs(4_999)).toBe(1_000);
    expect(one.state(5_000)).toBe('half-open');
    expect(one.waitMs(5_000)).toBeUndefined();
    expect(one.waitMs(5_000)).toBe(1_000);
    expect(one.answered()).toBe(true);
    expect([one.state(5_001), one.waitMs(5_001)]).toEqual(['closed', undefined]);
  });

  it('stays open twice as long when the probe fails, up to a minute', () => {
    const one = failing(breaker(), 0);
    const waits: (number | undefined)[] = [];
    for (let nowMs = 0, n = 0; n < 6; n++) {
      const waitMs = one.waitMs(nowMs) ?? 0;
      waits.push(waitMs);
      nowMs += waitMs;
      expect(one.waitMs(nowMs)).toBeUndefined();
      expect(one.failed(nowMs)).toBe(true);
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('lets another probe go when the first has ended without a word', () => {
    const one = failing(breaker(), 0);
    expect(one.waitMs(5_000)).toBeUndefined();
    one.toldNothing();
    expect(one.waitMs(5_000)).toBeUndefined();
  });

  it('spreads those that wait', () => {
    expect(failing(new Breaker(() => 1), 0).waitMs(0)).toBe(6_250);
  });

  it('never has two probes under way, and lets a call go again whatever happened', () => {
    const step = fc.record({
      of: fc.constantFrom('call', 'answered', 'failed', 'nothing'),
      laterMs: fc.nat(9_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const one = breaker();
        let nowMs = 0;
        let probes = 0;
        for (const { of, laterMs } of steps) {
          nowMs += laterMs;
          if (of === 'call' && one.state(nowMs) === 'half-open') {
            if (one.waitMs(nowMs) === undefined) probes += 1;
          } else if (of === 'answered') one.answered();
          else if (of === 'failed') one.failed(nowMs);
          else if (of === 'nothing') one.toldNothing();
          if (of !== 'call') probes = 0;
          expect(probes).toBeLessThanOrEqual(1);
        }
        one.toldNothing();
        expect(one.waitMs(nowMs + 60_000)).toBeUndefined();
      }),
    );
  });
});

it.each([
  ['failed', { type: 'connection_error' }],
  ['failed', { type: 'timeout' }],
  ['failed', { type: 'overloaded_error', status: 529 }],
  ['failed', { type: 'overloaded_error' }],
  ['failed', { type: 'api_error', status: 500 }],
  ['answered', { type: 'rate_limit_error', status: 429 }],
  ['answered', { type: 'authentication_error', status: 401 }],
  ['answered', { type: 'invalid_request_error', status: 400 }],
  ['nothing', { type: 'worker_lost' }],
  ['nothing', { type: 'internal' }],
] as const)('%s is what the endpoint is by the error %j', (word, error) => {
  expect(wordOf({ message: '', retryable: true, ...error })).toBe(word);
});
