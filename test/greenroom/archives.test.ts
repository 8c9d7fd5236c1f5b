/** Archives in a whole Greenroom: what becomes of a session that is archived, swept, found, brought back, and goes on. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { DefinitionKey } from '../../src/model/definition.ts';
import { systemClock } from '../../src/otp/system-clock.ts';
import { archiverName } from '../../src/session/ports/archives.ts';
import type { ArchiveView } from '../../src/session/verbs/archives.ts';
import { storeCare } from '../../src/storage/backup/care.ts';
import { FakeS3, KEYS } from '../support/fake-s3.ts';
import { preparedGreenroom, type TestGreenroom, unstartedGreenroom } from '../support/greenroom.ts';
import { skippingClock } from '../support/skipping-clock.ts';
import { FULL, makeTree, treeOf } from '../support/trees.ts';
import { until } from '../support/until.ts';

const WAIT = { waitMs: 20_000 };
let greenroom: TestGreenroom;
let s3: FakeS3;
const projects = mkdtempSync(join(tmpdir(), 'greenroom-projects-'));
let count = 0;

beforeAll(async () => {
  s3 = await FakeS3.start();
});
afterAll(async () => {
  await s3.stop();
  rmSync(projects, { recursive: true });
});
beforeEach(() => {
  s3.fault = () => undefined;
  s3.objects.clear(); // each test's store has the bucket for itself
});

const started = async (more: Parameters<TestGreenroom['start']>[0] = {}) => {
  greenroom = await unstartedGreenroom();
  await greenroom.start({
    ...{ s3Endpoint: s3.endpoint, s3Bucket: s3.bucket, s3Region: 'eu-test-1' },
    ...{ s3AccessKeyId: KEYS.accessKeyId, s3SecretAccessKey: KEYS.secretAccessKey },
    ...more,
  });
  return greenroom;
};

/** An ended session whose directory is full, and what is in there. */
const endedSession = async () => {
  const sessionId = `session-${count++}`;
  const directory = join(projects, sessionId);
  mkdirSync(directory);
  makeTree(directory, { ...FULL, own: sessionId });
  await greenroom.sessions.create(sessionId, {
    workingDirectory: directory,
    tags: ['kept'],
    title: 'A title',
  });
  await greenroom.run(sessionId, 'Hello');
  await greenroom.sessions.complete(sessionId);
  return { sessionId, directory, tree: treeOf(directory) };
};

const transcriptOf = async (sessionId: string) =>
  (await greenroom.sessions.messages(sessionId)).entries;
const objects = (): readonly string[] => readdirSync(join(greenroom.dataDir, 'archives')).sort();
const namesOf = ({ folder, list, transcript, manifest }: ArchiveView) =>
  [folder, list, transcript, manifest].flatMap((each) => (each ? [each.name] : [])).sort();
const tidy = async (archiveId: string) => {
  for (;;) {
    const archive = await greenroom.greenroom.archives.get(archiveId);
    if (
      (
        await greenroom.journal.definition({
          tenant: 'default' as never,
          kind: 'archive',
          name: archiveId,
        })
      )?.record['isTidy'] === true
    )
      return archive;
    await new Promise((resolve) => systemClock.setTimeout(() => resolve(undefined), 5));
  }
};

describe.each(['local', 's3'] as const)('to %s', (to) => {
  test('a session is archived, deleted, found, brought back with its directory, and goes on', async () => {
    await started();
    const { archives } = greenroom.greenroom;
    const { sessionId, directory, tree } = await endedSession();
    const before = await transcriptOf(sessionId);
    const archive = await greenroom.sessions.archive(sessionId, { to, ...WAIT });
    expect(archive).toMatchObject({
      ...{ status: 'completed', sessionId, compression: 'gzip', directory, tried: 0 },
      session: { title: 'A title', tags: ['kept'], numTurns: 1 },
    });
    expect(archive.archivePath).toMatch(
      to === 's3' ? /^s3:\/\/green-room\/archives\/[0-9a-f]{64}\.tar\.gz$/ : /^file:\/\//,
    );
    expect(await greenroom.sessions.get(sessionId)).toMatchObject({
      status: 'archived',
      archiveId: archive.archiveId,
    });
    const { sessions: found } = await greenroom.sessions.search({ hasArchive: true });
    expect(found.map((each) => each.sessionId)).toEqual([sessionId]);
    const { audit: records } = await greenroom.greenroom.audit.of(sessionId);
    expect(records.at(-1)).toMatchObject({
      action: 'archived',
      details: {
        archiveId: archive.archiveId,
        archivePath: archive.archivePath,
        sizeBytes: archive.sizeBytes,
      },
    });
    await greenroom.sessions.delete(sessionId);
    rmSync(directory, { recursive: true });
    expect((await archives.search({ sessionId })).archives).toHaveLength(1);
    const restored = await archives.restore(archive.archiveId, WAIT);
    expect(restored.work).toMatchObject({
      kind: 'restore',
      status: 'completed',
      result: { session: 'restored', leftCount: 0 },
    });
    expect(treeOf(directory)).toEqual(tree);
    expect(await transcriptOf(sessionId)).toEqual(before);
    expect(await greenroom.sessions.get(sessionId)).toMatchObject({
      status: 'completed',
      archiveId: archive.archiveId,
    });
    await greenroom.sessions.reopen(sessionId);
    await greenroom.run(sessionId, 'And on');
    expect(await transcriptOf(sessionId)).toHaveLength(before.length + 2);
    rmSync(directory, { recursive: true });
  });
});

describe('one Greenroom', () => {
  const shared = preparedGreenroom(async () => undefined);
  beforeEach(() => {
    greenroom = shared();
  });

  test('only sessions that have ended are archived', async () => {
    await greenroom.sessions.create('idle', {});
    await expect(greenroom.sessions.archive('idle')).rejects.toMatchObject({
      code: 'invalid_state',
    });
    await expect(greenroom.sessions.archive('absent')).rejects.toMatchObject({
      code: 'session_not_found',
    });
    const { sessionId } = await endedSession();
    const archive = await greenroom.sessions.archive(sessionId, WAIT);
    expect(archive.status).toBe('completed');
    await expect(greenroom.sessions.archive(sessionId)).rejects.toMatchObject({
      code: 'invalid_state',
    });
  });

  test('a restart knows all of it', async () => {
    const { sessionId } = await endedSession();
    const before = await greenroom.sessions.archive(sessionId, WAIT);
    await tidy(before.archiveId);
    const again = await greenroom.greenroom.archives.get(before.archiveId);
    await greenroom.restart();
    const { sessions } = await greenroom.sessions.search({ hasArchive: true });
    expect(sessions.map((each) => each.sessionId)).toContain(sessionId);
    expect(await greenroom.sessions.get(sessionId)).toMatchObject({ archiveId: before.archiveId });
    expect(await greenroom.greenroom.archives.get(before.archiveId)).toEqual(again);
  });

  test('asked for by many at once it is one archive', async () => {
    const { sessionId } = await endedSession();
    const all = await Promise.all(
      Array.from({ length: 10 }, () => greenroom.sessions.archive(sessionId)),
    );
    expect(new Set(all.map(({ archiveId }) => archiveId)).size).toBe(1);
  });

  test('it is downloaded whole and in part, and is what it says', async () => {
    const { sessionId } = await endedSession();
    const { archiveId, folder, transcript } = await greenroom.sessions.archive(sessionId, WAIT);
    const bytesOf = async (options?: {
      object?: 'folder' | 'transcript' | 'list';
      from?: number;
    }) => {
      const parts: Uint8Array[] = [];
      for await (const part of greenroom.greenroom.archives.download(archiveId, options))
        parts.push(part);
      return Buffer.concat(parts);
    };
    const bytes = await bytesOf();
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(folder?.sha256);
    expect(await bytesOf({ from: 100 })).toEqual(bytes.subarray(100));
    const text = gunzipSync(await bytesOf({ object: 'transcript' })).toString();
    expect(text.split('\n')[0]).toContain(`"sessionId":"${sessionId}"`);
    expect(
      createHash('sha256')
        .update(await bytesOf({ object: 'transcript' }))
        .digest('hex'),
    ).toBe(transcript?.sha256);
    const list = gunzipSync(await bytesOf({ object: 'list' })).toString();
    expect(list).toContain('"path":"src/index.ts"');
  });

  test('a second archive of the same session replaces the first, whose bytes go unless they are the same', async () => {
    const { sessionId, directory } = await endedSession();
    const first = await greenroom.sessions.archive(sessionId, WAIT);
    await tidy(first.archiveId);
    await greenroom.sessions.reopen(sessionId);
    await greenroom.run(sessionId, 'More');
    writeFileSync(join(directory, 'new'), 'file');
    await greenroom.sessions.complete(sessionId);
    const second = await greenroom.sessions.archive(sessionId, WAIT);
    await tidy(second.archiveId);
    await expect(greenroom.greenroom.archives.get(first.archiveId)).rejects.toMatchObject({
      code: 'archive_not_found',
    });
    expect(objects()).toEqual(expect.arrayContaining(namesOf(second)));
    for (const name of namesOf(first)) expect(objects()).not.toContain(name);
  });

  test('equal directories are stored once, and stay as long as one archive has them', async () => {
    const [one, two] = [await endedSession(), await endedSession()];
    writeFileSync(join(two.directory, 'own'), readFileSync(join(one.directory, 'own')));
    makeTree(one.directory, {});
    makeTree(two.directory, {});
    const first = await greenroom.sessions.archive(one.sessionId, WAIT);
    const second = await greenroom.sessions.archive(two.sessionId, WAIT);
    expect(second.folder?.name).toBe(first.folder?.name);
    expect(await greenroom.greenroom.archives.delete(first.archiveId, WAIT)).toEqual({
      deleted: true,
    });
    expect(await greenroom.sessions.get(one.sessionId)).toMatchObject({ status: 'completed' });
    expect(objects()).toContain(second.folder?.name);
    expect((await greenroom.greenroom.archives.verify(second.archiveId, WAIT)).work).toMatchObject({
      status: 'completed',
      result: { isSound: true, faults: [] },
    });
    expect(await greenroom.greenroom.archives.delete(second.archiveId, WAIT)).toEqual({
      deleted: true,
    });
    for (const name of [...namesOf(first), ...namesOf(second)])
      expect(objects()).not.toContain(name);
  });

  test('what is damaged is told of, and is not brought back', async () => {
    const { sessionId } = await endedSession();
    const { archiveId, folder } = await greenroom.sessions.archive(sessionId, WAIT);
    const file = join(greenroom.dataDir, 'archives', folder?.name ?? '');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const { archives } = greenroom.greenroom;
    expect((await archives.verify(archiveId, WAIT)).work).toMatchObject({
      result: { isSound: false },
    });
    const to = join(projects, 'never');
    const { work } = await archives.restore(archiveId, { to, ...WAIT });
    expect(work).toMatchObject({ status: 'failed', error: { code: 'corrupt_record' } });
    expect(existsSync(to)).toBe(false);
    rmSync(file);
    expect((await archives.verify(archiveId, WAIT)).work).toMatchObject({
      result: { isSound: false },
    });
  });

  test('an archive with the same bytes as a damaged one mends it', async () => {
    const [one, two] = [await endedSession(), await endedSession()];
    writeFileSync(join(two.directory, 'own'), readFileSync(join(one.directory, 'own')));
    makeTree(one.directory, {});
    makeTree(two.directory, {});
    const first = await greenroom.sessions.archive(one.sessionId, WAIT);
    const file = join(greenroom.dataDir, 'archives', first.folder?.name ?? '');
    const bytes = readFileSync(file);
    writeFileSync(file, Buffer.alloc(bytes.length));
    const second = await greenroom.sessions.archive(two.sessionId, WAIT);
    expect(second).toMatchObject({ status: 'completed', folder: { name: first.folder?.name } });
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  test('a directory is never brought back over something', async () => {
    const { sessionId, directory, tree } = await endedSession();
    const { archiveId } = await greenroom.sessions.archive(sessionId, WAIT);
    const { work } = await greenroom.greenroom.archives.restore(archiveId, WAIT);
    expect(work).toMatchObject({ status: 'failed', error: { code: 'invalid_state' } });
    const to = `${directory}-elsewhere`;
    const elsewhere = await greenroom.greenroom.archives.restore(archiveId, { to, ...WAIT });
    expect(elsewhere.work).toMatchObject({ status: 'completed', result: { session: 'there', to } });
    expect(treeOf(to)).toEqual(tree);
  });

  test('what is held is not deleted until it is released', async () => {
    const { sessionId } = await endedSession();
    const { archiveId } = await greenroom.sessions.archive(sessionId, WAIT);
    const { archives } = greenroom.greenroom;
    expect(await archives.hold(archiveId, 'audit')).toMatchObject({ hold: { reason: 'audit' } });
    await expect(archives.delete(archiveId)).rejects.toMatchObject({ code: 'invalid_state' });
    expect(await archives.release(archiveId)).not.toHaveProperty('hold');
    expect(await archives.delete(archiveId, WAIT)).toEqual({ deleted: true });
  });

  test('a place is the same with a slash at its end', async () => {
    const { sessionId, directory, tree } = await endedSession();
    const { archiveId } = await greenroom.sessions.archive(sessionId, WAIT);
    const to = `${directory}-slash`;
    const { work } = await greenroom.greenroom.archives.restore(archiveId, {
      to: `${to}/`,
      ...WAIT,
    });
    expect(work).toMatchObject({ status: 'completed', result: { to } });
    expect(treeOf(to)).toEqual(tree);
  });

  test("Greenroom's own data is archived by no session", async () => {
    await greenroom.sessions.create('sly', { workingDirectory: join(greenroom.dataDir, 'store') });
    await greenroom.sessions.complete('sly');
    expect(await greenroom.sessions.archive('sly', WAIT)).toMatchObject({
      status: 'failed',
      error: { code: 'forbidden' },
    });
  });

  test('a session without a directory is archived with its transcript alone', async () => {
    await greenroom.sessions.create('talk', {});
    await greenroom.run('talk', 'Hello');
    await greenroom.sessions.complete('talk');
    const archive = await greenroom.sessions.archive('talk', WAIT);
    expect(archive).toMatchObject({
      status: 'completed',
      archivePath: expect.stringMatching(/\.jsonl\.gz$/),
    });
    expect(archive).not.toHaveProperty('folder');
    expect(readdirSync(join(greenroom.dataDir, 'archiving'))).toEqual([]);
  });
});

describe('while it is worked on', () => {
  test('a byte that turns on its way here is read once more, and is no damage', async () => {
    await started();
    const { sessionId } = await endedSession();
    const { archiveId } = await greenroom.sessions.archive(sessionId, { ...WAIT, to: 's3' });
    const turned = new Set<string>();
    s3.fault = ({ method, key }) => {
      if (method !== 'GET' || turned.has(key)) return undefined;
      turned.add(key);
      return 'wrongBytes';
    };
    const { work } = await greenroom.greenroom.archives.verify(archiveId, WAIT);
    expect(work).toMatchObject({ result: { isSound: true, faults: [] } });
    expect(turned.size).toBe(4);
    turned.clear();
    const to = join(projects, 'once-more');
    const { work: restored } = await greenroom.greenroom.archives.restore(archiveId, {
      ...{ to, ...WAIT },
    });
    expect(restored).toMatchObject({ status: 'completed', result: { to } });
    expect(turned.size).toBe(1);
  });

  test('an archive says how far it is, here and among the news, and what it is put away with is fresh', async () => {
    const clock = skippingClock();
    await started({ clock });
    const news: Readonly<Record<string, unknown>>[] = [];
    void (async () => {
      for await (const each of greenroom.greenroom.watch()) news.push(each);
    })();
    const { archives } = greenroom.greenroom;
    const [first, { sessionId, directory }] = [await endedSession(), await endedSession()];
    await greenroom.sessions.archive(first.sessionId, WAIT);
    s3.fault = ({ method }) => (method === 'PUT' ? 'slowDown' : undefined);
    const { archiveId } = await greenroom.sessions.archive(sessionId, { to: 's3' });
    const waits = async () => (await archives.get(archiveId)).nextTryAt !== undefined;
    await until(waits);
    expect(await archives.get(archiveId)).toMatchObject({
      ...{ status: 'pending', tried: 1, error: { code: 'unavailable' } },
    });
    // Meanwhile it gets another title, and moves.
    const moved = `${directory}-moved`;
    renameSync(directory, moved);
    await greenroom.sessions.update(sessionId, { title: 'New', workingDirectory: moved });
    const name: DefinitionKey = { tenant: 'default' as never, kind: 'archive', name: archiveId };
    const archiver = greenroom.greenroom.system.fetch(archiverName);
    const progress: unknown[] = [];
    s3.fault = ({ method, key }) => {
      if (method === 'PUT' && key.endsWith('.tar.gz')) progress.push(archiver.progress(name));
      return undefined;
    };
    clock.skip(Date.parse((await archives.get(archiveId)).nextTryAt ?? '') - clock.now());
    await until(async () => (await archives.get(archiveId)).status === 'completed');
    expect(progress).toEqual([
      { step: 'putting', bytes: expect.any(Number), ofBytes: expect.any(Number) },
    ]);
    const archive = await archives.get(archiveId);
    expect(archive).toMatchObject({ directory: moved, session: { title: 'New' } });
    for (const gone of ['progress', 'nextTryAt', 'error']) expect(archive).not.toHaveProperty(gone);
    const ofIt = news.filter(
      (each) => each['archiveId'] === archiveId && each['type'] !== 'session.archived',
    );
    expect(ofIt[0]).toMatchObject({
      type: 'archive.progress',
      sessionId,
      step: 'packing',
      bytes: 0,
    });
    await until(() =>
      news.some((each) => each['type'] === 'archive.completed' && each['archiveId'] === archiveId),
    );
    // The newest come first, page by page.
    expect((await archives.search({ limit: 1 })).archives[0]?.sessionId).toBe(sessionId);
    const { nextCursor = '' } = await archives.search({ limit: 1 });
    const behind = await archives.search({ cursor: nextCursor });
    expect(behind.archives.map((each) => each.sessionId)).toEqual([first.sessionId]);
  });
});

test('nothing is put where a folder has become a link meanwhile, nor in the place of a root', async () => {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'greenroom-root-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const [inside, outside] = [join(root, 'in'), join(root, 'out')];
  for (const each of [inside, outside, join(inside, 'p')]) mkdirSync(each);
  await started({ archiveRoots: [inside, projects] });
  const { sessionId } = await endedSession();
  const { archiveId } = await greenroom.sessions.archive(sessionId, { to: 's3', ...WAIT });
  const { archives } = greenroom.greenroom;
  const errorOf = async (to: string) => (await archives.restore(archiveId, { to, ...WAIT })).work;
  s3.fault = ({ method, key }) => {
    if (method !== 'GET' || !key.endsWith('.tar.gz')) return undefined;
    rmSync(join(inside, 'p'), { recursive: true, force: true });
    symlinkSync(outside, join(inside, 'p'));
    return undefined;
  };
  expect(await errorOf(join(inside, 'p', 'deep'))).toMatchObject({
    ...{ status: 'failed', error: { code: 'forbidden' } },
  });
  s3.fault = () => undefined;
  expect(await errorOf(inside)).toMatchObject({ status: 'failed', error: { code: 'forbidden' } });
  expect(readdirSync(outside)).toEqual([]);
  expect(readdirSync(root).toSorted()).toEqual(['in', 'out']);
});

test('a restored copy of a store reads the archives, and deletes none until it takes their place over', async () => {
  await started();
  const { sessionId } = await endedSession();
  const { archiveId, folder } = await greenroom.sessions.archive(sessionId, WAIT);
  await tidy(archiveId);
  const original = greenroom;
  const copy = await unstartedGreenroom();
  const kept = join(projects, 'backup');
  await storeCare.backup(join(original.dataDir, 'store'), kept, Date.now());
  await storeCare.restore(kept, join(copy.dataDir, 'store'), Date.now());
  await copy.start();
  const { archives } = copy.greenroom;
  expect((await archives.verify(archiveId, WAIT)).work?.result).toMatchObject({ isSound: true });
  const refused = await archives.delete(archiveId, WAIT);
  expect(refused).toMatchObject({
    ...{ deleted: false },
    archive: { work: { status: 'failed', error: { code: 'invalid_settings' } } },
  });
  expect(objects()).toContain(folder?.name);
  expect(await archives.takeOver(archiveId)).toEqual({
    ...{ place: expect.stringContaining(original.dataDir), wasOthers: true },
  });
  expect(await archives.delete(archiveId, WAIT)).toEqual({ deleted: true });
  expect(objects()).not.toContain(folder?.name);
  // its own data directory is the original's, whatever a copy took
  const again = await endedSession();
  expect(await greenroom.sessions.archive(again.sessionId, WAIT)).toMatchObject({
    status: 'completed',
  });
});

test('a second store puts nothing into the bucket of a first', async () => {
  await started();
  const first = await greenroom.sessions.archive((await endedSession()).sessionId, {
    ...{ to: 's3', ...WAIT },
  });
  expect(first.status).toBe('completed');
  const before = s3.listing;
  await started();
  const second = await greenroom.sessions.archive((await endedSession()).sessionId, {
    ...{ to: 's3', ...WAIT },
  });
  expect(second).toMatchObject({ status: 'failed', error: { code: 'invalid_settings' } });
  expect(second.error?.message).toContain('s3://green-room/archives/greenroom-archives.json');
  expect(s3.listing).toEqual(before);
});

test('what is being deleted takes no hold any more', async () => {
  await started();
  const { sessionId } = await endedSession();
  const { archiveId } = await greenroom.sessions.archive(sessionId, { to: 's3', ...WAIT });
  const { archives } = greenroom.greenroom;
  s3.fault = ({ method }) => (method === 'DELETE' ? 'slowDown' : undefined);
  await archives.delete(archiveId);
  await expect(archives.hold(archiveId)).rejects.toMatchObject({ code: 'invalid_state' });
  s3.fault = () => undefined;
  await until(async () => (await archives.search({ sessionId })).archives.length === 0);
});

describe('a directory that Greenroom made', () => {
  const archivedWith = async (sessionId: string, whilePut: (directory: string) => void) => {
    await greenroom.sessions.create(sessionId, {});
    const directory = join(greenroom.dataDir, 'workspaces', 'default', sessionId);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'file'), `of ${sessionId}, as it was packed`);
    await greenroom.sessions.complete(sessionId);
    s3.fault = ({ method, key }) => {
      if (method === 'PUT' && key.endsWith('.tar.gz')) whilePut(directory);
      return undefined;
    };
    const { archiveId } = await greenroom.sessions.archive(sessionId, { to: 's3', ...WAIT });
    await tidy(archiveId);
    return directory;
  };

  test('goes once it is archived, but not when it has changed since it was packed', async () => {
    await started({ archiveAutoCleanup: 'on' });
    expect(existsSync(await archivedWith('still', () => undefined))).toBe(false);
    const written = await archivedWith('written', (directory) =>
      writeFileSync(join(directory, 'file'), 'as somebody has it now'),
    );
    expect(readFileSync(join(written, 'file'), 'utf8')).toBe('as somebody has it now');
    const added = await archivedWith('added', (directory) =>
      writeFileSync(join(directory, 'new'), ''),
    );
    expect(existsSync(join(added, 'new'))).toBe(true);
  });
});

const DAY_MS = 86_400_000;

test('runs of a task that says so are archived once they have ended', async () => {
  const clock = skippingClock();
  await started({ clock });
  const { tasks, archives } = greenroom.greenroom;
  await tasks.put('report', { prompt: 'Report.', autoArchive: true });
  await tasks.put('other', { prompt: 'Report.' });
  const { sessionId } = await tasks.run('report');
  const other = await tasks.run('other');
  for (const id of [sessionId, other.sessionId])
    await until(async () => (await greenroom.sessions.get(id)).status === 'completed');
  clock.skip(60_000);
  await until(async () => (await greenroom.sessions.get(sessionId)).status === 'archived');
  expect((await archives.search()).archives.map((each) => each.sessionId)).toEqual([sessionId]);
});

describe('by their age', () => {
  test('one that may not go stays, and is not tried again without end', async () => {
    const clock = skippingClock();
    const place = mkdtempSync(join(projects, 'place-'));
    const note = join(place, 'greenroom-archives.json');
    const more = { archiveDir: place, archiveRetentionDays: 90, cleanupMaxAgeDays: 9_000 };
    await started({ clock, storageProvider: 'local', ...more });
    const { archives } = greenroom.greenroom;
    const { sessionId } = await endedSession();
    const { archiveId } = await greenroom.sessions.archive(sessionId, WAIT);
    await tidy(archiveId);
    const stored = () =>
      greenroom.journal.definition({
        ...{ tenant: 'default' as never, kind: 'archive' as const, name: archiveId },
      });
    const ours = readFileSync(note);
    writeFileSync(note, JSON.stringify({ storeId: 'another' }));
    clock.skip(91 * DAY_MS);
    await until(async () => (await stored())?.record['error'] !== undefined);
    expect((await stored())?.dueMs).toBeGreaterThan(clock.now());
    const { archive } = await archives.delete(archiveId, WAIT);
    expect(archive?.work).toMatchObject({ status: 'failed', error: { code: 'invalid_settings' } });
    expect((await stored())?.dueMs).toBeGreaterThan(clock.now());
    expect(await greenroom.sessions.get(sessionId)).toMatchObject({
      status: 'archived',
      archiveId,
    });
    writeFileSync(note, ours);
    clock.skip(DAY_MS);
    await until(async () => (await stored()) === undefined);
    expect(readdirSync(place)).toEqual(['greenroom-archives.json']);
  });

  test('ended sessions are archived at 180 days, swept behind that, and their archives go at 90 days', async () => {
    const clock = skippingClock();
    await started({
      ...{ clock, storageProvider: 'local', archiveAutoCleanup: 'on', archiveRetentionDays: 90 },
      ...{ autoArchiveDays: 180, cleanupMaxAgeDays: 30, cleanupIntervalHours: 24 },
    });
    const { archives } = greenroom.greenroom;
    const { sessionId, directory } = await endedSession();
    await greenroom.sessions.create('ours', {});
    const made = join(greenroom.dataDir, 'workspaces', 'default', 'ours');
    mkdirSync(made, { recursive: true });
    writeFileSync(join(made, 'file'), 'made by a tool');
    await greenroom.sessions.complete('ours');
    await greenroom.sessions.create('idle', {});
    let day = 0;
    const goTo = async (next: number): Promise<void> => {
      for (; day < next; day += 1) {
        clock.skip(DAY_MS);
        await greenroom.sessions.cleanup({ dryRun: true, maxAgeDays: 90_000 }); // behind the sweep under way
      }
    };
    const ids = async () =>
      (await greenroom.sessions.search({})).sessions.map((each) => each.sessionId).sort();
    for (const age of [29, 31, 179]) {
      await goTo(age);
      expect(await ids()).toEqual(['idle', 'ours', sessionId].sort());
      expect((await archives.search()).archives).toEqual([]);
    }
    await goTo(181);
    await until(async () => (await archives.search({ status: 'completed' })).archives.length === 2);
    await goTo(183);
    await until(async () => (await ids()).length === 0);
    const found = (await archives.search()).archives;
    expect(found.map((each) => [each.sessionId, each.status, each.by]).sort()).toEqual(
      [
        ['ours', 'completed', 'auto-archive'],
        [sessionId, 'completed', 'auto-archive'],
      ].sort(),
    );
    expect(existsSync(made)).toBe(false);
    expect(existsSync(directory)).toBe(true);
    await archives.hold(found.find((each) => each.sessionId === 'ours')?.archiveId ?? '');
    await goTo(269);
    expect((await archives.search()).archives).toHaveLength(2);
    await goTo(275);
    await until(async () => (await archives.search()).archives.length === 1);
    expect((await archives.search()).archives[0]).toMatchObject({ sessionId: 'ours', hold: {} });
    rmSync(directory, { recursive: true });
  });
});
