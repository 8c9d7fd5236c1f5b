/** What telemetry reports is added up while somebody wants it, and at no other time. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { Counting } from '../../src/metrics/counting.ts';
import { LoopDelay } from '../../src/metrics/loop-delay.ts';
import { type Family, textOf } from '../../src/metrics/text-format.ts';
import { TELEMETRY } from '../../src/model/telemetry.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { readExposition } from './exposition.ts';

const counting = (): Counting => {
  const started = new Counting();
  started.start((error) => {
    throw error;
  });
  onTestFinished(() => started.stop());
  return started;
};

/** The samples that are not 0, as `name{label}`. */
const counted = (families: readonly Family[]): Record<string, number> =>
  Object.fromEntries(
    readExposition(textOf(families))
      .flatMap(({ samples }) => samples)
      .filter(({ name, value }) => value !== 0 && !name.endsWith('_bucket'))
      .map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
  );

const session = { tenant: 'acme', sessionId: 's' };
const turn = { ...session, turnId: 't', traceId: 'x', attempt: 1 };
const spent = { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4 };

describe('counting', () => {
  it('hears what it counts from its start to its stop', () => {
    const heard = () => Object.values(TELEMETRY).filter(({ isHeard }) => isHeard);
    const idle = new Counting();
    expect(heard()).toEqual([]);
    idle.start(() => undefined);
    expect(heard().map(({ name }) => name)).toContain('greenroom.turn.stop');
    expect(TELEMETRY.turnStart.isHeard).toBe(false);
    idle.stop();
    expect(heard()).toEqual([]);
  });

  it('adds up the turns, their tokens and their cost', () => {
    const metrics = counting();
    const stop = { ...turn, ...spent, durationMs: 1_500 };
    TELEMETRY.turnStop.tell({ ...stop, status: 'completed', costUsd: 0.25 });
    TELEMETRY.turnStop.tell({ ...stop, status: 'failed', code: 'internal', costUsd: null });
    expect(counted(metrics.families())).toEqual({
      'greenroom_turns_total completed': 1,
      'greenroom_turns_total failed': 1,
      greenroom_turn_duration_seconds_count: 2,
      greenroom_turn_duration_seconds_sum: 3,
      greenroom_cost_dollars_total: 0.25,
      greenroom_unpriced_turns_total: 1,
      'greenroom_tokens_total input': 2,
      'greenroom_tokens_total output': 4,
      'greenroom_tokens_total cache_read': 6,
      'greenroom_tokens_total cache_write': 8,
    });
  });

  it('of refused turns counts those that are refused for good', () => {
    const metrics = counting();
    const refused = { ...session, turnId: 't', traceId: 'x', via: 'queue', code: 'queue_full' };
    TELEMETRY.turnRefused.tell({ ...refused, isFinal: false });
    TELEMETRY.turnRefused.tell({ ...refused, isFinal: true });
    expect(counted(metrics.families())).toEqual({ 'greenroom_turns_refused_total queue_full': 1 });
  });

  it('counts crashes by the part of the tree, whatever is below it', () => {
    const metrics = counting();
    const crash = { reason: 'boom', restarts: 0 };
    TELEMETRY.actorCrash.tell({ ...crash, actor: 'greenroom/storage/journal' });
    TELEMETRY.actorCrash.tell({ ...crash, actor: 'greenroom/storage/text/index' });
    TELEMETRY.actorCrash.tell({ ...crash, actor: 'greenroom/sessions/supervisor/a/b', ...session });
    TELEMETRY.actorCrash.tell({ ...crash, actor: 'greenroom' });
    expect(counted(metrics.families())).toEqual({
      'greenroom_actor_crashes_total storage': 2,
      'greenroom_actor_crashes_total session': 1,
      'greenroom_actor_crashes_total greenroom': 1,
    });
  });

  it('has as many series after any number of sessions as after one', () => {
    const metrics = counting();
    const series = () => textOf(metrics.families()).split('\n').length;
    const work = (at: number) => {
      const own = { ...turn, tenant: `tenant-${at}`, sessionId: `s-${at}`, turnId: `t-${at}` };
      const ended = { ...own, ...spent, durationMs: at, costUsd: 0 };
      TELEMETRY.turnAccepted.tell(own);
      TELEMETRY.turnStop.tell({ ...ended, status: 'completed' });
      TELEMETRY.commit.tell({ ...session, version: at, durationMs: at });
      TELEMETRY.toolStop.tell({
        ...own,
        tool: 'Read',
        toolUseId: 'u',
        outcome: 'ok',
        durationMs: at,
      });
    };
    work(0);
    const before = series();
    for (let at = 1; at < 1_000; at += 1) work(at);
    expect(series()).toBe(before);
  });
});

describe('the delay of the loop', () => {
  const sample = (delay: LoopDelay, name: string) =>
    counted([delay.family()])[`greenroom_event_loop_delay_seconds_${name}`] ?? 0;

  it('is measured from the first look on, until it is stopped', async () => {
    const clock = virtualClock();
    const delay = new LoopDelay(clock);
    await clock.advance(1_000);
    expect([clock.timers, sample(delay, 'count')]).toEqual([0, 0]);
    await clock.advance(1_000);
    expect(sample(delay, 'count')).toBe(20);
    delay.stop();
    expect(clock.timers).toBe(0);
  });

  it('is how long the loop was blocked', async () => {
    const clock = virtualClock();
    const delay = new LoopDelay(clock);
    onTestFinished(() => delay.stop());
    sample(delay, 'count');
    clock.jump(450);
    await clock.advance(0);
    expect([sample(delay, 'count'), sample(delay, 'sum')]).toEqual([1, 0.4]);
  });
});
