/** Several processes on one file: real ones, one of them killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { FileSessionStore } from '../../../../src/stores/index.ts';
import { folders } from '../../../storage/folders.ts';
import { until } from '../../../storage/until.ts';

const folder = folders();
const CHILD = fileURLToPath(new URL('writer-child.mjs', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A writing process, what it was acknowledged so far, and its end. */
const writer = (how: 'append' | 'race', base: string, name: string, count: number) => {
  const child = spawn(process.execPath, [CHILD, how, base, name, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const acknowledged: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    acknowledged.push(...lines);
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, acknowledged, ended };
};

const stage = async () => {
  const base = folder();
  const store = new FileSessionStore(base);
  await store.createSession('s');
  return { base, store };
};

describe('processes that write one session', () => {
  test('take turns: all that was acknowledged is there, each one’s in its order', async () => {
    const { base, store } = await stage();
    const writers = ['a', 'b', 'c'].map((name) => writer('append', base, name, 20));
    for (const { ended } of writers) expect(await ended).toBe(0);
    const stored = (await store.getMessages('s')).map((message) => String(message['id']));
    expect(stored).toHaveLength(60);
    for (const { acknowledged } of writers) {
      const own = stored.filter((id) => id.startsWith(String(acknowledged[0])[0] ?? '?'));
      expect(own).toEqual(acknowledged);
    }
    expect(readdirSync(join(base, '.greenroom-locks'))).toEqual([]);
  });

  test('that name the same version: exactly one is stored for each', async () => {
    const { base, store } = await stage();
    const writers = ['a', 'b', 'c'].map((name) => writer('race', base, name, 10));
    for (const { ended } of writers) expect(await ended).toBe(0);
    const named = (await store.getMessages('s')).map(({ content }) => String(content));
    expect(named).toEqual(Array.from({ length: 30 }, (_, at) => String(at + 1)));
    expect(writers.flatMap(({ acknowledged }) => acknowledged).sort()).toEqual(named.sort());
  });

  test('that are killed leave no lock and no half of a change', async () => {
    const { base, store } = await stage();
    for (let round = 0; round < 5; round += 1) {
      const { child, acknowledged, ended } = writer('append', base, `round${round}`, 1_000_000);
      await until(() => acknowledged.length > 3 * round);
      child.kill('SIGKILL');
      await ended;
      await store.appendMessage('s', { role: 'user', content: 'after', id: `after${round}` });
      const stored = (await store.getMessages('s')).map((message) => message['id']);
      expect(stored).toEqual(expect.arrayContaining(acknowledged));
      expect(stored.at(-1)).toBe(`after${round}`);
    }
  });
});

describe('a lock', () => {
  const hold = (base: string, file: string): string => {
    const locks = join(base, '.greenroom-locks');
    mkdirSync(locks, { recursive: true });
    writeFileSync(join(locks, file), '');
    return join(locks, file);
  };
  const append = (store: FileSessionStore) =>
    store.appendMessage('s', { role: 'user', content: 'mine' });

  test('of a living process is respected, for a while', async () => {
    const { base } = await stage();
    hold(base, 's.another-place.1.17.1-x.lock');
    const store = new FileSessionStore(base, { lockTimeoutMs: 50 });
    await expect(append(store)).rejects.toMatchObject({
      name: 'StorageError',
      code: 'unavailable',
      message: expect.stringContaining('another process'),
    });
    expect(await store.getMessages('s')).toEqual([]);
  });

  test('of another session stands in nobody’s way', async () => {
    const { base, store } = await stage();
    hold(base, 'other.another-place.1.17.1-x.lock');
    await append(store);
    await store.close();
    expect(readdirSync(base)).toContain('.greenroom-locks');
  });

  test('of another container counts for a minute', async () => {
    const { base, store } = await stage();
    const path = hold(base, 's.another-place.1.17.1-x.lock');
    const longAgo = Date.now() / 1_000 - 61;
    utimesSync(path, longAgo, longAgo);
    await append(store);
    expect(await store.getMessages('s')).toHaveLength(1);
  });
});
