/** Forks that work in a copy of their parent's directory. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { clientOf } from '../http/rest.ts';
import { preparedGreenroom, type TestGreenroom, unstartedGreenroom } from '../support/greenroom.ts';
import { GreenroomProcess } from '../support/greenroom-process.ts';
import { FULL, makeTree, treeOf } from '../support/trees.ts';
import { until } from '../support/until.ts';

const projects = mkdtempSync(join(tmpdir(), 'greenroom-projects-'));
afterAll(() => rmSync(projects, { recursive: true }));
let count = 0;

const project = (): string => {
  const directory = join(projects, `project-${count++}`);
  mkdirSync(directory);
  return directory;
};
const workspaces = (test: TestGreenroom, ...names: readonly string[]): string =>
  join(test.dataDir, 'workspaces', ...names);
const drafts = (test: TestGreenroom): readonly string[] =>
  readdirSync(workspaces(test, '.copying'));
const WRITE = (path: string): string =>
  `[[rehearse: tool=Write input=${JSON.stringify({ file_path: path, content: 'changed' })}]] [[rehearse: text=done]]`;

describe('a fork with a directory', () => {
  const shared = preparedGreenroom(async () => undefined, {
    httpPort: 0,
    forkMaxMb: 1,
    permissionMode: 'bypassPermissions',
  });
  const parentIn = async (directory: string): Promise<string> => {
    const sessionId = `parent-${count++}`;
    await shared().sessions.create(sessionId, { workingDirectory: directory, tools: ['Write'] });
    await shared().run(sessionId, 'Hello');
    return sessionId;
  };

  test('has a copy: what its turns change is its own, and goes with it', async () => {
    const directory = project();
    makeTree(directory, FULL);
    const before = treeOf(directory);
    const parent = await parentIn(directory);
    const { session, directory: copy } = await shared().sessions.forkWithDirectory(parent);
    const place = workspaces(shared(), 'default', session.sessionId);
    expect(copy).toMatchObject({ path: place, leftCount: 0, left: [] });
    expect(session).toMatchObject({ workingDirectory: place, parent: { sessionId: parent } });
    expect(treeOf(place)).toEqual(before);
    await shared().run(session.sessionId, WRITE(join(place, 'new')));
    expect(readFileSync(join(place, 'new'), 'utf8')).toBe('changed');
    expect(treeOf(directory)).toEqual(before);
    // Without a copy a fork of it gets an empty folder of its own: this one goes with its session.
    const other = await shared().sessions.fork(session.sessionId);
    expect(other.workingDirectory).toBe(workspaces(shared(), 'default', other.sessionId));
    const again = await shared().sessions.forkWithDirectory(session.sessionId);
    expect(readFileSync(join(again.directory.path, 'new'), 'utf8')).toBe('changed');
    for (const { sessionId } of [again.session, other, session]) // what it shares with forks goes behind them
      await shared().sessions.delete(sessionId, { release: true });
    expect([place, again.directory.path].map((path) => existsSync(path))).toEqual([false, false]);
    expect(treeOf(directory)).toEqual(before);
    expect(drafts(shared())).toEqual([]);
  });

  test('leaves out what must not be copied, and tells of it', async () => {
    const directory = project();
    writeFileSync(join(directory, 'file'), 'kept');
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    const server = createServer().listen(join(directory, 'socket'));
    await until(() => existsSync(join(directory, 'socket')));
    makeTree(directory, { out: { to: '../../etc/passwd' } });
    const { directory: copy } = await shared().sessions.forkWithDirectory(
      await parentIn(directory),
    );
    server.close();
    expect(copy.left).toEqual([
      { path: 'out', why: expect.stringContaining('outside') },
      { path: 'pipe', why: 'it is a pipe' },
      { path: 'socket', why: 'it is a socket' },
    ]);
    expect(readdirSync(copy.path)).toEqual(['file']);
  });

  test('of a parent without one, or whose own is gone, begins with an empty one', async () => {
    await shared().sessions.create('nowhere');
    const plain = await shared().sessions.forkWithDirectory('nowhere');
    expect(plain.session).not.toHaveProperty('workingDirectory');
    const directory = project();
    const parent = await parentIn(directory);
    rmSync(directory, { recursive: true });
    const { directory: copy, session } = await shared().sessions.forkWithDirectory(parent);
    expect(copy.left).toEqual([{ path: directory, why: 'there is no such directory' }]);
    expect(readdirSync(session.workingDirectory ?? '')).toEqual([]);
  });

  test('is refused where it may not be copied, is too large, or the id is taken, and then there is none', async () => {
    const large = project();
    writeFileSync(join(large, 'large'), Buffer.alloc(1_000_001));
    const tooLarge = await parentIn(large);
    const ofOurs = await parentIn(shared().dataDir);
    const around = await parentIn('/');
    const fine = await parentIn(project());
    await shared().sessions.create('taken');
    mkdirSync(workspaces(shared(), 'default', 'full'), { recursive: true });
    writeFileSync(workspaces(shared(), 'default', 'full', 'mine'), 'stays');
    const refusals: readonly (readonly [string, string, string])[] = [
      [tooLarge, 'too-large', 'too_large'],
      [ofOurs, 'ours', 'forbidden'],
      [around, 'around', 'forbidden'],
      [fine, 'taken', 'session_exists'],
      [fine, 'full', 'invalid_state'],
    ];
    const before = readdirSync(workspaces(shared(), 'default')).sort();
    for (const [parent, newSessionId, code] of refusals) {
      await expect(
        shared().sessions.forkWithDirectory(parent, { newSessionId }),
      ).rejects.toMatchObject({ code });
      if (newSessionId !== 'taken')
        await expect(shared().sessions.get(newSessionId)).rejects.toMatchObject({
          code: 'session_not_found',
        });
    }
    await expect(
      shared().sessions.forkWithDirectory(fine, { newSessionId: 'nothing', atSeq: 99 }),
    ).rejects.toMatchObject({ code: 'invalid_request' });
    expect(readdirSync(workspaces(shared(), 'default')).sort()).toEqual(before);
    expect(readFileSync(workspaces(shared(), 'default', 'full', 'mine'), 'utf8')).toBe('stays');
    expect(drafts(shared())).toEqual([]);
  });

  test('is made once of an id that is asked for ten times at once', async () => {
    const directory = project();
    makeTree(directory, FULL);
    const parent = await parentIn(directory);
    const asked = await Promise.allSettled(
      Array.from({ length: 10 }, () =>
        shared().sessions.forkWithDirectory(parent, { newSessionId: 'once' }),
      ),
    );
    const codes = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
    expect(codes).toEqual(Array.from({ length: 9 }, () => 'session_exists'));
    expect(treeOf(workspaces(shared(), 'default', 'once'))).toEqual(treeOf(directory));
  });

  test("is what the older guide's call makes unless it is told not to", async () => {
    const directory = project();
    writeFileSync(join(directory, 'file'), 'kept');
    const parent = await parentIn(directory);
    const client = clientOf(shared());
    const path = `/api/v1/sessions/${parent}/fork`;
    const copy = await client.call('POST', path, {});
    expect(copy.status).toBe(201);
    expect(copy.body.working_directory).toBe(workspaces(shared(), 'default', copy.body.id));
    expect(readdirSync(copy.body.working_directory)).toEqual(['file']);
    const same = await client.call('POST', path, { include_working_directory: false });
    expect(same.body.working_directory).toBe(directory);
    writeFileSync(join(directory, 'large'), Buffer.alloc(1_000_001));
    expect((await client.call('POST', path, {})).status).toBe(413);
    expect(await shared().sessions.count({ parentId: parent })).toMatchObject({ count: 2 });
    const own = await client.call('POST', `/v1/sessions/${parent}/fork`, {});
    expect(own.body.session.workingDirectory).toBe(directory);
  });
});

describe('of a daemon that is killed', () => {
  /** What is there after the next start: the fork with all of its directory, or nothing of it. */
  const isWhole = async (test: TestGreenroom, directory: string): Promise<boolean> => {
    const there = await test.sessions.get('fork').then(
      () => true,
      () => false,
    );
    const place = workspaces(test, 'default', 'fork');
    await until(() => drafts(test).length === 0 && existsSync(place) === there);
    if (there) expect(treeOf(place)).toEqual(treeOf(directory));
    return there;
  };

  const killed = async (point: string | undefined, directory: string) => {
    const test = await unstartedGreenroom();
    const env = point === undefined ? {} : { GREENROOM_CRASHPOINT: point };
    const child = new GreenroomProcess(
      test.dataDir,
      test.rehearsal.url,
      env as Record<string, string>,
    );
    await child.saw('ready');
    child.ask('create', 'parent', { workingDirectory: directory });
    await child.saw('asked');
    child.ask('forkWithDirectory', 'parent', { newSessionId: 'fork' });
    if (point === undefined) {
      await until(() => existsSync(workspaces(test, '.copying')) && drafts(test).length > 0);
      await child.kill();
    } else await child.died();
    await test.start();
    return test;
  };

  test.each(['fork.copied', 'fork.placed'])(
    'at %s nothing is left, and it can be asked for again',
    async (point) => {
      const directory = project();
      makeTree(directory, FULL);
      const test = await killed(point, directory);
      expect(await isWhole(test, directory)).toBe(false);
      await test.sessions.forkWithDirectory('parent', { newSessionId: 'fork' });
      expect(await isWhole(test, directory)).toBe(true);
      await test.restart();
      expect(await isWhole(test, directory)).toBe(true);
    },
  );

  test('in the middle of the copy nothing half is there', async () => {
    const directory = project();
    for (let file = 0; file < 2_000; file += 1)
      writeFileSync(join(directory, `${file}`), `${file}`);
    const test = await killed(undefined, directory);
    await isWhole(test, directory);
  });
});
