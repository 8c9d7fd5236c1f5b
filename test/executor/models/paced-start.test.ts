/** Steps at the pace of the API: one that is refused for its rate has the others wait, and together they find the rate. */
import { describe, expect, it } from 'vitest';
import { PacedStart } from '../../../src/executor/models/paced-start.ts';
import type { ModelSink } from '../../../src/executor/models/wire.ts';
import { GreenroomError } from '../../../src/model/errors.ts';
import { sessionKey } from '../../../src/model/ids.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';
import type {
  ModelStep,
  StepError,
  StepOutcome,
  StepSink,
} from '../../../src/session/ports/executor.ts';

const tooMany: StepError = { type: 'rate_limit_error', message: 'slowly', retryable: true };
const answered = { type: 'message' } as StepOutcome;

interface Wanted {
  readonly model?: string;
  readonly longestWaitMs?: number | undefined;
  readonly tenant?: string;
}

const pacing = () => {
  const clock = virtualClock();
  /** Those that were asked of the API. */
  const asked: { readonly name: string; readonly sink: ModelSink }[] = [];
  const told: unknown[] = [];
  const faults: unknown[] = [];
  const { start, isHeld } = new PacedStart({
    clock,
    provider: 'rehearsal',
    start: (step, sink) => {
      if (faults.length > 0) throw faults.shift();
      asked.push({ name: String(step.system), sink });
      return { cancel: () => sink.outcome({ type: 'cancelled', partialText: '' }) };
    },
  });
  const step = (
    name: string,
    { model = 'm', longestWaitMs = 30_000, tenant = 't' }: Wanted = {},
  ) => {
    const outcomes: StepOutcome[] = [];
    const wanted = { model, system: name, retry: { longestWaitMs } } as unknown as ModelStep;
    const about = { tenant, sessionId: name };
    const sink: StepSink = {
      about,
      events: (batch) => told.push(...batch),
      outcome: (it) => outcomes.push(it),
    };
    return { outcomes, handle: start(wanted, sink) };
  };
  const names = () => asked.map(({ name }) => name);
  const sinkOf = (name: string): ModelSink => {
    const one = asked.findLast((each) => each.name === name);
    if (one === undefined) throw new Error(`${name} was not asked`);
    return one.sink;
  };
  const limit = (name: string, delayMs: number) =>
    sinkOf(name).events([{ type: 'retry', delayMs, error: tooMany }]);
  const answer = (name: string) => sinkOf(name).outcome(answered);
  /** So much is left of the API's limit, which is whole again in a minute. */
  const near = (name: string, part: number) =>
    sinkOf(name).events([{ type: 'rate', part, wholeInMs: 60_000 }]);
  const held = (name: string) => isHeld(sessionKey('t', name));
  return { clock, step, names, limit, near, answer, faults, told, held };
};

describe('a step', () => {
  it('goes at once while the API says nothing of its rate', () => {
    const { step, names } = pacing();
    for (let n = 0; n < 300; n += 1) step(`s${n}`);
    expect(names()).toHaveLength(300);
  });

  it('waits while another one of its model is refused for its rate, then goes', async () => {
    const { step, names, limit, clock } = pacing();
    step('a');
    limit('a', 5_000);
    step('b');
    step('other', { model: 'n' });
    expect(names()).toEqual(['a', 'other']);
    await clock.advance(4_999);
    expect(names()).toHaveLength(2);
    await clock.advance(1);
    expect(names()).toEqual(['a', 'other']); // one at a time now, and `a` is tried again
  });

  it('is known to wait, until it goes or is cancelled', async () => {
    const { step, limit, held, answer, clock } = pacing();
    step('a');
    limit('a', 5_000);
    step('b');
    const { handle } = step('c');
    expect(['a', 'b', 'c'].map(held)).toEqual([false, true, true]);
    handle.cancel();
    expect(held('c')).toBe(false);
    await clock.advance(5_000);
    answer('a');
    expect(held('b')).toBe(false);
  });

  it('waits half a minute at most for what another one was told', async () => {
    const { step, names, limit, answer, clock } = pacing();
    step('a');
    step('b');
    limit('a', 3_600_000);
    answer('b');
    step('c');
    step('d', { longestWaitMs: undefined });
    await clock.advance(29_999);
    expect(names()).toEqual(['a', 'b']);
    answer('a');
    await clock.advance(1);
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('that is cancelled while it waits never goes', async () => {
    const { step, names, limit, answer, clock } = pacing();
    step('a');
    limit('a', 1_000);
    const b = step('b');
    b.handle.cancel();
    expect(b.outcomes).toEqual([{ type: 'cancelled', partialText: '' }]);
    await clock.advance(1_000);
    answer('a');
    expect(names()).toEqual(['a']);
  });

  it('that cannot be started gives its turn back', async () => {
    const { step, names, limit, answer, faults, clock } = pacing();
    faults.push(new GreenroomError('unavailable', 'too many wait'));
    expect(() => step('x')).toThrow('too many wait');
    step('a');
    limit('a', 1_000);
    const b = step('b');
    step('c');
    await clock.advance(1_000);
    faults.push(new GreenroomError('unavailable', 'too many wait'));
    answer('a');
    expect(b.outcomes).toMatchObject([{ type: 'postponed', error: { type: 'unavailable' } }]);
    expect(names()).toEqual(['a', 'c']);
  });
});

it('all sessions together find the rate: half as many after a refusal, then more and more', async () => {
  const { step, names, limit, answer, clock } = pacing();
  for (let n = 0; n < 8; n += 1) step(`s${n}`);
  for (const name of ['s0', 's1', 's2']) limit(name, 1_000); // they went together: that counts once
  for (let n = 8; n < 60; n += 1) step(`s${n}`);
  await clock.advance(1_000);
  for (let n = 0; n < 8; n += 1) answer(`s${n}`);
  const atOnce = () => names().length - answeredNames.size;
  const answeredNames = new Set(names().slice(0, 8));
  const most: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    const running = names().filter((name) => !answeredNames.has(name));
    most.push(atOnce());
    for (const name of running) {
      answeredNames.add(name);
      answer(name);
    }
  }
  expect(most[0]).toBeGreaterThanOrEqual(4);
  expect(most[0]).toBeLessThan(8);
  expect(most.at(-2)).toBeGreaterThan(most[0] ?? 0);
});

describe('where little is left of the API’s limit', () => {
  it('fewer go the less it is, and none is told of it', () => {
    const { step, names, near, answer, told } = pacing();
    for (let n = 0; n < 8; n += 1) step(`s${n}`);
    near('s0', 0.1); // half of what is near: half as many
    for (let n = 8; n < 20; n += 1) step(`s${n}`);
    for (let n = 0; n < 5; n += 1) {
      if (n > 0) near(`s${n}`, 0.1);
      answer(`s${n}`);
    }
    expect(names()).toHaveLength(9); // of eight three go on, and one more
    expect(told).toEqual([]);
  });

  it('all go again when one that went since then is answered without a word of it', () => {
    const { step, names, near, answer, clock } = pacing();
    for (let n = 0; n < 2; n += 1) step(`s${n}`);
    near('s0', 0.05);
    for (let n = 2; n < 9; n += 1) step(`s${n}`);
    answer('s0');
    answer('s1'); // it had gone before
    expect(names()).toHaveLength(3);
    return clock.advance(1).then(() => {
      answer('s2');
      step('s9');
      expect(names().length).toBeLessThanOrEqual(4);
      return clock.advance(1).then(() => {
        answer('s3');
        expect(names()).toHaveLength(10);
      });
    });
  });

  it('none go where nothing is left, until some of it is back', async () => {
    const { step, names, near, answer, clock } = pacing();
    step('a');
    near('a', 0);
    answer('a');
    step('b');
    await clock.advance(2_999); // a twentieth of a minute
    expect(names()).toEqual(['a']);
    await clock.advance(1);
    expect(names()).toEqual(['a', 'b']);
  });

  it('nothing holds any more once all of it is back', async () => {
    const { step, names, near, answer, clock } = pacing();
    for (let n = 0; n < 2; n += 1) step(`s${n}`);
    near('s0', 0.02);
    for (let n = 0; n < 2; n += 1) answer(`s${n}`);
    await clock.advance(60_000);
    for (let n = 2; n < 9; n += 1) step(`s${n}`);
    expect(names()).toHaveLength(9);
  });
});

it('after a minute without a refusal they are twice as many with each round', async () => {
  const { step, names, limit, answer, clock } = pacing();
  step('s0');
  limit('s0', 1_000);
  await clock.advance(70_000);
  for (let n = 1; n < 70; n += 1) step(`s${n}`);
  const counts: number[] = [];
  for (let round = 0, done = 0; round < 5; round += 1) {
    const running = names().slice(done);
    done += running.length;
    counts.push(running.length);
    for (const name of running) answer(name);
  }
  expect(counts).toEqual([1, 2, 4, 8, 16]);
});

it('tenants take turns while the rate is limited', async () => {
  const { step, names, limit, answer, clock } = pacing();
  step('first', { tenant: 'many' });
  limit('first', 1_000);
  for (let n = 0; n < 20; n += 1) step(`m${n}`, { tenant: 'many' });
  step('few', { tenant: 'few' });
  await clock.advance(1_000);
  for (let n = 0; n < 2; n += 1) answer(names().at(-1) ?? '');
  expect(names()).toContain('few');
});
