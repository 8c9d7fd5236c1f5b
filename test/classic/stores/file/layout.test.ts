/** What stands in the folder: the classic layout, byte for byte, and files of the Python original. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { virtualClock } from '../../../../src/otp/virtual-clock.ts';
import { FileSessionStore, type SessionMetadata } from '../../../../src/stores/index.ts';
import { folders } from '../../../storage/folders.ts';

const folder = folders();
const FIXTURES = fileURLToPath(new URL('../../../fixtures/classic/', import.meta.url));
const PYTHON = 'python3';
const hasPython = spawnSync(PYTHON, ['--version']).status === 0;

const pathIn = (base: string, id: string) => join(base, 'projects', id, `${id}.jsonl`);
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n');

/** What is in a folder, with every byte. */
const bytesBelow = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, statSync(path).isFile() ? readFileSync(path, 'base64') : 'folder']),
  );

describe('a session file', () => {
  test.runIf(process.platform === 'linux')(
    'where no folder can be made is refused, with the reason of the file system',
    async () => {
      const base = '/proc/nowhere';
      const store = new FileSessionStore(base);
      await expect(store.createSession('s')).rejects.toMatchObject({ code: 'storage_failed' });
      await expect(store.saveSession('s', [])).rejects.toMatchObject({ code: 'storage_failed' });
    },
  );

  test('has the metadata first, a line per change, and the keys of the classic layout', async () => {
    const base = folder();
    const clock = virtualClock(Date.UTC(2025, 6, 30, 15, 25, 31));
    const store = new FileSessionStore(base, { clock });
    await store.createSession('s', { model: 'claude-opus-4' });
    await store.appendMessage('s', {
      ...{ role: 'user', content: 'Grüße', id: 'm1', timestamp: '2025-07-30T15:25:32' },
    });
    await store.updateMetadata('s', { numTurns: 1 });
    const metadata = (model: string, turns: number) =>
      `"data":{"model":"${model}","working_directory":".","permission_mode":"ask",` +
      `"allowed_tools":[],"disallowed_tools":[],"total_cost_usd":0,"num_turns":${turns},` +
      '"usage":{},"compaction_state":null},"timestamp":"2025-07-30T15:25:31.000+00:00"}';
    expect(linesOf(pathIn(base, 's'))).toEqual([
      `{"type":"metadata",${metadata('claude-opus-4', 0)}`,
      '{"type":"message","data":{"role":"user","content":"Grüße","id":"m1",' +
        '"timestamp":"2025-07-30T15:25:32+00:00"}}',
      `{"type":"metadata",${metadata('claude-sonnet-4-5-20250929', 1)}`,
      '',
    ]);
  });

  test('lines that are asked for at once share writes, and nothing overtakes them', async () => {
    const base = folder();
    const store = new FileSessionStore(base);
    const say = (id: string) => ({ role: 'user', content: id, id });
    await store.createSession('s');
    const asked = [
      ...['a', 'b', 'c'].map((id) => store.appendMessage('s', say(id))),
      store.updateMetadata('s', { numTurns: 1 }),
      ...['d', 'e'].map((id) => store.appendMessage('s', say(id))),
      store.forkSession('s', 'fork'),
      store.appendMessage('s', say('f')),
    ];
    await Promise.all(asked);
    const what = (id: string) =>
      linesOf(pathIn(base, id)).flatMap(
        (line) => /"id":"(.)"|"num_turns":(.)/.exec(line)?.[0] ?? [],
      );
    const id = (name: string) => `"id":"${name}"`;
    expect(what('s')).toEqual([
      ...['"num_turns":0', id('a'), id('b'), id('c'), '"num_turns":1', id('d'), id('e'), id('f')],
    ]);
    expect(what('fork')).toEqual([
      ...['"num_turns":1', id('a'), id('b'), id('c'), id('d'), id('e')],
    ]);
  });

  test('a line that cannot be stored fails those that share its write, and nobody after them', async () => {
    const store = new FileSessionStore(folder());
    const say = { role: 'user', content: 'x' };
    const asked = await Promise.allSettled([
      ...[store.appendMessage('s', say), store.appendMessage('s', say)],
      ...[store.createSession('s'), store.appendMessage('s', say)],
    ]);
    expect(asked.map(({ status }) => status)).toEqual([
      ...['rejected', 'rejected', 'fulfilled', 'fulfilled'],
    ]);
  });

  test('is the owner’s alone', async () => {
    const base = folder();
    const store = new FileSessionStore(base);
    await store.createSession('s');
    await store.saveSession('saved', [{ role: 'user', content: 'Hi' }]);
    for (const id of ['s', 'saved']) expect(statSync(pathIn(base, id)).mode & 0o777).toBe(0o600);
  });

  test('an update only appends', async () => {
    const base = folder();
    const store = new FileSessionStore(base);
    await store.createSession('s');
    const path = pathIn(base, 's');
    const { ino } = statSync(path);
    const before = readFileSync(path, 'utf8');
    await store.updateMetadata('s', { numTurns: 1 });
    await store.compactSession('s', { lastCompactionTurn: 1, summary: '', originalMessageIds: [] });
    expect(statSync(path).ino).toBe(ino);
    expect(readFileSync(path, 'utf8').startsWith(before)).toBe(true);
  });

  test('goes with its folder, unless something else is in there', async () => {
    const base = folder();
    const store = new FileSessionStore(base);
    await store.createSession('alone');
    await store.createSession('shared');
    const other = join(dirname(pathIn(base, 'shared')), 'of-somebody-else.txt');
    cpSync(join(FIXTURES, 'saved.json'), other);
    await store.deleteSession('alone');
    await store.deleteSession('shared');
    await store.close();
    expect(readdirSync(join(base, 'projects'))).toEqual(['shared']);
    expect(existsSync(other)).toBe(true);
    expect(readdirSync(base)).toEqual(['projects']);
  });

  test('the store opens again on the next call after it was closed', async () => {
    const store = new FileSessionStore(folder());
    await store.createSession('s');
    await store.close();
    await store.appendMessage('s', { role: 'user', content: 'again' });
    expect(await store.getMessages('s')).toHaveLength(1);
  });
});

describe('a file of the Python original', () => {
  const expected: SessionMetadata = {
    model: 'claude-sonnet-4-5-20250929',
    workingDirectory: '/tmp/projekt-ü',
    permissionMode: 'enabled',
    allowedTools: [],
    disallowedTools: [],
    totalCostUsd: 0.05,
    numTurns: 1,
    usage: { input_tokens: 7 },
    compactionState: { lastCompactionTurn: 1, summary: 'Grüße', originalMessageIds: ['m1'] },
  };
  const given = (): { base: string; path: string } => {
    const base = folder();
    const path = pathIn(base, 'from-python');
    mkdirSync(dirname(path), { recursive: true });
    cpSync(join(FIXTURES, 'from-python.jsonl'), path);
    return { base, path };
  };

  test('loads here, the later metadata in force, made when its first line says', async () => {
    const { base } = given();
    const state = await new FileSessionStore(base).loadSession('from-python');
    expect(state?.metadata).toEqual(expected);
    expect(state?.createdAt).toBe('2025-07-30T15:25:31.069594Z');
    expect(state?.messages).toEqual([
      { role: 'user', content: 'Hallo', id: 'm1', timestamp: '2025-07-30T15:25:32Z' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Grüße, 世界 🎭' },
          { type: 'tool_use', id: 't', input: { n: 1.5 } },
        ],
        id: null,
        timestamp: '2025-07-30T15:25:33.500+02:00',
      },
    ]);
  });

  test('takes our changes behind its own bytes', async () => {
    const { base, path } = given();
    const store = new FileSessionStore(base);
    await store.appendMessage('from-python', { role: 'user', content: 'more' });
    const original = readFileSync(join(FIXTURES, 'from-python.jsonl'), 'utf8');
    expect(readFileSync(path, 'utf8').startsWith(original)).toBe(true);
    expect(await store.getMessages('from-python')).toHaveLength(3);
  });

  test.skipIf(!hasPython)('is written by Python and read here, and the other way', async () => {
    const base = folder();
    const python = (...words: string[]) =>
      execFileSync(PYTHON, [join(FIXTURES, 'file_store.py'), ...words], { encoding: 'utf8' });
    python('write', base, 'theirs');
    const store = new FileSessionStore(base);
    expect((await store.loadSession('theirs'))?.metadata).toEqual(expected);
    await store.forkSession('theirs', 'ours');
    await store.saveSession('saved', [
      { type: 'system', data: {} },
      { role: 'user', content: 'Grüße' },
    ]);
    const theirs = JSON.parse(python('read', base, 'theirs'));
    const ours = JSON.parse(python('read', base, 'ours'));
    expect(ours.metadata).toEqual(theirs.metadata);
    expect(Object.keys(ours.metadata)).toEqual(Object.keys(theirs.metadata));
    expect(ours.messages.map(({ timestamp: _, ...rest }: { timestamp: string }) => rest)).toEqual(
      theirs.messages.map(({ timestamp: _, ...rest }: { timestamp: string }) => rest),
    );
    expect(JSON.parse(python('read', base, 'saved')).messages).toHaveLength(1);
  });

  test('Python is there to compare with', () => {
    if (!hasPython) console.warn('no python3: files are compared with stored ones only');
    if (process.env['CI'] === 'true') expect(hasPython).toBe(true);
  });
});

describe('Claude Code’s own transcripts', () => {
  const TRANSCRIPTS = fileURLToPath(new URL('../../../fixtures/transcripts/', import.meta.url));
  const five = readdirSync(TRANSCRIPTS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.jsonl'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .slice(0, 5);

  /** As Claude Code keeps them; one stands where a session of ours of that name would. */
  const home = (): string => {
    const base = folder();
    for (const [at, path] of five.entries()) {
      const project = join(base, 'projects', at === 0 ? 'same-name' : `-home-dev-app-${at}`);
      mkdirSync(project, { recursive: true });
      cpSync(path, join(project, at === 0 ? 'same-name.jsonl' : `session-${at}.jsonl`));
    }
    return base;
  };

  test('five real ones are byte-equal after list, cleanup of everything, delete and close', async () => {
    expect(five).toHaveLength(5);
    const base = home();
    const before = bytesBelow(base);
    const store = new FileSessionStore(base);
    expect(await store.listSessions()).toEqual([]);
    expect(await store.listSessions('.')).toEqual([]);
    expect(await store.cleanupOldSessions({ maxAgeDays: 0, now: Date.now() + 1e9 })).toBe(0);
    for (const id of ['same-name', '-home-dev-app-1', 'session-1']) {
      await expect(store.deleteSession(id)).rejects.toThrow(/no session/);
      await expect(store.appendMessage(id, { role: 'user', content: '' })).rejects.toThrow();
      await expect(store.updateMetadata(id, {})).rejects.toThrow();
      expect(await store.sessionExists(id)).toBe(false);
      expect(await store.loadSession(id)).toBeNull();
    }
    await expect(store.createSession('same-name')).rejects.toMatchObject({
      code: 'session_exists',
    });
    await expect(store.saveSession('same-name', [])).rejects.toMatchObject({
      code: 'session_exists',
    });
    await store.close();
    expect(bytesBelow(base)).toEqual(before);
  });

  test('ours beside them are cleaned up, and they stay', async () => {
    const base = home();
    const before = bytesBelow(base);
    const store = new FileSessionStore(base);
    await store.createSession('-home-dev-app-1');
    expect(await store.listSessions()).toEqual(['-home-dev-app-1']);
    expect(await store.cleanupOldSessions({ maxAgeDays: 0, now: Date.now() + 1e9 })).toBe(1);
    await store.close();
    expect(bytesBelow(base)).toEqual(before);
  });
});
