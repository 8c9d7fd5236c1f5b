/** What `greenroom archive` and `archives` show while an archive is worked on. */
import { expect, test } from 'vitest';
import { GreenroomError } from '../../src/model/errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

const ID = '0190d5a0-0000-7000-8000-000000000001';
const archive = (more: object) => ({
  ...{ archiveId: ID, sessionId: 'demo', status: 'in_progress', compression: 'gzip' },
  ...{ session: {}, exclude: [], tried: 0, directory: '/srv/app', ...more },
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
  expect(out).toMatch(/progress +packing: 5\.0 MB, 3 files/);
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
