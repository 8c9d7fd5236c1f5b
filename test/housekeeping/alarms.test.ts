/** Alarms beside a journal in memory, under a clock that a test moves: who is rung, and when. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { alarms } from '../../src/housekeeping/alarms.ts';
import type { Due } from '../../src/model/due.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import type { Head } from '../../src/model/head.ts';
import type { SessionKey } from '../../src/model/ids.ts';
import type { Clock } from '../../src/otp/clock.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { journalName } from '../../src/session/ports/journal.ts';
import { memoryJournal } from '../../src/storage/memory/memory-journal.ts';
import { holder } from '../search/fake-journal.ts';
import { append, keyOf, NOW, remove, write } from '../storage/sessions.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** Rung sessions stop waiting, unless `answer` fails: as a session does, in a commit that takes its entry away. */
const stage = async () => {
  const time = virtualClock(NOW);
  const wall = { shiftMs: 0 };
  const clock: Clock = {
    now: () => time.now() + wall.shiftMs,
    monotonic: time.monotonic,
    setTimeout: time.setTimeout,
    defer: time.defer,
  };
  const system = new System({ clock, onReport: () => {} });
  const journal = memoryJournal({ clock });
  const heads = new Map<string, { readonly head: Head; readonly due: Due }>();
  const rung: { readonly id: string; readonly atMs: number }[] = [];
  const answer: { of: (id: string) => Promise<void> } = { of: () => Promise.resolve() };
  const wait = async (id: string, atMs: number): Promise<void> => {
    const due: Due = { kind: 'retry', atMs };
    const before = heads.get(id)?.head;
    const change = write(keyOf(id), before, { dues: { added: [due], removed: [] } });
    await journal.commit(change);
    heads.set(id, { head: change.head, due });
  };
  const ring = async ({ sessionId }: SessionKey): Promise<void> => {
    rung.push({ id: sessionId, atMs: clock.now() });
    await answer.of(sessionId);
    const waiting = heads.get(sessionId);
    if (waiting === undefined) throw new Error(`${sessionId} was rung and never waited`);
    const change = write(keyOf(sessionId), waiting.head, {
      dues: { added: [], removed: [waiting.due] },
    });
    await journal.commit(change);
    heads.set(sessionId, { ...waiting, head: change.head });
  };
  const start = async () => {
    const children = [holder(journalName, journal), alarms({ ring })];
    const spec = supervisor({ id: 'root', strategy: 'one_for_one', children });
    const root = await startTree(system, spec);
    const stop = async () => void (await system.stop(root, 'shutdown'));
    onTestFinished(stop);
    return stop;
  };
  return { time, wall, clock, journal, rung, answer, wait, start };
};

describe('alarms', () => {
  it('ring a session when what it waits for is due, once, and not before', async () => {
    const { time, rung, wait, start } = await stage();
    await wait('s', NOW + 40 * SECOND_MS);
    await start();
    await time.advance(40 * SECOND_MS - 1);
    expect(rung).toEqual([]);
    await time.advance(1);
    await time.advance(HOUR_MS);
    expect(rung).toEqual([{ id: 's', atMs: NOW + 40 * SECOND_MS }]);
  });

  it('ring one that began to wait meanwhile within a second of its time', async () => {
    const { time, rung, wait, start } = await stage();
    await start();
    await time.advance(HOUR_MS + 7);
    const dueMs = time.now() + 100;
    await wait('s', dueMs);
    await time.advance(SECOND_MS + 100);
    expect(rung.map(({ id }) => id)).toEqual(['s']);
    expect((rung[0]?.atMs ?? 0) - dueMs).toBeLessThan(SECOND_MS);
  });

  it('ring at their start what became due while nobody was there', async () => {
    const { time, rung, wait, start } = await stage();
    const stop = await start();
    await stop();
    for (const at of [3, 1, 2]) await wait(`s${at}`, NOW + at * SECOND_MS);
    await time.advance(HOUR_MS);
    expect(rung).toEqual([]);
    await start();
    await time.settle();
    expect(rung.map(({ id }) => id)).toEqual(['s1', 's2', 's3']);
  });

  it('notice within a second that the clock was put forward', async () => {
    const { time, wall, rung, wait, start } = await stage();
    await wait('s', NOW + HOUR_MS);
    await start();
    await time.advance(10 * SECOND_MS);
    wall.shiftMs = HOUR_MS;
    await time.advance(SECOND_MS);
    expect(rung).toHaveLength(1);
  });

  it('wait for the clock to come back to the time when it was put back', async () => {
    const { time, wall, rung, wait, start } = await stage();
    await wait('s', NOW + 10 * SECOND_MS);
    await start();
    wall.shiftMs = -HOUR_MS;
    await time.advance(HOUR_MS + 10 * SECOND_MS - 1);
    expect(rung).toEqual([]);
    await wait('early', NOW - 30 * SECOND_MS); // by a clock that was put back since
    await time.advance(SECOND_MS);
    expect(rung.map(({ id }) => id).toSorted()).toEqual(['early', 's']);
  });

  it('ring hundreds that are due at once, a few at a time', async () => {
    const { time, rung, answer, wait, start } = await stage();
    for (let at = 0; at < 300; at++) await wait(`s${at}`, NOW + at);
    let [open, most] = [0, 0];
    answer.of = async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise<void>((resolve) => void time.setTimeout(resolve, 1));
      open -= 1;
    };
    await time.advance(HOUR_MS);
    await start();
    await time.advance(SECOND_MS);
    expect(new Set(rung.map(({ id }) => id)).size).toBe(300);
    expect(rung).toHaveLength(300);
    expect(most).toBeLessThanOrEqual(64);
  });

  it('ring the others on time while one does not answer and one cannot be woken, and these again', async () => {
    const { time, rung, answer, wait, start } = await stage();
    let isSick = true;
    answer.of = async (id) => {
      if (id === 'broken' && isSick)
        throw new GreenroomError('corrupt_record', 'its head is broken');
      if (id === 'slow' && isSick)
        await new Promise<void>((resolve) => void time.setTimeout(resolve, 30 * SECOND_MS));
    };
    await wait('broken', NOW + 1);
    await wait('slow', NOW + 1);
    for (let at = 1; at <= 20; at++) await wait(`s${at}`, NOW + at * SECOND_MS);
    await start();
    await time.advance(21 * SECOND_MS);
    const times = (name: string) => rung.filter(({ id }) => id === name);
    for (let at = 1; at <= 20; at++)
      expect(times(`s${at}`)).toEqual([{ id: `s${at}`, atMs: NOW + at * SECOND_MS }]);
    expect(times('slow')).toHaveLength(1);
    expect(times('broken').length).toBeLessThan(8);
    isSick = false;
    await time.advance(2 * 60 * SECOND_MS);
    const last = rung.at(-1)?.atMs;
    await time.advance(HOUR_MS);
    expect(rung.at(-1)?.atMs).toBe(last);
  });

  it('take a tombstone away when its time is over, after the records of its session', async () => {
    const { time, journal, start } = await stage();
    const gone = append(keyOf('gone'));
    await journal.commit(gone);
    await journal.commit(remove(keyOf('gone'), gone.head, NOW + 10 * SECOND_MS));
    await start();
    await time.advance(10 * SECOND_MS - 1);
    expect(await journal.due('tombstone', { limit: 9 })).toHaveLength(1);
    await time.advance(1);
    await time.settle();
    expect(await journal.due('tombstone', { limit: 9 })).toEqual([]);
    expect(await journal.purge(9)).toEqual({ purged: 0, bytes: 0, left: false });
    await journal.commit(append(keyOf('gone'))); // a new one may come
  });

  it('read the first entry of each kind at their start and at each look, however many there are', async () => {
    const { time, journal, wait, start } = await stage();
    for (let at = 0; at < 500; at++) await wait(`s${at}`, NOW + HOUR_MS + at);
    const before = journal.stats();
    await start();
    await time.settle();
    expect(journal.stats().duesRead - before.duesRead).toBe(1);
    await time.advance(100 * SECOND_MS);
    expect(journal.stats().duesRead - before.duesRead).toBeLessThanOrEqual(201);
    expect(journal.stats()).toMatchObject({ reads: before.reads, commits: before.commits });
  });
});
