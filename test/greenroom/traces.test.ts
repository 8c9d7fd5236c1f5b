/** What went wrong leaves a line where one looks: failed turns, crashes, settings that cannot work. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { logFailedTurns } from '../../src/app/failed-turns.ts';
import { reportLog } from '../../src/app/report-log.ts';
import type { SessionKey, TurnId } from '../../src/model/ids.ts';
import type { ClosedStatus } from '../../src/model/turn.ts';
import { emptyUsage } from '../../src/model/usage.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { Feed } from '../../src/session/events/feed.ts';
import { testGreenroom } from '../support/greenroom.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { turnsOfTheLoop, until } from '../support/until.ts';

type Line = Record<string, unknown> & { readonly msg: string };

const logOf = () => {
  const lines: Line[] = [];
  const log = createLog({ pretty: false, write: (line) => lines.push(JSON.parse(line) as Line) });
  return { log, lines };
};

describe('a turn that failed', () => {
  const setUp = () => {
    const clock = virtualClock();
    const feed = new Feed(() => undefined);
    const { log, lines } = logOf();
    const stop = logFailedTurns(feed, log, clock);
    const finish = (turnId: string, status: ClosedStatus, code?: string) =>
      feed.publish({
        key: { tenant: 'acme', sessionId: 's1' } as SessionKey,
        turnId: turnId as TurnId,
        attempt: 1,
        n: 1,
        atMs: 0,
        body: {
          type: 'turn.finished',
          status,
          stopReason: null,
          usage: emptyUsage,
          costUsd: 0,
          durationMs: 1,
          text: '',
          ...(code === undefined ? {} : { error: { code, message: 'words', retryable: false } }),
        },
      });
    return { clock, lines, stop, finish };
  };

  test('is a line with its session, its turn, its code and the next step', () => {
    const { lines, finish } = setUp();
    finish('t1', 'failed', 'authentication_error');
    expect(lines).toMatchObject([
      {
        ...{ level: 'warn', tenant: 'acme', sessionId: 's1', turnId: 't1', status: 'failed' },
        code: 'authentication_error',
        next: expect.stringContaining('set a valid ANTHROPIC_API_KEY'),
        msg: 'a turn was failed: words',
      },
    ]);
  });

  test('is none when it is completed or cancelled', () => {
    const { lines, finish } = setUp();
    finish('t1', 'completed');
    finish('t2', 'cancelled');
    expect(lines).toEqual([]);
  });

  test('of one cause is told once a minute, and then how many there were', async () => {
    const { clock, lines, finish } = setUp();
    for (let n = 0; n < 500; n++) finish(`t${n}`, 'failed', 'overloaded_error');
    finish('other', 'failed', 'timeout');
    expect(lines.map(({ turnId }) => turnId)).toEqual(['t0', 'other']);
    await clock.advance(60_000);
    expect(lines[2]).toMatchObject({ code: 'overloaded_error', turns: 499 });
    finish('again', 'failed', 'overloaded_error');
    expect(lines[3]).toMatchObject({ turnId: 'again' });
  });

  test('of many causes stays bounded', () => {
    const { lines, finish } = setUp();
    for (let n = 0; n < 1_000; n++) finish(`t${n}`, 'failed', `cause-${n % 300}`);
    expect(lines).toHaveLength(101);
  });

  test('that is untold at the end is told then', () => {
    const { clock, lines, finish, stop } = setUp();
    finish('t1', 'failed', 'timeout');
    finish('t2', 'failed', 'timeout');
    stop();
    expect(lines[1]).toMatchObject({ turns: 1 });
    expect(clock.timers).toBe(0);
  });
});

describe('a bug', () => {
  test('is one crash report with its stack, however many meet it', () => {
    const { log, lines } = logOf();
    const report = reportLog(log);
    const error = new TypeError('no such thing');
    report({ kind: 'fault', actor: 'nats-api', during: 'a request', error });
    report({ kind: 'fault', actor: 'embedded', during: 'the same', error });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'error', err: { type: 'TypeError' } });
    expect(JSON.stringify(lines[0]?.['err'])).toContain('traces.test.ts');
  });

  test('that ended an actor is not reported again by its callers', () => {
    const { log, lines } = logOf();
    const report = reportLog(log);
    const error = new Error('boom');
    const reason = { crashed: error };
    const crash = { actor: 'a', id: 1, reason, lastMessage: undefined, state: {}, restarts: 0 };
    report({ kind: 'crash', ...crash });
    report({ kind: 'fault', actor: 'nats-api', during: 'a request', error });
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines[0]?.['err'])).toContain('traces.test.ts');
  });

  test('that a call of the embedded API meets is one too, and the caller gets internal', async () => {
    const { log, lines } = logOf();
    const given = await testGreenroom({ log });
    vi.spyOn(given.journal, 'open').mockImplementation(() => {
      throw new TypeError('no such thing');
    });
    await expect(given.sessions.get('s1')).rejects.toMatchObject({ code: 'internal' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'error', err: { type: 'TypeError' } });
    expect(JSON.stringify(lines[0]?.['err'])).toContain('traces.test.ts');
  });

  test('is not what a call of no verb meets: that is refused without a line', async () => {
    const { log, lines } = logOf();
    const given = await testGreenroom({ log });
    const { api } = given.greenroom;
    const refused = { code: 'unknown_verb' };
    await expect(api.session('s1', 'toString' as 'get', {})).rejects.toMatchObject(refused);
    await expect(api.sessions('constructor' as 'list', {})).rejects.toMatchObject(refused);
    expect(lines).toEqual([]);
  });
});

test('a key that the API refuses is told in the turn, and is one line of the log with the next step', async () => {
  const { log, lines } = logOf();
  const given = await testGreenroom({ log, anthropicApiKey: 'invalid', maxRetries: 0 });
  expect((await given.run('s1', 'Hello')).at(-1)).toMatchObject({
    status: 'failed',
    error: { code: 'authentication_error' },
  });
  expect(lines).toMatchObject([
    {
      sessionId: 's1',
      code: 'authentication_error',
      next: expect.stringContaining('ANTHROPIC_API_KEY'),
    },
  ]);
});

test('a model that has no price, and anthropic without a key, are warned of at the start and in the status', async () => {
  const { log, lines } = logOf();
  const given = await testGreenroom({ log, anthropicApiKey: '', model: 'sonet' });
  const { warnings } = given.greenroom.status();
  expect(warnings).toEqual([
    'the provider is anthropic and there is no key: every turn will fail',
    expect.stringContaining('the model sonet is not in the price table'),
  ]);
  expect(lines.map(({ msg }) => msg)).toEqual(warnings);
});

test('a turn for a deleted session is refused, and no commit has failed by that', async () => {
  const given = await testGreenroom();
  await given.run('s1', 'Hello');
  await given.sessions.delete('s1');
  await expect(given.run('s1', 'Hello again')).rejects.toMatchObject({ code: 'session_deleted' });
  expect(given.greenroom.status().journal).toMatchObject({ failedCommits: 0 });
});

test('a turn that the ledger knew is answered from it, and no commit has failed by that', async () => {
  const given = await testGreenroom();
  const turn = { turnId: 'once' };
  await given.run('s1', 'Hello', turn);
  await given.restart();
  await given.run('s1', 'Hello', turn);
  expect((await given.sessions.turns('s1')).turns).toHaveLength(1);
  expect(given.greenroom.status().journal).toMatchObject({ failedCommits: 0 });
});

test('free space below the watermark is a line of the log', async () => {
  const { log, lines } = logOf();
  await testGreenroom({ log, minFreeMb: 1_048_576 });
  expect(lines).toMatchObject([
    { level: 'warn', msg: 'free space is low: new work is refused until there is more' },
  ]);
});

test('a store whose files are taken away stops at once: what it wrote would go nowhere', async () => {
  let fatal: Error | undefined;
  const clock = skippingClock();
  const given = await testGreenroom({
    clock,
    onFatal: (error) => {
      fatal = error;
    },
  });
  await given.run('s1', 'Hello');
  const store = join(given.dataDir, 'store');
  renameSync(store, `${store}-away`);
  clock.skip(5_000);
  await until(() => fatal !== undefined);
  expect(fatal?.message).toMatch(/^the journal stopped: its files in .* were taken away$/);
  await expect(given.run('s1', 'Hello again')).rejects.toMatchObject({ code: 'storage_failed' });
});

test('a store that has failed is what every later call is told, however long the process stays', async () => {
  const clock = skippingClock();
  let isFatal = false;
  const onFatal = () => {
    isFatal = true;
  };
  const given = await testGreenroom({ clock, onFatal });
  await given.run('s1', 'Hello');
  const store = join(given.dataDir, 'store');
  renameSync(store, `${store}-away`);
  clock.skip(5_000);
  await until(() => isFatal);
  for (let round = 0; round < 20; round += 1) {
    clock.skip(1_000);
    await turnsOfTheLoop();
    for (const name of ['s1', `new${round}`])
      await expect(given.run(name, 'Hello again')).rejects.toMatchObject({
        code: 'storage_failed',
      });
  }
  expect(given.node('housekeeping', 'alarms').status).toBe('running');
});
