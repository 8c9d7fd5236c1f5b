/** What `greenroom archive` and `archives` show while an archive is worked on. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

const ID = '0190d5a0-0000-7000-8000-000000000001';
const archive = (more: object) => ({
  ...{ archiveId: ID, sessionId: 'demo', status: 'in_progress', compression: 'gzip' },
  ...{ createdAt: '2026-11-20T12:00:00.000Z', by: 'me', exclude: [], tried: 0 },
  session: { tags: [], messageCount: 4, numTurns: 2, costUsd: 0.5 },
  ...{ directory: '/srv/app', ...more },
});

/** Each time it is looked at, it is further. */
const goingOn = (): FakeDaemon => {
  const looks = [
    archive({ progress: { step: 'packing', files: 3, bytes: 5_000_000 } }),
    archive({ progress: { step: 'packing', files: 12, bytes: 9_000_000 } }),
    archive({ progress: { step: 'putting', bytes: 2_000_000, ofBytes: 4_000_000 } }),
    archive({
      ...{ status: 'pending', tried: 1, error: { code: 'unavailable', message: 'no answer' } },
      nextTryAt: '2026-11-21T12:00:02.000Z',
    }),
    archive({ status: 'completed', archivePath: 's3://b/x', sizeBytes: 4_000_000 }),
  ];
  return new FakeDaemon({
    archive: { archive: archive({}) },
    'sessions.archives.get': () => ({ archive: looks.shift() }),
  });
};

test('at a terminal one line says how far it is, and goes away', async () => {
  const { out, err } = await greenroom('archive demo', { daemon: goingOn(), isTerminal: true });
  const lines = err.split('\r\u001b[K').map((line) => line.trim());
  expect(lines).toEqual([
    ...['', 'waiting', 'packing: 5.0 MB, 3 files', 'packing: 9.0 MB, 12 files'],
    ...['putting: 2.0 MB of 4.0 MB', 'no answer; again at 2026-11-21T12:00:02.000Z', ''],
  ]);
  expect(out).toBe(`${ID}: its transcript, 4.0 MB in s3://b/x\n`);
});

test('elsewhere each step is said once, and in JSON nothing', async () => {
  const { err } = await greenroom('archive demo', { daemon: goingOn() });
  expect(err.split('\n')).toEqual([
    ...['waiting', 'packing: 5.0 MB, 3 files', 'putting: 2.0 MB of 4.0 MB'],
    ...['no answer; again at 2026-11-21T12:00:02.000Z', ''],
  ]);
  expect((await greenroom('archive demo --json', { daemon: goingOn() })).err).toBe('');
});

test('one that is shown says it too', async () => {
  const { out } = await greenroom(['archives', 'show', ID], { daemon: goingOn() });
  expect(out).toMatch(/at work +packing: 5\.0 MB, 3 files/);
});

test('one that is shown is told in words: what, from where, how much, what was left out and why', async () => {
  const left = Array.from({ length: 8 }, (_, at) => ({ path: `pipe-${at}`, why: 'a pipe' }));
  const whole = archive({
    ...{ status: 'completed', archivePath: 's3://b/x', sizeBytes: 4_000_000 },
    archivedAt: '2026-11-20T12:01:00.000Z',
    folder: { files: 3, folders: 1, links: 0, bytes: 9_000_000, leftCount: 20, left },
    transcript: { uri: 's3://b/y', sizeBytes: 2_000 },
  });
  const daemon = new FakeDaemon({ 'sessions.archives.get': { archive: whole } });
  const { out } = await greenroom(['archives', 'show', ID], { daemon });
  expect(out).toMatch(/^status +completed$/m);
  expect(out).toMatch(/^transcript +4 messages, 2 turns, \$0\.50$/m);
  expect(out).toMatch(/^files +3 files with 9\.0 MB, 1 folder$/m);
  expect(out).toMatch(/^left out +20\n +pipe-0: a pipe$/m);
  expect(out).toMatch(/pipe-4: a pipe\n +and 15 more$/m);
  expect(out).toMatch(/^stored +4\.0 MB as gzip in s3:\/\/b\/x\n +its transcript: 2\.0 kB in s3/m);
  const json = await greenroom(['archives', 'show', ID, '--json'], { daemon });
  expect(JSON.parse(json.out)).toEqual(whole);
});

test('its files are listed, those with a text in their path, and what was left out', async () => {
  const at = { mode: 0o100644, mtimeMs: Date.parse('2026-11-20T12:00:00Z') };
  const lines = [
    { kind: 'folder', path: 'src', ...at, mode: 0o755 },
    { kind: 'file', path: 'src/a\u001b[2J.ts', ...at, size: 1_200, sha256: 'x' },
    { kind: 'link', path: 'src/b', ...at, target: 'a' },
    { kind: 'file', path: 'other', ...at, size: 5, sha256: 'x' },
    { kind: 'folder', path: 'src/far', mode: 0o700, mtimeMs: 9e15 },
    { kind: 'left', path: 'src/pipe', why: 'a pipe' },
  ];
  const packed = gzipSync(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  const daemon = new FakeDaemon({
    'sessions.archives.get': { archive: archive({ list: { name: 'x', uri: 'x', sizeBytes: 1 } }) },
    'sessions.archives.read': (request: unknown) => {
      const { offset, object } = request as { offset: number; object: string };
      expect(object).toBe('list');
      const [part, nextOffset] = [packed.subarray(offset, offset + 40), offset + 40];
      return {
        ...{ base64: part.toString('base64'), sizeBytes: packed.length, sha256: 'x', name: 'x' },
        ...(nextOffset < packed.length ? { nextOffset } : {}),
      };
    },
  });
  const { out } = await greenroom(['archives', 'files', ID, 'src'], { daemon });
  expect(out.split('\n')).toEqual([
    '0755             2026-11-20 12:00  src/',
    expect.stringMatching(/^0644 {5}1\.2 kB {2}2026-11-20 12:00 {2}src\/a.*\.ts$/),
    '0644             2026-11-20 12:00  src/b -> a',
    '0700             @9000000000000  src/far/',
    'left out: src/pipe: a pipe',
    '',
  ]);
  expect(out).not.toContain('\u001b');
  const json = await greenroom(['archives', 'files', ID, 'other', '--json'], { daemon });
  expect(
    json.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([lines[3]]);
  const none = new FakeDaemon({ 'sessions.archives.get': { archive: archive({}) } });
  expect(await greenroom(['archives', 'files', ID], { daemon: none })).toMatchObject({
    ...{ code: 0, out: '', err: 'the archive has no directory, so no files\n' },
  });
});

test('what is downloaded is all there, also where the disk takes it by halves', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'greenroom-download-')), 'demo.tar.gz');
  onTestFinished(() => rmSync(dirname(path), { recursive: true }));
  const probe = await open(path, 'w');
  await probe.close();
  const write = vi.spyOn(Object.getPrototypeOf(probe), 'write');
  write.mockImplementation(async (...args: unknown[]) => ({
    bytesWritten: (args[0] as Buffer).length >> 1,
  }));
  onTestFinished(() => write.mockRestore());
  const bytes = Buffer.from('the bytes of an archive');
  const daemon = new FakeDaemon({
    'sessions.archives.get': { archive: archive({}) },
    'sessions.archives.read': {
      ...{ base64: bytes.toString('base64'), sizeBytes: bytes.length, sha256: 'x', name: 'x' },
    },
  });
  const { code } = await greenroom(['archives', 'download', ID, path], { daemon });
  expect({ code, bytes: readFileSync(path) }).toEqual({ code: 0, bytes });
});

test('a fork says where the copy of its directory is, and what was left out', async () => {
  const daemon = new FakeDaemon({
    fork: {
      session: { sessionId: 'plan-b' },
      directory: {
        ...{ path: '/data/workspaces/default/plan-b', files: 2, bytes: 3_000_000, leftCount: 1 },
        left: [{ path: 'out', why: 'its target is absolute' }],
      },
    },
  });
  const { out, err } = await greenroom('sessions fork demo --copy-directory', { daemon });
  expect(daemon.asked).toContainEqual(['demo.fork', { directory: 'copy' }]);
  expect(out).toBe('plan-b\n');
  expect(err).toBe(
    '2 files, 3.0 MB in /data/workspaces/default/plan-b\nleft out: 1\n  out: its target is absolute\n',
  );
});

test('a fork under a name that is taken says what to do with that one, and not with its parent', async () => {
  const taken = new GreenroomError('session_exists', 'there is a session plan-b already');
  const daemon = new FakeDaemon({ fork: taken });
  const { err } = await greenroom('sessions fork demo --as plan-b', { daemon });
  expect(err).toContain('greenroom sessions update plan-b changes it');
});
