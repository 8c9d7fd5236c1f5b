/** Files that a crash, a full disk or a person has spoilt. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type FileReport, FileSessionStore } from '../../../../src/stores/index.ts';
import { folders } from '../../../storage/folders.ts';

const folder = folders();
const say = (content: string) => ({ role: 'user', content, id: content });

const stage = async (...contents: string[]) => {
  const base = folder();
  const reports: FileReport[] = [];
  const open = () => new FileSessionStore(base, { onReport: (report) => reports.push(report) });
  const store = open();
  await store.createSession('s');
  for (const each of contents) await store.appendMessage('s', say(each));
  const path = join(base, 'projects', 's', 's.jsonl');
  return { base, reports, open, store, path };
};

const idsIn = async (store: FileSessionStore) =>
  (await store.getMessages('s')).map((message) => message['id']);

describe('a torn last line', () => {
  test('is dropped and reported, wherever it was torn', async () => {
    const { path, open, reports } = await stage('first', 'second');
    const whole = readFileSync(path, 'utf8');
    const lastLine = whole.trimEnd().lastIndexOf('\n') + 1;
    for (let end = lastLine + 1; end < whole.length - 1; end += 7) {
      writeFileSync(path, whole.slice(0, end));
      reports.length = 0;
      expect(await idsIn(open())).toEqual(['first']);
      expect(reports).toMatchObject([{ kind: 'torn_line', sessionId: 's' }]);
    }
  });

  test('does not stay in the way of what is appended next', async () => {
    const { path, open, reports } = await stage('first', 'second');
    truncateSync(path, readFileSync(path).length - 10);
    const store = open();
    await store.appendMessage('s', say('third'));
    expect(reports).toHaveLength(1);
    expect(await idsIn(store)).toEqual(['first', 'third']);
    expect(await idsIn(open())).toEqual(['first', 'third']);
    expect(reports).toHaveLength(1);
  });

  test('that lacks its newline only is whole', async () => {
    const { path, open, reports } = await stage('first', 'second');
    truncateSync(path, readFileSync(path).length - 1);
    const store = open();
    expect(await idsIn(store)).toEqual(['first', 'second']);
    await store.appendMessage('s', say('third'));
    expect(await idsIn(open())).toEqual(['first', 'second', 'third']);
    expect(reports).toEqual([]);
  });

  test('longer than a reading buffer is found too', async () => {
    const { path, open, reports } = await stage('first');
    appendFileSync(path, `{"type":"message","data":{"content":"${'x'.repeat(200_000)}`);
    const store = open();
    await store.appendMessage('s', say('next'));
    expect(await idsIn(store)).toEqual(['first', 'next']);
    expect(reports).toHaveLength(1);
  });

  test('is a warning of the process, unless somebody wants to be told', async () => {
    const { path, base } = await stage('first', 'second');
    truncateSync(path, readFileSync(path).length - 10);
    const warned = new Promise<Error & { code?: string }>((resolve) => {
      process.once('warning', resolve);
    });
    await new FileSessionStore(base).loadSession('s');
    expect((await warned).code).toBe('GREENROOM_TORN_LINE');
  });
});

describe('a broken line in the middle', () => {
  const broken = [
    'no json at all',
    '[1]',
    '{"type":"message","data":{"content":"without a role"}}',
    '{"type":"message","data":{"role":"user","content":"","timestamp":"noon"}}',
    '{"type":"metadata","data":{"permission_mode":"sometimes"}}',
  ];

  test.for(broken)('%s is a StorageError with its number', async (line) => {
    const { path, open } = await stage('first');
    appendFileSync(path, `${line}\n{"type":"other"}\n`);
    await expect(open().loadSession('s')).rejects.toMatchObject({
      name: 'StorageError',
      code: 'corrupt_record',
      message: expect.stringContaining('line 3 of'),
      details: { line: 3 },
    });
  });

  test('costs its session, not the others', async () => {
    const { path, open, reports } = await stage('first');
    await open().createSession('sound');
    appendFileSync(path, 'broken\n{"type":"other"}\n');
    const infos = await open().listSessionMetadata();
    expect(infos.map(({ sessionId }) => sessionId)).toEqual(['sound']);
    expect(reports).toMatchObject([{ kind: 'broken_file', sessionId: 's' }]);
  });

  test('lines of kinds that are not known, and empty ones, are passed over', async () => {
    const { path, open } = await stage('first');
    appendFileSync(path, '\n{"type":"of_the_future","data":7}\n  \n');
    expect(await idsIn(open())).toEqual(['first']);
  });
});

describe('things that are no session of ours', () => {
  test('links are not followed', async () => {
    const { base, open } = await stage('first');
    symlinkSync(join(base, 'projects', 's'), join(base, 'projects', 'linked'));
    mkdirSync(join(base, 'projects', 'inner'));
    symlinkSync(
      join(base, 'projects', 's', 's.jsonl'),
      join(base, 'projects', 'inner', 'inner.jsonl'),
    );
    const store = open();
    for (const id of ['linked', 'inner']) {
      expect(await store.sessionExists(id)).toBe(false);
      expect(await store.loadSession(id)).toBeNull();
    }
    expect(await store.listSessions()).toEqual(['s']);
  });

  test('a folder, an empty file and a file without end are none', async () => {
    const { base, open } = await stage('first');
    const place = (id: string) => {
      mkdirSync(join(base, 'projects', id), { recursive: true });
      return join(base, 'projects', id, `${id}.jsonl`);
    };
    mkdirSync(place('folder'));
    writeFileSync(place('empty'), '');
    writeFileSync(place('endless'), 'x'.repeat(2 * 1024 * 1024));
    writeFileSync(join(base, 'projects', 'file'), 'not a folder');
    const store = open();
    expect(await store.listSessions()).toEqual(['s']);
    for (const id of ['folder', 'empty', 'endless', 'file'])
      expect(await store.sessionExists(id)).toBe(false);
  });

  test('what a crash left of a new file is swept when its session is made', async () => {
    const { base, open } = await stage('first');
    const dir = join(base, 'projects', 'n');
    mkdirSync(dir);
    writeFileSync(join(dir, '.n.1.999999999.17.1-x.tmp'), 'half');
    await open().createSession('n');
    expect(await open().listSessions()).toHaveLength(2);
    expect(readdirSync(dir).filter((name) => name.endsWith('.jsonl'))).toEqual(['n.jsonl']);
  });
});

test('a file that may not grow any more is a StorageError, and all that was acknowledged is there', () => {
  const base = folder();
  const child = fileURLToPath(new URL('small-disk-child.mjs', import.meta.url));
  const limited = ['-c', 'ulimit -f 16; exec "$0" "$@"', process.execPath, child, base];
  const lines = execFileSync('bash', limited, { encoding: 'utf8' }).trim().split('\n');
  expect(lines.pop()).toBe('StorageError storage_failed EFBIG');
  expect(lines.length).toBeGreaterThan(3);
  const path = join(base, 'projects', 's', 's.jsonl');
  const stored = readFileSync(path, 'utf8').trimEnd().split('\n').slice(1);
  expect(stored.map((line) => JSON.parse(line).data.id)).toEqual(lines);
});

test('a folder that cannot be written is a StorageError with its cause', async () => {
  const base = join(folder(), 'file');
  writeFileSync(base, 'not a folder');
  await expect(new FileSessionStore(base).createSession('s')).rejects.toMatchObject({
    name: 'StorageError',
    code: 'storage_failed',
    cause: { code: 'ENOTDIR' },
  });
});
