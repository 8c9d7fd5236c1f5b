/** Templates, tasks and schedules: what runs by itself, once for each moment, and what becomes of it. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyInChild } from '../../src/storage/verify/verify.ts';
import { type TestGreenroom, testGreenroom, unstartedGreenroom } from '../support/greenroom.ts';
import { GreenroomProcess } from '../support/greenroom-process.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Its run waits for a person. */
const ASKS = '[[rehearse: tool=Bash input={"command":"touch made"}]] [[rehearse: text=done]]';

const runsOf = async (test: TestGreenroom, name: string) =>
  (await test.greenroom.tasks.executions(name, { limit: 50 })).executions;
const ended = (test: TestGreenroom, name: string, count: number) =>
  until(async () => {
    const runs = await runsOf(test, name);
    return runs.filter(({ status }) => status !== 'running').length === count;
  });
/** Nothing of the kind is left for the next test. */
const clear = async ({ greenroom }: TestGreenroom) => {
  for (const { name } of (await greenroom.schedules.list()).schedules)
    await greenroom.schedules.delete(name);
  for (const { name } of (await greenroom.tasks.list()).tasks) await greenroom.tasks.delete(name);
  for (const { name } of (await greenroom.templates.list()).templates)
    await greenroom.templates.delete(name);
};

describe('a task', () => {
  it('runs its template in a background session of its own, whose end is its record', async () => {
    const test = await testGreenroom();
    const { templates, tasks } = test.greenroom;
    await templates.put('review', {
      prompt: 'Review {{path}} for {{ what }}.',
      settings: { systemPrompt: 'You review {{path}}.', tags: ['auto'], maxTokens: 500 },
      variables: { what: 'faults' },
    });
    await tasks.put('nightly', { template: 'review', settings: { owner: 'ann' } });
    const begun = await tasks.run('nightly', { variables: { path: 'src' }, turnId: 'one' });
    expect(begun).toMatchObject({ turnId: 'one', isNew: true });
    await ended(test, 'nightly', 1);
    const [run] = await runsOf(test, 'nightly');
    expect(run).toMatchObject({
      ...{ taskId: 'nightly', sessionId: begun.sessionId, turnId: 'one', status: 'completed' },
      ...{ resultData: 'Rehearsal answer to: Review src for faults.', attempt: 1 },
      templateVersion: 1,
    });
    expect(run?.costUsd).toBeGreaterThan(0);
    expect(await test.sessions.get(begun.sessionId)).toMatchObject({
      ...{ title: 'Task: nightly', mode: 'background', status: 'completed', owner: 'ann' },
      ...{ templateId: 'review', tags: ['auto', 'task:nightly'], maxTokens: 500 },
      systemPrompt: 'You review src.',
    });
    const { audit } = await test.greenroom.audit.of(begun.sessionId);
    expect(audit.at(-1)).toMatchObject({
      action: 'completed',
      details: { result: 'Rehearsal answer to: Review src for faults.' },
    });
    expect(await tasks.run('nightly', { variables: { path: 'src' }, turnId: 'one' })).toEqual({
      ...begun,
      isNew: false,
    });
    await expect(
      tasks.run('nightly', { variables: { path: 'test' }, turnId: 'one' }),
    ).rejects.toMatchObject({ code: 'turn_id_reused' });
    expect(test.modelCalls).toHaveLength(1);
    await clear(test);
  });

  it('refuses a variable that has no value or no place, and names it', async () => {
    const test = await testGreenroom();
    const { tasks } = test.greenroom;
    await tasks.put('greet', { prompt: 'Hello {{name}}, {{name}}! {{ not one }} {{{}' });
    for (const variables of [{}, { name: 'Ann', nick: 'A' }])
      await expect(tasks.run('greet', { variables })).rejects.toMatchObject({
        code: 'invalid_settings',
        details: { variable: 'name' in variables ? 'nick' : 'name' },
      });
    await expect(tasks.run('greet', { variables: { nmae: 'Ann' } })).rejects.toMatchObject({
      details: { variable: 'name' },
      message: expect.stringContaining('nmae: it stands nowhere'),
    });
    const nowhere = { prompt: 'Hello {{name}}', variables: { nick: 'A' } };
    await expect(tasks.put('greet', nowhere)).rejects.toMatchObject({
      details: { variable: 'nick' },
    });
    const { schedules } = test.greenroom;
    await expect(schedules.put('s', { task: 'greet', everySeconds: 60 })).rejects.toMatchObject({
      ...{ code: 'invalid_settings', details: { variable: 'name' } },
    });
    await tasks.run('greet', { variables: { name: '{{name}}' } });
    await ended(test, 'greet', 1);
    expect((await runsOf(test, 'greet'))[0]?.resultData).toContain('Hello {{name}}, {{name}}!');
    await clear(test);
  });

  it('denies what a person would be asked, unless the task itself allows everything', async () => {
    const test = await testGreenroom();
    const { tasks, templates } = test.greenroom;
    const prompt = '[[rehearse: tool=Bash input={"command":"touch made"}]] [[rehearse: text=done]]';
    const settings = { workingDirectory: test.dataDir, tools: ['Bash'] };
    await templates.put('free', { prompt, settings: { permissionMode: 'bypassPermissions' } });
    await tasks.put('asks', { prompt, settings });
    await tasks.put('may', {
      prompt,
      settings: { ...settings, permissionMode: 'bypassPermissions' },
    });
    const asks = await tasks.run('asks');
    const may = await tasks.run('may');
    await expect(tasks.put('sly', { template: 'free', settings })).rejects.toMatchObject({
      code: 'invalid_settings',
      details: { field: 'permissionMode' },
    });
    await ended(test, 'asks', 1);
    await ended(test, 'may', 1);
    const decisions = async (sessionId: string) => {
      const { audit } = await test.greenroom.audit.of(sessionId, { kind: 'permission' });
      return audit.map(({ action }) => action);
    };
    expect(await decisions(asks.sessionId)).toEqual(['denied']);
    expect(await decisions(may.sessionId)).toEqual(['allowed']);
    await clear(test);
  });

  it('fails with the reason that its turn had', async () => {
    const test = await testGreenroom();
    const { tasks } = test.greenroom;
    await tasks.put('broken', { prompt: '[[rehearse: status=400 message="no such thing"]]' });
    await tasks.run('broken');
    await ended(test, 'broken', 1);
    expect((await runsOf(test, 'broken'))[0]).toMatchObject({
      status: 'failed',
      errorMessage: expect.stringContaining('no such thing'),
    });
    await clear(test);
  });

  it('and its template stay while they are used; versions guard them', async () => {
    const test = await testGreenroom();
    const { tasks, templates, schedules } = test.greenroom;
    await templates.put('t', { prompt: 'Hello' });
    expect(await templates.put('t', { prompt: 'Hi' })).toMatchObject({ version: 2, prompt: 'Hi' });
    await expect(templates.put('t', { prompt: 'x', expectedVersion: 1 })).rejects.toMatchObject({
      code: 'version_conflict',
    });
    await expect(tasks.put('a', { template: 'none' })).rejects.toMatchObject({
      code: 'definition_not_found',
    });
    await expect(tasks.put('a', {})).rejects.toMatchObject({ code: 'invalid_settings' });
    await tasks.put('a', { template: 't' });
    await schedules.put('s', { task: 'a', everySeconds: 60 });
    await expect(templates.delete('t')).rejects.toMatchObject({ code: 'invalid_state' });
    await expect(tasks.delete('a')).rejects.toMatchObject({ code: 'invalid_state' });
    await schedules.delete('s');
    await tasks.delete('a');
    await templates.delete('t');
    await expect(templates.get('t')).rejects.toMatchObject({ code: 'definition_not_found' });
    await templates.put('t', { prompt: 'Hello' });
    const [made, gone] = await Promise.allSettled([
      tasks.put('a', { template: 't' }),
      templates.delete('t'),
    ]);
    expect([made.status, gone.status]).toEqual(['fulfilled', 'rejected']);
    await tasks.delete('a');
    await templates.delete('t');
    expect(await templates.list()).toEqual({ templates: [] });
    expect(await test.journal.due('schedule', { limit: 9 })).toEqual([]);
  });
});

describe('a schedule', () => {
  it('runs its task at each of its moments, and not before', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const { tasks, schedules } = test.greenroom;
    await tasks.put('tick', { prompt: 'tick {{n}}' });
    const from = Math.ceil(clock.now() / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    const moment = (at: number) => new Date(from + at * MINUTE_MS).toISOString();
    await schedules.put('each', {
      ...{ task: 'tick', everySeconds: 60, from: moment(0), variables: { n: 1 } },
    });
    await schedules.put('once', { task: 'tick', at: moment(1), variables: { n: 2 } });
    await schedules.put('minutes', { task: 'tick', cron: '*/2 * * * *', variables: { n: 3 } });
    expect((await schedules.get('each')).nextAt).toBe(moment(0));
    for (let at = -1; at < 4; at += 1) {
      clock.skip(from + at * MINUTE_MS - clock.now());
      await until(async () => {
        const [due] = await test.journal.due('schedule', { limit: 1 });
        return (due?.atMs ?? 0) > clock.now();
      });
      await until(async () =>
        (await runsOf(test, 'tick')).every(({ status }) => status === 'completed'),
      );
    }
    const runs = await runsOf(test, 'tick');
    const each = runs.filter(({ scheduleId }) => scheduleId === 'each');
    expect(each.map(({ dueAt }) => dueAt).toSorted()).toEqual([0, 1, 2, 3].map(moment));
    for (const { dueAt, startedAt } of runs)
      expect(Date.parse(startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(dueAt ?? ''));
    expect(runs.filter(({ scheduleId }) => scheduleId === 'once')).toHaveLength(1);
    const minutes = runs.filter(({ scheduleId }) => scheduleId === 'minutes');
    expect(minutes.map(({ dueAt }) => (Date.parse(dueAt ?? '') / MINUTE_MS) % 2)).toEqual(
      minutes.map(() => 0),
    );
    expect(minutes.length).toBeGreaterThanOrEqual(2);
    expect(await schedules.get('once')).not.toHaveProperty('nextAt');
    expect(await schedules.get('each')).toMatchObject({ runs: 4, skipped: 0 });
    await clear(test);
  });

  it('runs what it missed as it says: not at all, once, or each up to its bound', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const { tasks, schedules } = test.greenroom;
    const from = new Date(clock.now() + HOUR_MS).toISOString();
    for (const misfire of ['skip', 'once', 'catchUp'] as const) {
      await tasks.put(misfire, { prompt: misfire });
      await schedules.put(misfire, {
        ...{ task: misfire, everySeconds: 600, from, misfire, overlap: 'allow' },
        ...(misfire === 'catchUp' ? { catchUp: 3 } : {}),
      });
    }
    clock.skip(2 * HOUR_MS + 5 * MINUTE_MS); // seven of them have passed
    await until(async () => (await schedules.get('catchUp')).runs === 3);
    await until(async () => (await schedules.get('skip')).skipped === 7);
    await until(async () => (await schedules.get('once')).runs === 1);
    expect(await schedules.get('catchUp')).toMatchObject({ runs: 3, skipped: 4 });
    expect(await schedules.get('once')).toMatchObject({ runs: 1, skipped: 6 });
    expect((await schedules.get('skip')).lastSkipped).toMatchObject({ why: 'it was missed' });
    await ended(test, 'catchUp', 3);
    expect(await runsOf(test, 'skip')).toEqual([]);
    await clear(test);
  });

  it('runs one at a time unless it may overlap: the next is skipped, or waits', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const { tasks, schedules } = test.greenroom;
    const from = new Date(clock.now() + MINUTE_MS).toISOString();
    for (const overlap of ['skip', 'wait', 'allow'] as const) {
      const settings = {
        workingDirectory: test.dataDir,
        tools: ['Bash'],
        approvals: 'wait' as const,
      };
      await tasks.put(overlap, { prompt: ASKS, settings });
      await schedules.put(overlap, { task: overlap, everySeconds: 60, from, overlap });
    }
    clock.skip(MINUTE_MS);
    for (const name of ['skip', 'wait', 'allow'])
      await until(async () => (await runsOf(test, name)).length === 1);
    for (const name of ['skip', 'wait', 'allow'])
      await until(async () => {
        const [run] = await runsOf(test, name);
        return (await test.sessions.get(run?.sessionId ?? '')).status === 'waiting';
      });
    clock.skip(MINUTE_MS);
    await until(async () => (await schedules.get('allow')).runs === 2);
    await until(async () => (await schedules.get('skip')).skipped === 1);
    expect((await schedules.get('skip')).lastSkipped).toMatchObject({
      why: 'the run before had not ended',
    });
    expect(await schedules.get('wait')).toMatchObject({ runs: 1, skipped: 0 });
    const [waiting] = await runsOf(test, 'wait');
    const asked = await test.greenroom.approvals.of(waiting?.sessionId ?? '');
    await test.greenroom.approvals.deny(waiting?.sessionId ?? '', asked[0]?.approvalId ?? '');
    await ended(test, 'wait', 1);
    clock.skip(50 * SECOND_MS);
    await until(async () => (await schedules.get('wait')).runs === 2);
    await clear(test);
  });

  it('begins nothing while it is paused, and makes up for nothing', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const { tasks, schedules } = test.greenroom;
    await tasks.put('t', { prompt: 'x' });
    await schedules.put('s', { task: 't', everySeconds: 60 });
    expect(await schedules.pause('s')).toMatchObject({ isPaused: true });
    expect(await test.journal.due('schedule', { limit: 9 })).toEqual([]);
    clock.skip(HOUR_MS);
    const { nextAt } = await schedules.resume('s');
    expect(Date.parse(nextAt ?? '')).toBeGreaterThan(clock.now());
    expect(await schedules.get('s')).toMatchObject({ runs: 0, skipped: 0, isPaused: false });
    for (const wrong of [
      { everySeconds: 5, at: nextAt },
      { cron: '* * *' },
      { at: '2020-01-01T00:00:00Z' },
      { everySeconds: 5, timeZone: 'UTC' },
      {},
    ])
      await expect(schedules.put('s', { task: 't', ...wrong })).rejects.toMatchObject({
        code: 'invalid_settings',
      });
    await clear(test);
  });

  it('that is refused each second says so once, and can be paused', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const { tasks, schedules } = test.greenroom;
    await tasks.put('t', { prompt: 'x' });
    await schedules.put('s', { task: 't', everySeconds: 1 });
    await tasks.put('t', { prompt: '{{what}}' });
    for (let seconds = 1; seconds <= 10; seconds += 1) {
      clock.skip(SECOND_MS);
      await until(async () => (await schedules.get('s')).skipped >= seconds);
    }
    const told = test.reports.filter(({ kind }) => kind === 'fault');
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(2); // the minute of the clock may have ended meanwhile
    expect(await schedules.pause('s')).toMatchObject({ isPaused: true });
    await clear(test);
  });

  it('is stored soundly, whatever was done with it', async () => {
    const clock = skippingClock();
    const test = await testGreenroom({ clock });
    const { tasks, schedules } = test.greenroom;
    await tasks.put('t', { prompt: 'x' });
    await schedules.put('s', { task: 't', everySeconds: 60 });
    await schedules.put('gone', { task: 't', everySeconds: 60 });
    await schedules.delete('gone');
    await test.restart();
    expect(await test.greenroom.tasks.get('t')).toMatchObject({ prompt: 'x', version: 1 });
    const report = await verifyInChild(join(test.dataDir, 'store'));
    expect(report).toMatchObject({ isSound: true });
  });
});

describe('a Greenroom that is killed when a schedule is due', () => {
  it('runs it once: before the run has begun, and before that is noted', async () => {
    const clock = skippingClock();
    const test = await unstartedGreenroom({ clock });
    await test.start();
    const { tasks, schedules } = test.greenroom;
    await tasks.put('t', { prompt: 'hello' });
    const at = new Date(clock.now() + HOUR_MS).toISOString();
    await schedules.put('s', { task: 't', at });
    await test.stop();
    for (const point of ['schedule.due', 'schedule.begun'] as const) {
      const env = { LATE_BY_MS: `${2 * HOUR_MS}`, GREENROOM_CRASHPOINT: point };
      await new GreenroomProcess(test.dataDir, test.rehearsal.url, env).died();
      expect(await verifyInChild(join(test.dataDir, 'store'))).toMatchObject({ isSound: true });
    }
    clock.skip(3 * HOUR_MS);
    await test.start();
    await until(async () => (await test.greenroom.schedules.get('s')).runs === 1);
    await ended(test, 't', 1);
    const [run] = await runsOf(test, 't');
    expect(run).toMatchObject({ status: 'completed', scheduleId: 's', dueAt: at });
    expect(await test.sessions.get(run?.sessionId ?? '')).toMatchObject({ numTurns: 1 });
    expect(await test.greenroom.schedules.get('s')).not.toHaveProperty('nextAt');
    await test.stop();
    expect(await verifyInChild(join(test.dataDir, 'store'))).toMatchObject({ isSound: true });
  });
});
