/** What `greenroom backups` says of the daemon's own place. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { append, keyOf } from '../storage/sessions.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom, newFolder } from './run-cli.ts';

const NONE = { ...{ place: null, every: null, nextAt: null }, keepLast: 0, keepDays: 0 };
const SET = { ...NONE, place: '/mnt/backups', every: '6h', keepLast: 3, keepDays: 7 };
const LAST = {
  ...{ backupId: 'b-1', startedAt: '2026-01-01T00:00:00Z', endedAt: '2026-01-01T00:00:01Z' },
  ...{ sessions: 1, entries: 8, bytes: 73_700, gone: ['b-0'], freedBytes: 215 },
  cost: {
    ...{ puts: 9, gets: 6, deletes: 1, sentBytes: 5_420, receivedBytes: 80 },
    ...{ storedBytes: 5_420, storedObjects: 2 },
  },
};

const statusOf = async (state: object): Promise<string> => {
  const daemon = new FakeDaemon({
    'daemon.backup-state': { ...{ status: 'idle', tried: 0 }, ...state },
  });
  return (await greenroom('backups status', { daemon })).out;
};

test('without a place their status says how to name one', async () => {
  const out = await statusOf(NONE);
  expect(out).toContain('none is set: GREENROOM_BACKUP_TO names it');
  expect(out).not.toMatch(/keep|tried/);
});

test('their status is said in words', async () => {
  const out = await statusOf({ ...SET, last: LAST });
  expect(out).toMatch(/keeps +the newest 3, and those of 7 days\n/);
  expect(out).toMatch(/last +b-1, .* ago\n/);
  expect(out).toMatch(/has +1 session, 8 entries, a store of 73\.7 kB\n/);
  expect(out).toMatch(/cost +9 requests that put or list, 6 that read/);
  expect(out).toMatch(/gone +1 backup by age or number, 215 B freed\n/);
  const error = { code: 'unavailable', message: 'no answer' };
  expect(await statusOf({ ...SET, status: 'pending', tried: 2, error })).toContain(
    'failed 2 times, tried again: no answer',
  );
  expect(await statusOf({ ...SET, status: 'failed', tried: 8, error })).toContain(
    'the last one failed: no answer',
  );
  const work = { kind: 'verify', status: 'in_progress', by: 'request', backupId: 'b-1' };
  const far = { startedAt: '2026-01-01T00:00:00Z', bytes: 1_000, ofBytes: 4_000 };
  expect(await statusOf({ ...SET, work: { ...work, ...far } })).toMatch(
    /now +verifying b-1, begun .*, 1\.0 kB of 4\.0 kB\n/,
  );
});

test('one that is not there is not found, also where the daemon looked', async () => {
  const error = { code: 'backup_not_found', message: 'there is no backup x' };
  const work = { kind: 'delete', status: 'failed', by: 'request', error };
  const daemon = new FakeDaemon({
    'daemon.delete-backup': { ...SET, ...{ status: 'idle', tried: 0 }, work },
    'daemon.backups': { backups: [] },
  });
  const env = runningDaemon();
  for (const words of ['x', 'last', idOf('20261130', 'f')]) {
    const { code, err } = await greenroom(`backups delete ${words}`, { daemon, env });
    expect(code).toBe(3);
    expect(err).toContain('greenroom backups list shows the backups');
  }
});

const idOf = (day: string, hash: string): string => `${day}T030000000Z-3f9c1a-${hash.repeat(16)}`;

/** Where a daemon runs: this process. */
const runningDaemon = () => {
  const dataDir = newFolder();
  const file = { ...{ pid: process.pid, natsUrl: 'nats://broker.example:4222' }, version: '1.2.3' };
  const running = JSON.stringify({ ...file, startedAt: '2100-01-01T00:00:00Z' });
  writeFileSync(join(dataDir, 'daemon.json'), running);
  return { GREENROOM_DATA_DIR: dataDir };
};

test('the beginning of an id names a backup, and `last` the newest of this store', async () => {
  const [theirs, ours, older] = [
    idOf('20261202', 'a'),
    idOf('20261130', 'b'),
    idOf('20261129', 'c'),
  ];
  const backups = [theirs, ours, older].map((backupId) => ({
    ...{ backupId, madeAt: '2026-11-30T03:00:00Z', isOurs: backupId !== theirs },
  }));
  const daemon = new FakeDaemon({
    'daemon.backups': (request: unknown) => {
      const { limit, beginning = '', ours: isOurs = false } = Object(request);
      const wanted = backups.filter(
        (each) => each.backupId.startsWith(beginning) && (each.isOurs || !isOurs),
      );
      return { backups: wanted.slice(0, limit) };
    },
    'daemon.verify-backup': (request: unknown) => ({
      ...{ ...SET, status: 'idle', tried: 0 },
      work: {
        ...{ kind: 'verify', status: 'completed', by: 'request' },
        result: { ...Object(request), isSound: true, bytes: 1, packs: 1, faults: [] },
      },
    }),
  });
  const env = runningDaemon();
  for (const [words, meant] of [
    ['last', ours],
    ['2026-11-29', older],
    ['20261202', theirs],
    [`${older.slice(0, 12)}…`, older],
    [ours, ours],
  ]) {
    const { code, out } = await greenroom(`backups verify ${words}`, { daemon, env });
    expect({ words, code, meant: out.slice(0, ours.length) }).toEqual({ words, code: 0, meant });
  }
  const { code, err } = await greenroom('backups verify 2026-11-', { daemon, env });
  expect(code).toBe(2);
  expect(err).toContain(`2026-11- is the beginning of several backups: ${ours}, ${older}`);
});

test('an older one is restored by the beginning of its id', async () => {
  const [from, place] = [newFolder(), newFolder()];
  const { journal, close } = await openLmdbJournal({ dir: join(from, 'store') });
  const sleep = () => new Promise<void>(() => undefined); // what is timed is over before
  const backUp = async () => {
    const { code, out, err } = await greenroom(['backup', '--to', place, '--json'], {
      ...{ sleep, env: { GREENROOM_DATA_DIR: from } },
    });
    expect([code, err]).toEqual([0, '']);
    return (JSON.parse(out) as { backupId: string }).backupId;
  };
  await journal.commit(append(keyOf('one')));
  await close();
  const first = await backUp();
  const second = await backUp();
  const restore = (to: string, words: string) =>
    greenroom(['restore', place, '--backup', words], { sleep, env: { GREENROOM_DATA_DIR: to } });
  const to = newFolder();
  const beginning = first.slice(0, 18);
  expect(second.startsWith(beginning)).toBe(false);
  expect(await restore(to, '1999')).toMatchObject({ code: 3 });
  expect(await restore(to, beginning)).toMatchObject({
    ...{ code: 0, out: expect.stringContaining('1 session') },
  });
  expect((await restore(newFolder(), 'last')).code).toBe(0);
  const plain = newFolder();
  const env = { GREENROOM_DATA_DIR: from };
  expect((await greenroom(['backup', join(plain, 'copy')], { env })).code).toBe(0);
  const { code, err } = await greenroom(['restore', join(plain, 'copy'), '--backup', first], {
    env: { GREENROOM_DATA_DIR: newFolder() },
  });
  expect([code, err]).toEqual([2, expect.stringContaining('is a plain copy')]);
});
