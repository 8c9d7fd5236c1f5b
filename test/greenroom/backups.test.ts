/** Backups of a running Greenroom: made by themselves when they are due, and when they are asked for; told, kept, restored. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { backupsCare } from '../../src/app/backups-care.ts';
import { startGreenroom } from '../../src/index.ts';
import { type Backups, backupsName } from '../../src/session/ports/backups.ts';
import { journalName } from '../../src/session/ports/journal.ts';
import { storeCare } from '../../src/storage/backup/care.ts';
import { FakeS3, KEYS } from '../support/fake-s3.ts';
import { type TestGreenroom, unstartedGreenroom } from '../support/greenroom.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;
const base = mkdtempSync(join(tmpdir(), 'greenroom-backups-'));
const never = new AbortController().signal;
let s3: FakeS3;
let greenroom: TestGreenroom;
let places = 0;

beforeAll(async () => {
  s3 = await FakeS3.start();
});
afterAll(async () => {
  await s3.stop();
  rmSync(base, { recursive: true });
});
beforeEach(() => {
  s3.fault = () => undefined;
});

const bucket = () => ({
  ...{ s3Endpoint: s3.endpoint, s3Region: 'eu-test-1' },
  ...{ s3AccessKeyId: KEYS.accessKeyId, s3SecretAccessKey: KEYS.secretAccessKey },
});
const placeOf = (kind: 'folder' | 's3'): string => {
  places += 1;
  return kind === 's3' ? `s3://${s3.bucket}/place-${places}` : join(base, `place-${places}`);
};
const started = async (more: Parameters<TestGreenroom['start']>[0] = {}) => {
  greenroom = await unstartedGreenroom();
  await greenroom.start({ ...bucket(), ...more });
};
const backups = (): Backups => greenroom.greenroom.system.fetch(backupsName);
const made = async () => {
  await backups().request('a test');
  await backups().settled(60_000);
  const { record } = backups().state();
  expect(record).toMatchObject({ status: 'idle', tried: 0, by: 'a test' });
  return record?.last;
};

/** What is told of the store and its sessions from now on. */
const news = (): Readonly<Record<string, unknown>>[] => {
  const heard: Readonly<Record<string, unknown>>[] = [];
  const listen = async () => {
    for await (const each of greenroom.greenroom.watch()) heard.push(each);
  };
  void listen().catch(() => undefined); // its end is the Greenroom's
  return heard;
};

test.each(['folder', 's3'] as const)(
  'what is backed up to a %s comes back as it was',
  async (kind) => {
    const place = placeOf(kind);
    await started({ backupTo: place });
    for (let n = 0; n < 20; n += 1)
      await greenroom.sessions.append(`session-${n}`, [
        { role: 'user', content: `I am ${n} ${'and so on '.repeat(100)}` },
      ]);
    const first = await made();
    await greenroom.sessions.append('one-more', [{ role: 'user', content: 'Hello' }]);
    const second = await made();
    expect(second).toMatchObject({ sessions: 21, entries: 21 });
    expect(second?.cost.storedBytes).toBeGreaterThan(0);
    if (kind === 's3') {
      expect(second?.cost.puts).toBeGreaterThan(3);
      expect(second?.cost.sentBytes).toBeGreaterThan(second?.cost.storedBytes ?? 0);
    }
    backups().verify(first?.backupId, 'a test');
    await backups().settled(60_000);
    expect(backups().state().work).toMatchObject({
      ...{ kind: 'verify', status: 'completed', result: { isSound: true } },
    });
    expect((await backups().list({ limit: 10 })).map(({ backupId }) => backupId)).toEqual([
      second?.backupId,
      first?.backupId,
    ]);
    const said = greenroom.sessions;
    const messages = await said.messages('one-more');
    await greenroom.stop();

    const dataDir = join(base, `back-${places}`);
    const config = { ...bucket(), dataDir, archiveMbPerSecond: 0 } as never;
    const restored = await backupsCare.restoreFrom(
      ...([config, { from: place, backupId: undefined }, never, () => undefined] as const),
    );
    expect(restored).toMatchObject({ backupId: second?.backupId, sessions: 21, broken: 0 });
    expect(await storeCare.verify(join(dataDir, 'store'))).toMatchObject({ isSound: true });
    await expect(
      backupsCare.restoreFrom(config, { from: place, backupId: undefined }, never, () => undefined),
    ).rejects.toMatchObject({ code: 'invalid_request' });
    const again = await startGreenroom({ dataDir, textSearch: 'off', minFreeMb: 0 });
    expect(await again.sessions.messages('one-more')).toEqual(messages);
    await again.stop();
  },
);

test('one is made when it is due, again after a failure, and once for all that were missed', async () => {
  const clock = skippingClock();
  const place = placeOf('s3');
  const settings = { clock, backupTo: place, backupEvery: '6h', backupKeep: 2 };
  await started(settings);
  await until(() => backups().state().nextMs !== undefined);
  expect(backups().state().record?.last).toBeUndefined();
  const lease = `place-${places}/in-use.json`;
  const until2100 = JSON.stringify({ owner: 'another', until: '2100-01-01T00:00:00.000Z' });
  s3.objects.set(lease, Buffer.from(until2100));
  clock.skip(7 * HOUR_MS);
  await until(() => (backups().state().record?.tried ?? 0) > 0);
  expect(backups().state().record?.error).toMatchObject({ code: 'invalid_state' });
  s3.objects.delete(lease);
  clock.skip(20_000);
  const last = () => backups().state().record?.last;
  await until(() => last() !== undefined);
  expect(backups().state().record).toMatchObject({ status: 'idle', tried: 0, by: 'schedule' });
  const first = last()?.backupId;
  await greenroom.sessions.append('later', [{ role: 'user', content: 'Hello' }]);
  await greenroom.stop();

  clock.skip(30 * HOUR_MS);
  await greenroom.start({ ...bucket(), ...settings });
  await until(() => last() !== undefined && last()?.backupId !== first);
  expect(await backups().list({ limit: 10 })).toHaveLength(2);
  expect(backups().state().nextMs).toBeGreaterThan(clock.now() + 5 * HOUR_MS);
  await greenroom.stop();

  clock.skip(-1_000 * HOUR_MS); // it was wrong, and somebody has put it right
  await greenroom.start({ ...bucket(), ...settings });
  await until(() => backups().state().nextMs !== undefined);
  expect(backups().state().nextMs).toBeLessThanOrEqual(clock.now() + 6 * HOUR_MS);
});

test('where nothing has changed none is made by itself, as long as the last one is there whole', async () => {
  const clock = skippingClock();
  const place = placeOf('folder');
  const settings = { clock, backupTo: place, backupEvery: '6h', backupKeepDays: 1 };
  await started(settings);
  const heard = news();
  await greenroom.sessions.append('one', [{ role: 'user', content: 'Hello' }]);
  // what the log has not handed on yet counts as changed
  const madeOfAll = async () => {
    const journal = greenroom.greenroom.system.fetch(journalName);
    const key = { tenant: 'default', kind: 'backup', name: 'store' } as never;
    await until(() => {
      const mark = journal.changeMark();
      return mark !== undefined && !journal.hasChangedSince(mark, key);
    });
    return (await made())?.backupId ?? '';
  };
  const first = await madeOfAll();
  const record = () => backups().state().record;
  const due = async (isOver: () => boolean) => {
    clock.skip(7 * HOUR_MS);
    await until(isOver);
    expect(record()).toMatchObject({ status: 'idle', tried: 0 });
    expect(backups().state().nextMs).toBeGreaterThan(clock.now());
  };
  const isLooked = () => record()?.unchangedAtMs !== undefined;
  const isMadeBehind = (backupId: string | undefined) => () =>
    record()?.last?.backupId !== backupId;
  const last = () => record()?.last?.backupId;
  await due(isLooked);
  expect(last()).toBe(first);
  await until(() => heard.some((each) => each['type'] === 'store.backup-unchanged'));
  expect(heard.find((each) => each['type'] === 'store.backup-unchanged')).toMatchObject({
    ...{ backupId: first, by: 'schedule' },
  });
  const lookedMs = record()?.unchangedAtMs ?? 0;
  await greenroom.restart({ ...bucket(), ...settings });
  await due(() => (record()?.unchangedAtMs ?? 0) > lookedMs);
  expect(last()).toBe(first);
  await made();
  const asked = last();
  expect(asked).not.toBe(first);
  expect(isLooked()).toBe(false);

  const manifest = JSON.parse(readFileSync(join(place, `${asked}.backup.json`), 'utf8'));
  rmSync(join(place, manifest.packs[0][0]));
  await due(isMadeBehind(asked));
  const whole = last();
  await greenroom.sessions.putBudget({ scope: 'owner', value: 'ann', maxUsd: 1 });
  await due(isMadeBehind(whole));
  const budgeted = last();
  await greenroom.greenroom.templates.put('a-template', { prompt: 'Hello' });
  await due(isMadeBehind(budgeted));
  expect(isLooked()).toBe(false);
  const newest = await madeOfAll();
  clock.skip(30 * HOUR_MS);
  await until(isLooked);
  expect((await backups().list({ limit: 10 })).map(({ backupId }) => backupId)).toEqual([newest]);
});

test('one that is deleted is told, and one that is not there keeps others from no place', async () => {
  const place = placeOf('folder');
  await started({ backupTo: place });
  const heard = news();
  const { backupId = '' } = (await made()) ?? {};
  backups().remove(`${backupId.slice(0, -1)}x`, 'a test');
  await backups().settled(60_000);
  expect(backups().state().work?.error).toMatchObject({ code: 'backup_not_found' });
  expect(readdirSync(place)).not.toContain('in-use.json');
  backups().remove(backupId, 'a test');
  await backups().settled(60_000);
  await until(() => heard.some((each) => each['type'] === 'store.backup-deleted'));
  expect(heard.find((each) => each['type'] === 'store.backup-deleted')).toMatchObject({
    ...{ backupId, by: 'a test' },
  });
  expect(heard.filter((each) => each['type'] === 'store.backup-deleted')).toHaveLength(1);
});

test('one that is deleted beside a damaged one is gone, and the place is free', async () => {
  const place = placeOf('folder');
  await started({ backupTo: place });
  const damaged = (await made())?.backupId ?? '';
  await greenroom.sessions.append('one', [{ role: 'user', content: 'Hello' }]);
  const { backupId = '' } = (await made()) ?? {};
  writeFileSync(join(place, `${damaged}.backup.json`), '{');
  backups().remove(backupId, 'a test');
  await backups().settled(60_000);
  expect(backups().state().work).toMatchObject({
    ...{ status: 'completed', result: { backupId, sweepFault: expect.stringContaining(damaged) } },
  });
  expect(readdirSync(place)).not.toContain('in-use.json');
  expect(readdirSync(place)).not.toContain(`${backupId}.backup.json`);
});

test('keys of the bucket are neither stored nor told', async () => {
  await started({ backupTo: placeOf('s3') });
  await made();
  await greenroom.stop();
  const files = ['store/data.mdb', 'store/commits.log'].map((name) =>
    readFileSync(join(greenroom.dataDir, name)),
  );
  for (const bytes of [...files, ...s3.objects.values()])
    expect(bytes.includes(KEYS.secretAccessKey)).toBe(false);
});

test('without a place nothing is asked for, and other work waits', async () => {
  await started();
  await expect(backups().request('a test')).rejects.toMatchObject({ code: 'invalid_settings' });
  await greenroom.restart({ ...bucket(), backupTo: placeOf('folder') });
  backups().verify(undefined, 'a test');
  expect(() => backups().remove('x', 'a test')).toThrow('other work');
  await backups().settled(60_000);
  expect(backups().state().work?.error).toMatchObject({ code: 'backup_not_found' });
});
