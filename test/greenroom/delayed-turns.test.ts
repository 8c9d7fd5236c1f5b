/** Turns that begin at a time: durable from their acceptance on, out of everybody's way until then, and begun once. */

import { describe, expect, it } from 'vitest';
import { verifyInChild } from '../../src/storage/verify/verify.ts';
import { type TestGreenroom, testGreenroom, unstartedGreenroom } from '../support/greenroom.ts';
import { GreenroomProcess } from '../support/greenroom-process.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Its turn waits for a person. */
const ASKS = '[[rehearse: tool=Bash input={"command":"touch made"}]] [[rehearse: text=done]]';

const at = (ms: number) => ({ deliverAt: new Date(ms).toISOString() });
const turnsOf = async (test: TestGreenroom, name: string) => {
  const { turns } = await test.sessions.turns(name);
  return turns.map(({ turnId, status }) => `${turnId} ${status}`).toSorted();
};
const texts = async (test: TestGreenroom, name: string) => {
  const { entries } = await test.sessions.messages(name);
  return entries.flatMap((entry) =>
    entry.type === 'message' && entry.message.role === 'user' ? [entry.message.content] : [],
  );
};

describe('a turn that is set for a time', () => {
  it('waits as queued beside the others, and begins then, behind what was said meanwhile', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock, passivateMinutes: 1 });
    const dueMs = clock.now() + HOUR_MS;
    const later = test.begin('s', 'good morning', { turnId: 'later', ...at(dueMs) });
    await later.saw('turn.accepted');
    const { turns } = await test.sessions.turns('s');
    expect(turns[0]).toMatchObject({ turnId: 'later', status: 'queued', ...at(dueMs) });
    expect(await test.sessions.get('s')).toMatchObject({ status: 'waiting', messageCount: 0 });
    expect(await test.sessions.explain('s')).toMatchObject({
      waitsFor: 'time',
      delayed: [{ turnId: 'later', ...at(dueMs) }],
    });
    await test.run('s', 'in between', { turnId: 'now' });
    expect(test.lastCall).not.toContain('good morning');
    expect((await test.sessions.get('s')).status).toBe('waiting');
    expect(await test.journal.due('delayed', { limit: 9 })).toHaveLength(1);
    clock.skip(2 * MINUTE_MS);
    await until(() => test.live('s') === undefined);
    clock.skip(57 * MINUTE_MS);
    expect(await turnsOf(test, 's')).toEqual(['later queued', 'now completed']);
    clock.skip(MINUTE_MS);
    expect(await later.finished()).toMatchObject({ status: 'completed' });
    expect(await texts(test, 's')).toEqual(['in between', 'good morning']);
    expect(test.modelCalls).toHaveLength(2);
    expect(await test.journal.due('delayed', { limit: 9 })).toEqual([]);
    expect(await test.sessions.get('s')).toMatchObject({ status: 'idle', numTurns: 2 });
  });

  it('is known by its id, takes a place in the queue, and begins at once if its time is past', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock, queuePerSession: 2 });
    const when = at(clock.now() + HOUR_MS);
    for (const turnId of ['a', 'b'])
      await test.begin('s', 'hello', { turnId, ...when }).saw('turn.accepted');
    test.begin('s', 'hello', { turnId: 'a', ...when });
    expect(await turnsOf(test, 's')).toEqual(['a queued', 'b queued']);
    await expect(test.run('s', 'hello', { turnId: 'c' })).rejects.toMatchObject({
      code: 'queue_full',
    });
    await expect(test.run('s', 'other words', { turnId: 'a' })).rejects.toMatchObject({
      code: 'turn_id_reused',
    });
    await expect(test.run('t', 'x', at(clock.now() + 400 * 24 * HOUR_MS))).rejects.toMatchObject({
      code: 'invalid_request',
    });
    const done = await test.run('t', 'late already', at(clock.now() - HOUR_MS));
    expect(done.at(-1)).toMatchObject({ status: 'completed' });
  });

  it('is cancelled, and ends with its session; complete waits for it', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const when = at(clock.now() + HOUR_MS);
    const reading = test.begin('s', 'hello', { turnId: 'a', ...when });
    await reading.saw('turn.accepted');
    await expect(test.sessions.complete('s')).rejects.toMatchObject({ code: 'invalid_state' });
    expect(await test.sessions.cancel('s', 'a')).toMatchObject({ status: 'cancelled' });
    expect(await reading.finished()).toMatchObject({ status: 'cancelled' });
    expect((await test.sessions.get('s')).status).toBe('idle');
    const ended = test.begin('s', 'hello', { turnId: 'b', ...when });
    await ended.saw('turn.accepted');
    await test.sessions.terminate('s');
    expect(await ended.finished()).toMatchObject({ status: 'cancelled' });
    expect(await test.journal.due('delayed', { limit: 9 })).toEqual([]);
  });

  it('joins the queue at its time, or ends what is open then, as it says', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const dueMs = clock.now() + MINUTE_MS;
    for (const onBusy of ['enqueue', 'interrupt', 'reject'] as const) {
      const session = { workingDirectory: test.dataDir, tools: ['Bash'] };
      const later = test.begin(onBusy, 'hello', {
        ...{ turnId: 'later', onBusy, session },
        ...at(dueMs),
      });
      await later.saw('turn.accepted');
      test.begin(onBusy, ASKS, { turnId: 'open' });
      await until(async () => (await turnsOf(test, onBusy)).includes('open waiting'));
    }
    clock.skip(MINUTE_MS);
    await until(async () => (await turnsOf(test, 'interrupt')).includes('later completed'));
    await until(async () => (await turnsOf(test, 'reject')).includes('later rejected'));
    expect(await turnsOf(test, 'interrupt')).toEqual(['later completed', 'open interrupted']);
    await until(async () => (await test.journal.due('delayed', { limit: 9 })).length === 0);
    expect(await turnsOf(test, 'enqueue')).toEqual(['later queued', 'open waiting']);
  });

  it('goes along in an export as a turn that was interrupted', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const when = at(clock.now() + HOUR_MS);
    await test.begin('s', 'hello', { turnId: 'a', ...when }).saw('turn.accepted');
    await test.sessions.importSession(test.sessions.exportSession('s'), { as: 'copy' });
    expect(await turnsOf(test, 'copy')).toEqual(['a interrupted']);
  });
});

describe('a Greenroom that is killed while turns wait for their time', () => {
  it('begins each of them once, those that are overdue at the next start', async () => {
    const clock = skippingClock();
    const test = await unstartedGreenroom({ clock });
    const child = new GreenroomProcess(test.dataDir, test.rehearsal.url);
    const dueMs = clock.now() + HOUR_MS;
    child.turn('s', 'hello', 't', undefined, at(dueMs));
    await child.saw('turn.accepted', 't');
    await child.kill();
    expect(await verifyInChild(`${test.dataDir}/store`)).toMatchObject({ isSound: true });
    // Dies again: when the prompt has become a message, and nothing else has happened.
    const late = { LATE_BY_MS: `${HOUR_MS}`, GREENROOM_CRASHPOINT: 'commit.after:1' };
    await new GreenroomProcess(test.dataDir, test.rehearsal.url, late).died();
    clock.skip(2 * HOUR_MS);
    await test.start();
    await until(async () => (await turnsOf(test, 's')).includes('t completed'));
    expect(await texts(test, 's')).toEqual(['hello']);
    expect(test.rehearsal.requests.size).toBe(1);
    await test.stop();
    expect(await verifyInChild(`${test.dataDir}/store`)).toMatchObject({ isSound: true });
  });
});
