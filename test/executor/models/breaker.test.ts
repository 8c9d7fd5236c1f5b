/** The circuit breaker: when it opens, how long it stays open, and who goes first when it may close. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Breaker,
  FAILURES_TO_OPEN,
  LONGEST_PROBE_MS,
  wordOf,
} from '../../../src/executor/models/breaker.ts';

const call = {};
const breaker = () => new Breaker(() => 0);
const failing = (of: Breaker, nowMs: number, times = FAILURES_TO_OPEN) => {
  for (let n = 0; n < times; n++) of.failed(nowMs);
  return of;
};

describe('a circuit breaker', () => {
  it('lets calls go until so many have failed in a row', () => {
    const one = failing(breaker(), 0, FAILURES_TO_OPEN - 1);
    expect([one.state(0), one.waitMs(0, call)]).toEqual(['closed', undefined]);
    expect(one.failed(0)).toBe(true);
    expect([one.state(0), one.waitMs(0, call)]).toEqual(['open', 5_000]);
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
    expect(one.waitMs(4_999, call)).toBe(3_000);
    expect(one.state(5_000)).toBe('half-open');
    expect(one.waitMs(5_000, call)).toBeUndefined();
    expect(one.waitMs(5_000, call)).toBe(3_000);
    expect(one.answered()).toBe(true);
    expect([one.state(5_001), one.waitMs(5_001, call)]).toEqual(['closed', undefined]);
  });

  it('stays open twice as long when the probe fails, up to a minute', () => {
    const one = failing(breaker(), 0);
    const waits: (number | undefined)[] = [];
    for (let nowMs = 0, n = 0; n < 6; n++) {
      const waitMs = one.waitMs(nowMs, call) ?? 0;
      waits.push(waitMs);
      nowMs += waitMs;
      expect(one.waitMs(nowMs, call)).toBeUndefined();
      expect(one.failed(nowMs)).toBe(true);
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('lets another probe go when the first has ended without a word', () => {
    const one = failing(breaker(), 0);
    expect(one.waitMs(5_000, call)).toBeUndefined();
    one.toldNothing(call);
    expect(one.waitMs(5_000, call)).toBeUndefined();
  });

  it('waits for its probe whatever other calls leave unsaid', () => {
    const one = failing(breaker(), 0);
    expect(one.waitMs(5_000, call)).toBeUndefined();
    one.toldNothing({}); // of before it opened, and cancelled now
    expect(one.waitMs(5_000, {})).toBe(3_000);
  });

  it('lets another probe go when the first has said nothing for long, and then hears what either says', () => {
    const one = failing(breaker(), 0);
    const [first, second] = [{}, {}];
    const lateMs = 5_000 + LONGEST_PROBE_MS;
    expect(one.waitMs(5_000, first)).toBeUndefined();
    expect(one.waitMs(lateMs - 1, second)).toBe(3_000);
    expect(one.waitMs(lateMs, second)).toBeUndefined();
    one.toldNothing(first);
    expect(one.waitMs(lateMs, call)).toBe(3_000);
    expect(one.answered()).toBe(true);
  });

  it('spreads those that wait', () => {
    expect(failing(new Breaker(() => 1), 0).waitMs(0, call)).toBe(6_250);
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
        let probeMs = 0;
        for (const { of, laterMs } of steps) {
          nowMs += laterMs;
          if (of === 'call' && one.state(nowMs) === 'half-open') {
            if (nowMs - probeMs >= LONGEST_PROBE_MS) probes = 0;
            if (one.waitMs(nowMs, call) === undefined) {
              probes += 1;
              probeMs = nowMs;
            }
          } else if (of === 'answered') one.answered();
          else if (of === 'failed') one.failed(nowMs);
          else if (of === 'nothing') one.toldNothing(call);
          if (of !== 'call') probes = 0;
          expect(probes).toBeLessThanOrEqual(1);
        }
        one.toldNothing(call);
        expect(one.waitMs(nowMs + 60_000, call)).toBeUndefined();
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
