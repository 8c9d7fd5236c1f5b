/** P5: a sick session fails alone, is parked with its reason, and is woken by the next message. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sessionKey } from '../../src/model/ids.ts';
import { SyncGate } from '../../src/storage/lmdb/sync-gate.ts';
import { entryKey, SESSIONS, sessionPrefix } from '../../src/storage/records/keys.ts';
import { LmdbTables } from '../../src/storage/tables/lmdb-tables.ts';
import { holding, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { gate, turnsOfTheLoop, until } from '../support/until.ts';

/** Of one session, as `supervisors/session.ts` has it. */
const MAX_RESTARTS = 5;

/** One bit of a stored message flips, as disks do it. */
const flipBit = async (test: TestGreenroom, name: string, seq: number): Promise<void> => {
  const tables = new LmdbTables(join(test.dataDir, 'store'));
  const key = Buffer.from(entryKey(sessionPrefix(sessionKey('default', name)), '', seq), 'latin1');
  const record = Buffer.from(tables.get(SESSIONS, key) ?? []);
  record.writeUInt8(record.readUInt8(record.length >> 1) ^ 1, record.length >> 1);
  tables.transaction(() => tables.put(SESSIONS, key, record));
  await tables.close();
};

const crash = (test: TestGreenroom, name: string): void => {
  const ref = test.live(name);
  if (ref !== undefined) test.greenroom.system.exit(ref, { crashed: new Error('a bad message') });
};

/** As often as its budget allows, and once more: each time the actor that lives now. */
const crashBeyondBudget = async (test: TestGreenroom, name: string): Promise<void> => {
  const crashed = new Set<unknown>();
  while (crashed.size <= MAX_RESTARTS) {
    await until(() => test.live(name) !== undefined && !crashed.has(test.live(name)));
    crashed.add(test.live(name));
    crash(test, name);
  }
  await until(async () => (await test.sessions.get(name)).status === 'parked');
};

describe('a session', () => {
  it('that crashes goes on with its turns: each event told once, numbered anew per attempt', async () => {
    const answer = gate();
    const test = await testGreenroom({ script: holding(answer.opened) });
    const running = test.begin('s', 'hold', { turnId: 'a' });
    await running.saw('delta');
    const queued = test.begin('s', 'next', { turnId: 'b' });
    await queued.saw('turn.accepted');
    crash(test, 's');
    await until(() => running.events.at(-1)?.attempt === 2);
    answer.open();
    await Promise.all([running.done, queued.done]);
    for (const { events } of [running, queued])
      for (const attempt of [1, 2]) {
        const numbers = events.flatMap((event) =>
          event.attempt === attempt && event.n !== undefined ? [event.n] : [],
        );
        expect(numbers).toEqual(numbers.map((_, at) => at + 1));
      }
    expect((await queued.finished()).attempt).toBe(2);
    expect(test.modelCalls).toHaveLength(3);
  });

  it('that is killed takes its model call with it', async () => {
    const test = await testGreenroom({ script: holding(new Promise(() => undefined)) });
    const reading = test.begin('s', 'hold');
    await reading.saw('delta');
    const ref = test.live('s');
    if (ref !== undefined) test.greenroom.system.exit(ref, 'kill');
    await until(() => test.modelCalls.length === 2);
    await until(() => test.modelCalls[0]?.isBroken);
    expect(test.modelCalls[1]?.isBroken).toBe(false);
    expect(test.greenroom.status().liveSessions).toBe(1);
  });

  it.each(['accepted', 'answered'])(
    'that crashes while its turn is being %s goes on from what that commit stored',
    async (when) => {
      const sync = new SyncGate();
      onTestFinished(() => sync.release());
      const answer = gate();
      const test = await testGreenroom({
        testHooks: { syncGate: sync },
        script: holding(answer.opened),
      });
      await test.sessions.create('s');
      if (when === 'accepted') sync.hold();
      const reading = test.begin('s', 'hold');
      if (when === 'answered') await reading.saw('delta');
      sync.hold();
      answer.open();
      await until(() => test.journal.stats().waiting > 0);
      const [before] = test.node('sessions', 'supervisor').children;
      crash(test, 's');
      await until(() => {
        const [now] = test.node('sessions', 'supervisor').children;
        return now?.ref !== undefined && now.ref !== before?.ref;
      });
      await turnsOfTheLoop();
      sync.release();
      expect(await reading.finished()).toMatchObject({ status: 'completed', text: 'first second' });
      expect(await test.sessions.get('s')).toMatchObject({ numTurns: 1, messageCount: 2 });
    },
  );

  it('that crashes again and again is parked with its reason, and its turns end', async () => {
    const test = await testGreenroom({ script: holding(new Promise(() => undefined)) });
    const running = test.begin('s', 'hold');
    const queued = test.begin('s', 'next');
    await queued.saw('turn.accepted');
    await crashBeyondBudget(test, 's');
    for (const reading of [running, queued])
      expect(await reading.finished()).toMatchObject({
        status: 'interrupted',
        error: { code: 'internal', message: 'parked: crashed: a bad message', retryable: false },
      });
    expect(await test.sessions.get('s')).toMatchObject({
      status: 'parked',
      lastError: { message: 'parked: crashed: a bad message' },
    });
    expect((await test.sessions.search({ status: 'parked' })).sessions).toHaveLength(1);
  });

  it('that was parked is woken by the next message and runs it', async () => {
    const test = await testGreenroom();
    await test.run('s', 'hello');
    await crashBeyondBudget(test, 's');
    const events = await test.run('s', 'and now?');
    expect(events.at(-1)).toMatchObject({ status: 'completed' });
    expect(await test.sessions.get('s')).toMatchObject({ status: 'idle', numTurns: 2 });
  });
});

describe('a session with a damaged message', () => {
  it('crashes on its next turn until it is parked, while 100 others never notice', async () => {
    const test = await testGreenroom();
    const others = Array.from({ length: 100 }, (_, at) => `other${at}`);
    await test.run('sick', 'hello');
    await test.stop();
    await flipBit(test, 'sick', 1);
    await test.start();
    const sick = test.begin('sick', 'and now?');
    const well = others.map((name) => test.begin(name, 'hello'));
    expect(await sick.finished()).toMatchObject({
      status: 'interrupted',
      error: { code: 'internal', message: expect.stringMatching(/^parked: crashed: .*checksum/i) },
    });
    for (const reading of well) expect((await reading.finished()).status).toBe('completed');
    const crashes = test.reports.filter(({ kind }) => kind === 'crash');
    expect(crashes.length).toBeGreaterThan(5);
    expect(test.reports.filter(({ kind }) => kind === 'parked')).toMatchObject([
      { child: 'default/sick' },
    ]);
  });

  it('still answers what does not need that message', async () => {
    const test = await testGreenroom();
    await test.run('sick', 'hello', { tags: ['x'] });
    await test.stop();
    await flipBit(test, 'sick', 1);
    await test.start();
    expect(await test.sessions.tag('sick', 'y')).toMatchObject({ tags: ['x', 'y'] });
    expect((await test.sessions.search({ tags: ['y'] })).sessions).toHaveLength(1);
    await expect(test.sessions.messages('sick')).rejects.toMatchObject({ code: 'corrupt_record' });
    await test.sessions.delete('sick');
  });
});
