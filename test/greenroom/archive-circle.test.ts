/**
 * All the way round: a real session is imported, works in a repository, ends, is archived, swept, found, brought back, and
 * goes on. What comes back is what was there, byte by byte.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { importWith } from '../cli/import/room.ts';
import { FakeS3, KEYS } from '../support/fake-s3.ts';
import { ownGreenroom } from '../support/greenroom.ts';
import { treeOf } from '../support/trees.ts';

const TRANSCRIPT = fileURLToPath(
  new URL(
    '../fixtures/transcripts/d-kimuson__claude-code-viewer/sample-project/1af7fc5e-8455-4414-9ccd-011d40f70b2a.jsonl',
    import.meta.url,
  ),
);
const ID = '1af7fc5e-8455-4414-9ccd-011d40f70b2a';
const WAIT = { waitMs: 30_000 };
const projects = mkdtempSync(join(tmpdir(), 'greenroom-circle-'));
afterAll(() => rmSync(projects, { recursive: true }));

let repository = '';
const git = (...words: readonly string[]): string =>
  execFileSync('git', ['-C', repository, ...words], { encoding: 'utf8' }).trim();

const makeRepository = (): void => {
  execFileSync('git', ['init', '-q', '-b', 'main', repository]);
  git('config', 'user.name', 'A Tester');
  git('config', 'user.email', 'tester@example.org');
  git('config', 'commit.gpgsign', 'false');
  for (let file = 0; file < 40; file += 1)
    writeFileSync(join(repository, `file-${file}.txt`), `line of ${file}\n`.repeat(file * 20));
  symlinkSync('file-1.txt', join(repository, 'link'));
  git('add', '-A');
  git('commit', '-qm', 'first');
  git('gc', '-q'); // its objects lie in a pack, read-only
};

const call = (name: string, input: object): string =>
  `[[rehearse: tool=${name} input=${JSON.stringify(input)}]]`;
/** A turn that writes a file and commits it. */
const working = (file: string): string =>
  [
    call('Write', { file_path: join(repository, file), content: `${file}, by a turn\n` }),
    call('Bash', { command: `git add -A && git commit -qm ${file}` }),
    '[[rehearse: text=done]]',
  ].join(' ');

test.each(['local', 's3'] as const)('a session goes round by %s and is what it was', async (to) => {
  const s3 = await FakeS3.start();
  repository = join(projects, to);
  makeRepository();
  const room = await ownGreenroom({
    ...{ s3Endpoint: s3.endpoint, s3Bucket: s3.bucket, permissionMode: 'bypassPermissions' },
    ...{ s3AccessKeyId: KEYS.accessKeyId, s3SecretAccessKey: KEYS.secretAccessKey },
  });
  const { sessions } = room;
  const { archives } = room.greenroom;
  const transcript = async () => (await sessions.messages(ID, { limit: 1_000 })).entries;

  expect((await importWith(room, TRANSCRIPT)).summary).toMatchObject({ sessions: { new: 1 } });
  const imported = await transcript();
  await sessions.update(ID, {
    workingDirectory: repository,
    tools: ['Write', 'Bash'],
    tags: ['round'],
  });
  await room.run(ID, working('one.txt'));
  expect(git('log', '--format=%s')).toBe('one.txt\nfirst');
  const [tree, before, head] = [treeOf(repository), await transcript(), git('rev-parse', 'HEAD')];
  expect(before.slice(0, imported.length)).toEqual(imported);
  await sessions.complete(ID);

  const archive = await sessions.archive(ID, { to, ...WAIT });
  expect(archive).toMatchObject({ status: 'completed', folder: { leftCount: 0 } });
  const { sessions: found } = await sessions.search({ hasArchive: true, tags: ['round'] });
  expect(found.map(({ sessionId }) => sessionId)).toEqual([ID]);
  const swept = await sessions.cleanup({ maxAgeDays: 0 });
  expect(swept).toMatchObject({ count: 1, archives: { kept: 1, asked: 0 } });
  expect(swept.archives?.storedBytes).toBeGreaterThan(archive.sizeBytes ?? 0);
  rmSync(repository, { recursive: true });
  await expect(sessions.get(ID)).rejects.toMatchObject({ code: 'session_deleted' });

  const { archives: known } = await archives.search({ tag: 'round' });
  expect(known.map(({ archiveId }) => archiveId)).toEqual([archive.archiveId]);
  const { work } = await archives.restore(archive.archiveId, WAIT);
  expect(work).toMatchObject({
    status: 'completed',
    result: { session: 'restored', leftCount: 0 },
  });
  expect(treeOf(repository)).toEqual(tree);
  expect(await transcript()).toEqual(before);
  expect([git('rev-parse', 'HEAD'), git('status', '--porcelain')]).toEqual([head, '']);
  git('fsck', '--strict');

  await sessions.reopen(ID);
  await room.run(ID, working('two.txt'));
  expect(git('log', '--format=%s')).toBe('two.txt\none.txt\nfirst');
  expect(readFileSync(join(repository, 'two.txt'), 'utf8')).toBe('two.txt, by a turn\n');
  const after = await transcript();
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.length).toBeGreaterThan(before.length);
  expect(existsSync(join(repository, 'one.txt'))).toBe(true);
  rmSync(repository, { recursive: true });
  await s3.stop();
});
