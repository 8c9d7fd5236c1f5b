import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { LmdbStore } from '../../src/storage/lmdb/lmdb-store.ts';
import { SyncGate } from '../../src/storage/lmdb/sync-gate.ts';
import { read } from '../support/read-journal.ts';
import { folders } from './folders.ts';
import { append, keyOf } from './sessions.ts';

const folder = folders();
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((next) => setImmediate(next));
};
const open = (dir: string) => LmdbStore.open({ dir, nowMs: 0 });

/** A store with one session in it, closed. */
const filledStore = async (): Promise<string> => {
  const dir = folder();
  const { journal, close } = await openLmdbJournal({ dir });
  await journal.commit(append(keyOf('s1')));
  await close();
  return dir;
};

describe('opening a store', () => {
  it('keeps what was committed, under the same id and the next epoch', async () => {
    const dir = folder();
    const first = await openLmdbJournal({ dir });
    await first.journal.commit(append(keyOf('s1'), undefined, 'kept'));
    const { storeId, epoch } = first.journal.info();
    await first.close();
    const second = await openLmdbJournal({ dir });
    expect(await read(second.journal).entries(keyOf('s1'))).toHaveLength(1);
    expect(second.journal.info()).toMatchObject({ storeId, epoch: epoch + 1 });
    await second.close();
  });

  it('works many times over in one process', async () => {
    const dir = folder();
    for (let epoch = 1; epoch <= 10; epoch += 1) {
      const store = await open(dir);
      expect(store.epoch).toBe(epoch);
      await store.close();
    }
  });

  it.each([
    ['missing', (file: string) => rmSync(file)],
    ['empty', (file: string) => truncateSync(file, 0)],
    ['cut off after its meta pages', (file: string) => truncateSync(file, 8_192)],
    ['cut off at its last page', (file: string) => truncateSync(file, statSync(file).size - 4_096)],
    ['zeroed', (file: string) => writeFileSync(file, Buffer.alloc(statSync(file).size))],
    ['something else', (file: string) => writeFileSync(file, 'x'.repeat(100_000))],
  ])('a data file that is %s is refused, and no new store', async (_, damage) => {
    const dir = await filledStore();
    const { storeId } = JSON.parse(readFileSync(join(dir, 'store.json'), 'utf8')) as {
      storeId: string;
    };
    damage(join(dir, 'data.mdb'));
    await expect(open(dir)).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining(storeId),
    });
  });

  it('an empty data file without a store beside it is the beginning of one', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'data.mdb'), '');
    const store = await open(dir);
    expect(store.epoch).toBe(1);
    await store.close();
  });

  it('a data file of another store is refused', async () => {
    const dir = await filledStore();
    writeFileSync(join(dir, 'store.json'), '{"storeId":"another","formatVersion":1}');
    await expect(open(dir)).rejects.toThrow(/names store another/);
  });

  it('a lost store.json is written again', async () => {
    const dir = await filledStore();
    rmSync(join(dir, 'store.json'));
    const store = await open(dir);
    expect(readFileSync(join(dir, 'store.json'), 'utf8')).toContain(store.storeId);
    await store.close();
  });
});

describe('the lock', () => {
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  const holder = async (dir: string, ...under: string[]): Promise<ChildProcess> => {
    const script = fileURLToPath(new URL('./holder-child.mjs', import.meta.url));
    const [program = '', ...args] = [...under, process.execPath, script, dir];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    if (child.stdout !== null) await once(child.stdout, 'data');
    return child;
  };

  it('a second process is refused and told who holds the store', async () => {
    const dir = folder();
    const child = await holder(dir);
    await expect(open(dir)).rejects.toMatchObject({
      code: 'in_use',
      message: expect.stringContaining(`in use by process ${child.pid} on `),
    });
  });

  it('one whose holder ends without a word is looked at again', async () => {
    const dir = folder();
    const ending = createServer((socket) => {
      ending.close();
      socket.destroy();
    });
    await new Promise<void>((resolve) => ending.listen(join(dir, 'lock'), resolve));
    await (await open(dir)).close();
  });

  it('a second opener in the same process is refused too', async () => {
    const dir = folder();
    const store = await open(dir);
    await expect(open(dir)).rejects.toThrow(/in use by process/);
    await store.close();
  });

  it('one that is being let go of is waited for', async () => {
    const dir = folder();
    const gate = new SyncGate();
    const { journal, store } = await openLmdbJournal({ dir, gate });
    gate.hold();
    const commit = journal.commit(append(keyOf('s1')));
    await turns(2); // it is with the writer
    const order: string[] = [];
    const closed = store.close().then(() => order.push('closed'));
    const opened = open(dir);
    void opened.then(() => order.push('opened'));
    const early = await Promise.race([opened, turns(5_000)]); // a refusal would come by then
    expect(early).toBeUndefined();
    gate.release();
    await Promise.all([commit, closed]);
    await (await opened).close();
    expect(order).toEqual(['closed', 'opened']);
  });

  it('it dies with a holder that is killed', async () => {
    const dir = folder();
    const child = await holder(dir);
    child.kill('SIGKILL');
    await once(child, 'close');
    const store = await open(dir);
    expect(store.epoch).toBe(2);
    await store.close();
  });

  const namespace = ['unshare', '--pid', '--fork', '--kill-child'];
  const hasNamespaces = spawnSync('unshare', [...namespace.slice(1), 'true']).status === 0;
  if (!hasNamespaces) console.info('skipped: no right to make a process namespace');

  it.skipIf(!hasNamespaces)('it holds against a process in another process namespace', async () => {
    const dir = folder();
    await holder(dir, ...namespace);
    await expect(open(dir)).rejects.toThrow(/in use by process \d+ on /);
  });

  it('it works in a directory whose path is longer than a socket’s may be', async () => {
    const dir = join(folder(), 'd'.repeat(120));
    mkdirSync(dir);
    const store = await open(dir);
    await expect(open(dir)).rejects.toThrow(/in use by process/);
    await store.close();
    await (await open(dir)).close();
  });
});
