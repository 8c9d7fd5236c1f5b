/** `openStore`: which store a URL names, what closing means, and what outlives the process. */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SyncGate } from '../../../src/storage/lmdb/sync-gate.ts';
import { MAX_CHANGE_RECORDS } from '../../../src/storage/records/limits.ts';
import {
  type ClassicStore,
  FileSessionStore,
  openStore,
  PostgresSessionStore,
  RedisSessionStore,
} from '../../../src/stores/index.ts';
import { folders } from '../../storage/folders.ts';
import { until } from '../../storage/until.ts';

const folder = folders();
const say = (content: string) => ({ role: 'user', content, id: content });
const idsIn = async (store: ClassicStore, id = 's') =>
  (await store.getMessages(id)).map((message) => message['id']);

/** Closed after the test, whatever happens. */
const open = async (...asked: Parameters<typeof openStore>): Promise<ClassicStore> => {
  const store = await openStore(...asked);
  onTestFinished(() => store.close());
  return store;
};

describe('a URL', () => {
  test('names a folder, in any of its forms', async () => {
    const dir = folder();
    for (const url of [`file:${dir}`, `file://${dir}`, pathToFileURL(dir).href]) {
      const store = await open(url);
      expect(store).toBeInstanceOf(FileSessionStore);
      expect((store as FileSessionStore).basePath).toBe(dir);
    }
    expect(((await open('file:data')) as FileSessionStore).basePath).toBe(
      join(process.cwd(), 'data'),
    );
    expect(((await open('file:')) as FileSessionStore).basePath).toBe(join(homedir(), '.claude'));
  });

  test('names a server, which is asked at the first call', async () => {
    expect(await open('redis://localhost:1')).toBeInstanceOf(RedisSessionStore);
    expect(await open('postgres://localhost:1/db')).toBeInstanceOf(PostgresSessionStore);
    expect(await open('postgresql://localhost:1/db')).toBeInstanceOf(PostgresSessionStore);
  });

  test.for(['', 'lmdb', 'lmdb:', 'ftp://x', 'constructor:', '/var/data', 'LMDB:x'])(
    '%j names none',
    async (url) => {
      await expect(openStore(url)).rejects.toMatchObject({ code: 'invalid_request' });
    },
  );
});

describe.for(['memory:', 'lmdb:'])('a closed store, %s', (scheme) => {
  test('answers store_closed', async () => {
    const store = await open(scheme === 'lmdb:' ? `lmdb:${folder()}` : scheme);
    await store.createSession('s');
    await store.close();
    const asked = [
      () => store.createSession('t'),
      () => store.loadSession('s'),
      () => store.appendMessage('s', say('m')),
      () => store.listSessions(),
      () => store.sessionExists('s'),
      () => store.deleteSession('s'),
      () => store.search(),
    ];
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: 'store_closed' });
  });
});

describe('an lmdb store', () => {
  test('has all of it when it is opened again, versions too', async () => {
    const url = `lmdb:${folder()}`;
    const first = await open(url);
    await first.createSession('s', { model: 'kept', usage: { input_tokens: 3, custom: 1 } });
    await first.appendMessage('s', say('m0'));
    await first.saveSession('t', [{ type: 'result', data: { total_cost_usd: 2 } }], {
      tags: ['night'],
    });
    const before = await first.loadSession('s');
    await first.close();
    const second = await open(url);
    expect(await second.loadSession('s')).toEqual(before);
    expect((await second.search({ minCost: 2, tags: ['NIGHT'] })).length).toBe(1);
    await second.appendMessage('s', say('m1'), { expectedVersion: Number(before?.version) });
    expect(await idsIn(second)).toEqual(['m0', 'm1']);
  });

  test('is open in one process at a time, and the second is told so', async () => {
    const url = `lmdb:${folder()}`;
    await open(url);
    await expect(openStore(url)).rejects.toMatchObject({
      code: 'in_use',
      message: expect.stringContaining('in use by process'),
    });
  });

  test('where no folder can be made is refused with a sentence', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    await expect(openStore(`lmdb:${join(file, 'data')}`)).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringMatching(
        /^the data directory .* cannot be used: .*file is no directory/,
      ),
    });
  });

  test('that was killed has lost nothing that was acknowledged', async () => {
    const dir = folder();
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('lmdb-child.mjs', import.meta.url)), dir],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let acknowledged = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      acknowledged += text;
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    await until(() => acknowledged.split('\n').length > 50);
    child.kill('SIGKILL');
    await ended;
    const ids = acknowledged.split('\n').slice(0, -1);
    const stored = await idsIn(await open(`lmdb:${dir}`));
    expect(stored.slice(0, ids.length)).toEqual(ids);
  });

  test('tells and shows nothing before it is on disk', async () => {
    const gate = new SyncGate();
    const store = await open(`lmdb:${folder()}`, { syncGate: gate });
    await store.createSession('s');
    gate.hold();
    let isTold = false;
    const appended = store.appendMessage('s', say('m0')).then(() => {
      isTold = true;
    });
    expect(await idsIn(store)).toEqual([]);
    expect((await store.loadSession('s'))?.messages).toEqual([]);
    expect(isTold).toBe(false);
    gate.release();
    await appended;
    expect(await idsIn(store)).toEqual(['m0']);
  });

  test('closing waits for what was asked for before', async () => {
    const url = `lmdb:${folder()}`;
    const store = await open(url);
    await store.createSession('s');
    const appended = Array.from({ length: 20 }, (_, at) => store.appendMessage('s', say(`m${at}`)));
    await store.close();
    await Promise.all(appended);
    expect(await idsIn(await open(url))).toHaveLength(20);
  });

  test('lets go of its folder when it cannot be opened', async () => {
    const dir = folder();
    const store = await open(`lmdb:${dir}`);
    await store.close();
    expect(existsSync(join(dir, 'store'))).toBe(true);
    await (await open(`lmdb:${dir}`)).createSession('again');
  });
});

test('a session that is too large for one commit is refused whole', async () => {
  const store = await open('memory:');
  await store.saveSession('s', [say('kept')]);
  const tooMany = Array.from({ length: MAX_CHANGE_RECORDS + 1 }, () => ({
    role: 'user',
    content: '',
  }));
  await expect(store.saveSession('s', tooMany)).rejects.toMatchObject({
    name: 'StorageError',
    code: 'too_large',
  });
  expect(await idsIn(store)).toEqual(['kept']);
  await store.appendMessage('s', say('more'));
  expect(await idsIn(store)).toEqual(['kept', 'more']);
});

test('a thousand messages page by position', async () => {
  const store = await open('memory:');
  const all = Array.from({ length: 1_200 }, (_, at) => say(`m${at}`));
  await store.saveSession('s', all);
  expect((await store.getMessages('s', 1_100, 1_102)).map(({ content }) => content)).toEqual([
    ...['m1100', 'm1101'],
  ]);
  expect(await store.getMessages('s')).toHaveLength(1_200);
  await store.forkSession('s', 'fork');
  await store.appendMessage('fork', say('own'));
  expect((await store.getMessages('fork', 1_199)).map(({ content }) => content)).toEqual([
    ...['m1199', 'own'],
  ]);
});
