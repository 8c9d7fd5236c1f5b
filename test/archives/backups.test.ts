/** Backups at a place: a folder, and a bucket that fails as real ones do; what is put, what is not, what goes, what comes back. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newest } from '../../src/archives/backup-works.ts';
import { BackupPlace } from '../../src/archives/backups/backup-place.ts';
import { goingOf } from '../../src/archives/backups/keep.ts';
import {
  backupOfId,
  CHUNK_BYTES,
  hashOf,
  idOf,
  type Manifest,
  manifestName,
  REGION_BYTES,
} from '../../src/archives/backups/layout.ts';
import { lookAt } from '../../src/archives/backups/look.ts';
import { makeBackup } from '../../src/archives/backups/make-backup.ts';
import { placeOfText } from '../../src/archives/backups/places.ts';
import { fetchBackup, verifyBackup } from '../../src/archives/backups/read-backup.ts';
import { FolderTarget } from '../../src/archives/targets/folder-target.ts';
import { type Counted, S3Target } from '../../src/archives/targets/s3-target.ts';
import type { Target } from '../../src/archives/targets/target.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { Dice } from '../../src/testing/dice.ts';
import { FakeS3, type Fault, KEYS } from '../support/fake-s3.ts';

const base = mkdtempSync(join(tmpdir(), 'greenroom-backups-'));
const never = new AbortController().signal;
let s3: FakeS3;
let nowMs = Date.parse('2026-11-30T00:00:00Z');
const clock = { ...systemClock, now: () => nowMs, setTimeout: quick };
/** Waits between attempts pass at once. */
function quick(fn: () => void, ms: number) {
  return systemClock.setTimeout(fn, ms < 60_000 ? 0 : ms);
}

beforeAll(async () => {
  s3 = await FakeS3.start();
});
afterAll(async () => {
  await s3.stop();
  rmSync(base, { recursive: true });
});
const DAY_MS = 24 * 3_600_000;
let places = 0;
let counted: Counted[] = [];
beforeEach(() => {
  s3.objects.clear();
  s3.uploads.clear();
  s3.seen.length = 0;
  s3.fault = () => undefined;
  counted = [];
});

const folderTarget = () => {
  places += 1;
  return new FolderTarget(join(base, `place-${places}`));
};
const s3Target = () =>
  new S3Target({
    place: {
      ...{ kind: 's3', endpoint: s3.endpoint, region: 'eu-test-1', bucket: s3.bucket },
      prefix: 'backups/',
    },
    ...{ keys: () => KEYS, clock: systemClock, timeoutMs: 2_000 },
    count: (what) => void counted.push(what),
  });

const ground = (target: Target, owner = 'us') => ({
  place: new BackupPlace(target, clock, owner),
  clock,
  staging: join(base, 'backing-up'),
  copy: async (folder: string) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'data.mdb'), file);
    return { storeId: 'a store' };
  },
  keep: { last: 0, days: 0 },
});

/** A file as a store's is to whoever only cuts it up: two regions, most of it empty, the rest of bytes that do not get smaller. */
const file = Buffer.alloc(REGION_BYTES + 10 * CHUNK_BYTES + 4_096);
const dice = new Dice(7);
const PAGE = 4_096;
const PAGES = file.length / PAGE;
/** Some page, as a commit writes it. */
const writePage = (page: number): void => {
  for (let at = 0; at < PAGE; at += 4)
    file.writeUInt32LE(dice.int(0, 2 ** 32 - 1), page * PAGE + at);
};
for (let page = 0; page < PAGES; page += 1) if (page % 400 < 8) writePage(page);
const write = (pages = 1): void => {
  for (let n = 0; n < pages; n += 1) writePage(dice.int(0, PAGES - 1));
};
const later = () => {
  nowMs += 60_000;
};
/** All that lies at the place, by name. */
const names = async (place: BackupPlace): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const { name } of place.target.list(never)) found.push(name);
  return found.toSorted();
};
const neededBy = (...manifests: readonly Manifest[]): readonly string[] =>
  [...new Set(manifests.flatMap(({ packs }) => packs.map(([name]) => name)))].toSorted();
const packsOf = (all: readonly string[]) => all.filter((name) => name.endsWith('.pack'));
const restored = async (place: BackupPlace, backupId: string): Promise<string> => {
  const folder = join(base, `back-${backupId}`);
  try {
    await fetchBackup(place, await place.manifest(backupId, never), folder, never);
    return hashOf(readFileSync(join(folder, 'data.mdb')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

describe.each([
  ['a folder', folderTarget],
  ['a bucket', s3Target],
])('at %s', (_, makeTarget) => {
  test('a backup comes back as it was, and a second one puts what has changed', async () => {
    const at = ground(makeTarget());
    const [first, then] = [await makeBackup(at, never), hashOf(file)];
    write(3);
    later();
    const second = await makeBackup(at, never);
    expect(await restored(at.place, second.backupId)).toBe(hashOf(file));
    expect(await restored(at.place, first.backupId)).toBe(then);
    const lists = 2 * 64 * 1024; // of two regions, at the most
    expect(second.manifest.put.bytes).toBeLessThan(3 * CHUNK_BYTES + lists);
    expect(await verifyBackup(at.place, second.manifest, never)).toMatchObject({
      ...{ isSound: true, faults: [] },
    });
    expect(packsOf(await names(at.place))).toEqual(neededBy(first.manifest, second.manifest));
    later();
    const third = await makeBackup(at, never);
    expect(third.manifest.put).toEqual({ bytes: 0, packs: 0 });
  });

  test('what goes by its number takes nothing along that another needs', async () => {
    const at = ground(makeTarget());
    const made = [];
    for (let n = 0; n < 4; n += 1) {
      made.push(await makeBackup({ ...at, keep: { last: 2, days: 0 } }, never));
      write();
      later();
    }
    expect(made.map(({ gone }) => gone.length)).toEqual([0, 0, 1, 1]);
    const left = made.slice(2);
    const all = await names(at.place);
    expect(all.filter((name) => name.endsWith('.json'))).toEqual(
      left.map(({ backupId }) => `${backupId}.backup.json`),
    );
    expect(packsOf(all)).toEqual(neededBy(...left.map(({ manifest }) => manifest)));
    for (const { manifest } of left)
      expect(await verifyBackup(at.place, manifest, never)).toMatchObject({ isSound: true });
  });

  test('what an attempt left that failed is used by the next, or swept', async () => {
    const at = ground(makeTarget());
    const broken = { ...at, copy: () => Promise.reject(new Error('no copy')) };
    await expect(makeBackup(broken, never)).rejects.toThrow('no copy');
    await at.place.target.putOnce(
      `${'a'.repeat(64)}.pack`,
      Buffer.from('of a dead attempt'),
      never,
    );
    await at.place.target.putOnce(`${'b'.repeat(64)}.pack.part`, Buffer.from('half'), never);
    const { manifest, swept } = await makeBackup(at, never);
    expect(swept.objects).toBe(2);
    expect(packsOf(await names(at.place))).toEqual(neededBy(manifest));
  });

  test('a pack that is gone is told, refused, and put again by the next backup', async () => {
    const at = ground(makeTarget());
    const first = await makeBackup(at, never);
    const [[pack] = ['']] = first.manifest.packs;
    await at.place.target.remove(pack, never);
    const verified = await verifyBackup(at.place, first.manifest, never);
    expect(verified).toMatchObject({ isSound: false });
    expect(verified.faults[0]).toContain(`${pack} is not there`);
    await expect(restored(at.place, first.backupId)).rejects.toMatchObject({
      code: 'corrupt_record',
    });
    later();
    const second = await makeBackup(at, never);
    expect(await verifyBackup(at.place, second.manifest, never)).toMatchObject({ isSound: true });
  });

  test('another store, or another machine, waits until the place is free', async () => {
    const target = makeTarget();
    const ours = ground(target, 'us');
    await ours.place.leased(never, async () => {
      const theirs = makeBackup(ground(target, 'them'), never);
      await expect(theirs).rejects.toMatchObject({ code: 'invalid_state' });
    });
    await makeBackup(ground(target, 'them'), never);
  });
});

test('a chunk that is dropped, and a byte that turns, are found by whoever verifies or restores', async () => {
  const at = ground(folderTarget());
  const { manifest, backupId } = await makeBackup(at, never);
  const [[first] = ['']] = manifest.packs;
  for (const [pack, size] of manifest.packs) {
    const path = at.place.target.local(pack) ?? '';
    const sound = readFileSync(path);
    const turned = Buffer.from(sound);
    turned[size >> 1] = (turned[size >> 1] ?? 0) ^ 1;
    const dropped = Buffer.concat([sound.subarray(0, 10), Buffer.alloc(size - 10)]);
    for (const wrong of pack === first ? [turned, dropped, sound.subarray(0, -1)] : [turned]) {
      writeFileSync(path, wrong);
      const { isSound, faults } = await verifyBackup(at.place, manifest, never);
      expect({ isSound, isNamed: faults.some((fault) => fault.includes(pack)) }).toEqual({
        ...{ isSound: false, isNamed: true },
      });
      await expect(fetchBackup(at.place, manifest, join(base, 'no'), never)).rejects.toMatchObject({
        code: 'corrupt_record',
      });
      rmSync(join(base, 'no'), { recursive: true, force: true });
    }
    writeFileSync(path, sound);
  }
  const path = at.place.target.local(`${backupId}.backup.json`) ?? '';
  writeFileSync(path, readFileSync(path, 'utf8').replace('"format":1', '"format": 1'));
  await expect(at.place.manifest(backupId, never)).rejects.toMatchObject({
    code: 'corrupt_record',
  });
  await expect(at.place.sweep(never)).rejects.toMatchObject({ code: expect.anything() });
  expect(packsOf(await names(at.place))).toHaveLength(manifest.packs.length);
});

test('of which too little is needed, a pack is put anew: a place does not only grow', async () => {
  const at = ground(folderTarget());
  await makeBackup(at, never);
  for (let n = 0; n < 4; n += 1) {
    write(PAGES / 16);
    later();
    await makeBackup({ ...at, keep: { last: 1, days: 0 } }, never);
  }
  const all = await names(at.place);
  const bytes = packsOf(all).map((name) => statSync(at.place.target.local(name) ?? '').size);
  const [only] = all.filter((name) => name.endsWith('.backup.json'));
  const manifest = await at.place.manifest(only?.replace('.backup.json', '') ?? '', never);
  const needed = manifest.packs.reduce((sum, [, , each]) => sum + each, 0);
  expect(needed).toBeGreaterThan(bytes.reduce((sum, each) => sum + each, 0) / 3);
});

/** A manifest that was put by other hands, with the id that its text has. */
const putForged = async (place: BackupPlace, change: Partial<Manifest>, from: Manifest) => {
  const manifest = { ...from, ...change };
  const text = JSON.stringify(manifest);
  const backupId = idOf(text, manifest);
  await place.target.putOnce(manifestName(backupId), Buffer.from(text), never);
  return { backupId, manifest };
};

describe('what others put at the place', () => {
  test('that would have more read than we ever put is refused, and a backup goes round it', async () => {
    const at = ground(folderTarget());
    const { manifest } = await makeBackup(at, never);
    later();
    const madeAt = new Date(nowMs).toISOString();
    const sha = 'a'.repeat(64);
    for (const ref of [
      [0, 0, 8 * 1024 ** 3, sha],
      [0, 2 ** 52, 10, sha],
      [1_000, 0, 10, sha],
    ] as const) {
      const regions = manifest.regions.map(() => [...ref]) as Manifest['regions'];
      const { backupId } = await putForged(at.place, { madeAt, regions }, manifest);
      await expect(at.place.manifest(backupId, never)).rejects.toMatchObject({
        code: 'corrupt_record',
      });
    }
    expect((await makeBackup(at, never)).manifest.put.bytes).toBe(0);
  });

  test('under a day that no calendar has is no backup, and a half of another is left', async () => {
    const at = ground(folderTarget());
    expect(backupOfId(`20261399T250000000Z-abcdef-${'0'.repeat(16)}`)).toBeUndefined();
    const theirs = ['an-archive.manifest.json.part', 'report.json.part'];
    for (const name of theirs) await at.place.target.putOnce(name, Buffer.from('{}'), never);
    await at.place.target.putOnce(`${'b'.repeat(64)}.pack.part`, Buffer.from('half'), never);
    await at.place.leased(never, () => at.place.sweep(never));
    expect(await names(at.place)).toEqual(theirs);
  });
});

test('a backup of a time to come does not have each new one go', () => {
  const day = 24 * 3_600_000;
  const backup = (madeAtMs: number) => ({ backupId: String(madeAtMs), madeAtMs, store: 'ours' });
  const [future, today, yesterday] = [nowMs + 9 * day, nowMs, nowMs - day].map(backup);
  const all = [future, today, yesterday].filter((each) => each !== undefined);
  expect(goingOf(all, { last: 1, days: 0 }, nowMs)).toEqual([yesterday]);
});

describe('of two that found the place free', () => {
  const seize = (place: BackupPlace) => {
    const lease = { owner: 'them', until: new Date(nowMs + 60_000).toISOString() };
    return place.target.overwrite('in-use.json', Buffer.from(JSON.stringify(lease)), never);
  };

  test('the first names no backup once the second has it, and leaves it to the second', async () => {
    const at = ground(folderTarget());
    const copy = async (folder: string) => {
      await seize(at.place);
      return at.copy(folder);
    };
    await expect(makeBackup({ ...at, copy }, never)).rejects.toMatchObject({
      code: 'invalid_state',
    });
    expect((await at.place.contents(never)).backups).toEqual([]);
    expect(await names(at.place)).toContain('in-use.json');
  });

  test('the first neither sweeps nor frees the place for a third, also after its machine slept', async () => {
    const { place } = ground(folderTarget());
    await place.leased(never, async () => {
      await seize(place);
      await place.target.putOnce(`${'a'.repeat(64)}.pack`, Buffer.from('theirs'), never);
      await expect(place.sweep(never)).rejects.toMatchObject({ code: 'invalid_state' });
      later(); // the clock of the day alone has gone on
      await expect(place.renew(never)).rejects.toMatchObject({ code: 'invalid_state' });
    });
    expect(await names(place)).toEqual([`${'a'.repeat(64)}.pack`, 'in-use.json']);
  });
});

test('a store that takes longer to copy than a lease holds is backed up, and no other gets in meanwhile', async () => {
  const time = virtualClock(nowMs);
  const target = folderTarget();
  const [ours, theirs] = ['us', 'them'].map((owner) => new BackupPlace(target, time, owner));
  if (ours === undefined || theirs === undefined) throw new TypeError('there are two');
  const refused: unknown[] = [];
  const { copy: plainCopy, ...at } = ground(target);
  const copy = async (folder: string) => {
    for (let minute = 0; minute < 25; minute += 1) {
      await time.advance(60_000);
      await expect.poll(() => time.timers, { timeout: 30_000 }).toBe(1); // it is renewed, and will be again
    }
    await theirs.leased(never, async () => undefined).catch((error) => refused.push(error));
    return plainCopy(folder);
  };
  const { backupId } = await makeBackup({ ...at, copy, place: ours, clock: time }, never);
  expect(refused).toMatchObject([{ code: 'invalid_state' }]);
  expect((await ours.contents(never)).backups).toMatchObject([{ backupId }]);
});

describe('at a bucket that fails', () => {
  const faults: readonly Fault[] = [
    ...(['slowDown', 'failAfter', 'cut', 'wrongLength', 'errorIn200', 'wrongBytes'] as const),
  ];
  test.each(faults)('now and then (%s) a backup is whole, or is none', async (fault) => {
    const at = ground(s3Target());
    let asked = 0;
    s3.fault = ({ method }) => {
      asked += 1;
      const fits = fault !== 'wrongBytes' || method === 'GET';
      return asked % 3 === 0 && fits ? fault : undefined;
    };
    await makeBackup(at, never).catch(() => undefined);
    later();
    s3.fault = () => undefined;
    const { manifest, backupId } = await makeBackup(at, never);
    const { backups } = await at.place.contents(never);
    for (const each of backups) {
      const known = await at.place.manifest(each.backupId, never);
      expect(await verifyBackup(at.place, known, never)).toMatchObject({ isSound: true });
    }
    expect(backups.at(-1)?.backupId).toBe(backupId);
    await at.place.leased(never, () => at.place.sweep(never));
    expect(neededBy(manifest).every((pack) => s3.objects.has(`backups/${pack}`))).toBe(true);
    expect(s3.listing.filter((name) => name.startsWith('upload'))).toEqual([]);
  });

  test('a byte that turns on its way here is no damage, and one that is turned there is', async () => {
    const at = ground(s3Target());
    const { manifest, backupId } = await makeBackup(at, never);
    let reads = 0;
    const turning = (isTurned: (read: number) => boolean) => {
      reads = 0;
      s3.fault = ({ method, key }) =>
        method === 'GET' && key.endsWith('.pack') && isTurned(reads++) ? 'wrongBytes' : undefined;
    };
    turning((read) => read === 0);
    expect(await verifyBackup(at.place, manifest, never)).toMatchObject({ isSound: true });
    turning(() => true);
    expect(await verifyBackup(at.place, manifest, never)).toMatchObject({ isSound: false });
    s3.fault = ({ method, key }) =>
      method === 'GET' && key.endsWith('.json') && reads++ === 0 ? 'wrongBytes' : undefined;
    reads = 0;
    expect(await at.place.manifest(backupId, never)).toEqual(manifest);
    s3.fault = ({ method, key }) =>
      method === 'GET' && key.endsWith('.json') ? 'wrongBytes' : undefined;
    await expect(at.place.manifest(backupId, never)).rejects.toMatchObject({
      code: 'corrupt_record',
    });
    s3.fault = () => undefined;
  });

  test('lists of many pages are read to their end, and requests are counted', async () => {
    const at = ground(s3Target());
    s3.pageSize = 1;
    const { manifest } = await makeBackup(at, never);
    s3.pageSize = 1_000;
    expect(manifest.packs.length).toBeGreaterThan(1);
    expect(counted.filter(({ request }) => request !== undefined)).toHaveLength(s3.seen.length);
    const sent = counted.reduce((sum, { sent = 0 }) => sum + sent, 0);
    expect(sent).toBeGreaterThan(manifest.put.bytes);
  });
});

test('backups of a clock that ran ahead push no other out, and are not taken for the newest', async () => {
  const at = { ...ground(folderTarget()), keep: { last: 2, days: 0 } };
  const today = nowMs;
  const made: string[] = [];
  for (const ahead of [365 * DAY_MS, 366 * DAY_MS, 0, 1_000, 2_000]) {
    nowMs = today + ahead;
    made.push((await makeBackup(at, never)).backupId);
  }
  const { backups } = await at.place.contents(never);
  const [first, second, , fourth, fifth] = made;
  expect(backups.map(({ backupId }) => backupId)).toEqual([fourth, fifth, first, second]);
  expect(await newest(at.place, undefined, nowMs, never)).toBe(fifth);
});

test('a list that lags behind what was put has nothing removed of it', async () => {
  class Lagging extends FolderTarget {
    isLate = false;
    override async *list() {
      for await (const each of super.list())
        if (!this.isLate || !each.name.endsWith('.backup.json')) yield each;
    }
  }
  const target = new Lagging(folderTarget().place.dir);
  const at = ground(target);
  const first = await makeBackup(at, never);
  later();
  write();
  writeFileSync(`${target.local(first.manifest.packs[0]?.[0] ?? '')}.part`, 'half');
  target.isLate = true;
  const second = await makeBackup(at, never);
  expect(second.sweepFault).toMatchObject({ code: 'unavailable' });
  target.isLate = false;
  for (const { manifest } of [first, second])
    expect(await verifyBackup(at.place, manifest, never)).toMatchObject({ isSound: true });
});

test('where backups of several stores lie, none of them is taken for the newest', async () => {
  const target = folderTarget();
  const at = ground(target);
  const ours = await makeBackup(at, never);
  const theirs = {
    ...at,
    copy: async (folder: string) => ({ ...(await at.copy(folder)), storeId: 'another' }),
  };
  await makeBackup(theirs, never);
  await expect(newest(at.place, undefined, nowMs, never)).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('2 stores'),
  });
  expect(await newest(at.place, ours.manifest, nowMs, never)).toBe(ours.backupId);
});

test("of a restored store, none of the backups is the original's, and none of the original's goes by its settings", async () => {
  const at = { ...ground(folderTarget()), keep: { last: 1, days: 0 } };
  const original = { storeId: 'a store' };
  const copy = { ...original, copy: 'of it' };
  const restored = {
    ...at,
    store: () => copy,
    copy: async (folder: string) => ({ ...(await at.copy(folder)), ...copy }),
  };
  const first = await makeBackup(at, never);
  later();
  expect(await lookAt(restored, first.backupId, never)).toBeUndefined();
  write();
  const second = await makeBackup(restored, never);
  expect(second).toMatchObject({ gone: [], manifest: { copy: 'of it' } });
  expect(second.manifest.put.bytes).toBeLessThan(first.manifest.put.bytes / 2); // what the original has put is there
  expect(await newest(at.place, original, nowMs, never)).toBe(first.backupId);
  expect(await newest(at.place, copy, nowMs, never)).toBe(second.backupId);
  later();
  write();
  expect(await makeBackup(restored, never)).toMatchObject({ gone: [second.backupId] });
  expect(await verifyBackup(at.place, first.manifest, never)).toMatchObject({ isSound: true });
});

test('a bucket that lets everyone put everything is taken by one at a time all the same', async () => {
  class Lax extends S3Target {
    override async putOnce(name: string, bytes: Buffer, signal: AbortSignal): Promise<boolean> {
      await this.overwrite(name, bytes, signal);
      return true;
    }
  }
  const { place } = s3Target();
  const lax = new Lax({ place, keys: () => KEYS, clock: systemClock });
  await ground(lax, 'them').place.leased(never, async () => {
    await expect(makeBackup(ground(lax), never)).rejects.toMatchObject({ code: 'invalid_state' });
  });
});

test.each(['s3://bucket/../other/', 's3://bucket/a/./b', 's3://bucket/..'])(
  '%s is no place: on its way it would become another',
  (text) => {
    const settings = { s3Region: 'eu-test-1', s3Endpoint: undefined };
    expect(() => placeOfText(text, { ...settings, ...NO_KEYS })).toThrow('no place for backups');
    expect(placeOfText('s3://bucket/a..b/.c/', { ...settings, ...NO_KEYS })).toMatchObject({
      prefix: 'a..b/.c/',
    });
  },
);
const NO_KEYS = { s3AccessKeyId: undefined, s3SecretAccessKey: undefined };
