/** When the keeper has the catalog's snapshot written, and when it removes it: with a clock that stands still. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import { writeSnapshot } from '../../src/search/catalog/snapshot-file.ts';
import {
  SNAPSHOT_COMMITS,
  SNAPSHOT_ERASE_MS,
  SNAPSHOT_SESSIONS,
  snapshotKeeper,
} from '../../src/search/catalog/snapshot-keeper.ts';
import { type Catalog, catalogName } from '../../src/session/ports/catalog.ts';
import {
  type ChangeMark,
  type Journal,
  type JournalUpkeep,
  journalName,
} from '../../src/session/ports/journal.ts';
import { deleteOf, FakeJournal, holder, writeOf } from './fake-journal.ts';
import { rowOf } from './summary-row.ts';

const LOOK_MS = 10_000;
const REST_MS = 60_000;
const STORE_ID = 'store-1';

const markOf = (count: number): ChangeMark => ({ epoch: 1, count, token: 7 });

/** What the keeper asks of a journal besides what the catalog does. */
class MarkedJournal extends FakeJournal {
  readonly forgotten: ChangeMark[] = [];
  /** Since the snapshot that is there. */
  changed: readonly string[] | undefined = [];

  info = () => ({ storeId: STORE_ID });
  override changeMark = () => markOf(99) as never;
  override forgetChanges = (mark?: ChangeMark): void => {
    if (mark !== undefined) this.forgotten.push(mark);
  };
  override changedSince = async () => this.changed?.map((sessionId) => rowOf(sessionId).key);
}

interface Stage {
  readonly sessions?: number;
  readonly minSessions?: number;
  /** Of the store whose snapshot is there at the start. */
  readonly storeId?: string;
  readonly changed?: readonly string[] | undefined;
}

const stage = async ({ sessions = 50, storeId, ...others }: Stage = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'keeper-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'catalog.snapshot');
  const clock = virtualClock();
  const system = new System({ clock, onReport: () => undefined });
  const journal = new MarkedJournal();
  if ('changed' in others) journal.changed = others.changed;
  const told: { level: 'info' | 'warn'; message: string; fields: object }[] = [];
  const size = { sessions };
  const catalog = {
    stats: () => size,
    find: (_: unknown, sessionId: string) => (sessionId === 'gone' ? undefined : {}),
  } as unknown as Catalog;
  if (storeId !== undefined) {
    const empty = new MemoryCatalog(() => undefined, { pause: async () => undefined });
    writeSnapshot(path, { storeId, mark: markOf(1), sessions: 0 } as never, empty);
  }
  /** What becomes of a write: it ends at once, unless a test holds it. */
  const writes: { readonly signal: AbortSignal }[] = [];
  const play = { write: async (): Promise<void> => undefined };
  const root = await startTree(
    system,
    supervisor({
      id: 'search',
      strategy: 'rest_for_one',
      children: [
        holder(journalName, journal as unknown as Journal & JournalUpkeep),
        holder(catalogName, catalog),
        snapshotKeeper({
          path,
          minSessions: others.minSessions ?? 10,
          notices: {
            info: (fields, message) => told.push({ level: 'info', fields, message }),
            warn: (fields, message) => told.push({ level: 'warn', fields, message }),
          },
          write: async (signal) => {
            writes.push({ signal });
            await play.write();
            signal.throwIfAborted();
            writeFileSync(path, 'written');
            return { mark: markOf(writes.length), sessions: size.sessions, bytes: 7 };
          },
        }),
      ],
    }),
  );
  const commits = (count: number): void => {
    for (let n = 0; n < count; n += 1) journal.commit(writeOf('a'));
  };
  const stop = async () => {
    const stopped = system.stop(root, 'shutdown');
    await clock.settle();
    return stopped;
  };
  return { clock, journal, told, size, writes, play, path, commits, stop };
};

test('a large catalog without a snapshot has one at the first look, and says so', async () => {
  const { clock, writes, told } = await stage();
  await clock.advance(LOOK_MS - 1);
  expect(writes).toHaveLength(0);
  await clock.advance(1);
  expect(writes).toHaveLength(1);
  expect(told).toEqual([
    {
      ...{ level: 'info', message: 'the snapshot of the catalog is written' },
      fields: { sessions: 50, bytes: 7, tookMs: 0 },
    },
  ]);
});

test('what the snapshot has is forgotten by the list of changes', async () => {
  const { clock, journal } = await stage();
  await clock.advance(LOOK_MS);
  expect(journal.forgotten).toEqual([]);
  await clock.advance(LOOK_MS);
  expect(journal.forgotten).toEqual([markOf(1)]);
});

test('it is written anew after so many commits, and not sooner after the last one than it may be', async () => {
  const { clock, writes, commits } = await stage();
  await clock.advance(LOOK_MS);
  commits(SNAPSHOT_COMMITS - 1);
  await clock.advance(10 * REST_MS);
  expect(writes).toHaveLength(1);
  commits(1);
  await clock.advance(LOOK_MS);
  expect(writes).toHaveLength(2);
  commits(SNAPSHOT_COMMITS);
  await clock.advance(REST_MS - 1);
  expect(writes).toHaveLength(2);
  await clock.advance(LOOK_MS);
  expect(writes).toHaveLength(3);
});

test('after one that took long it rests ten times as long, and nothing begins beside one', async () => {
  const { clock, writes, play, commits, told } = await stage();
  play.write = () => new Promise<void>((resolve) => void clock.setTimeout(resolve, 100_000));
  await clock.advance(LOOK_MS);
  commits(SNAPSHOT_COMMITS);
  await clock.advance(100_000);
  expect(writes).toHaveLength(1);
  expect(told[0]?.fields).toMatchObject({ tookMs: 100_000 });
  await clock.advance(990_000);
  expect(writes).toHaveLength(1);
  await clock.advance(LOOK_MS);
  expect(writes).toHaveLength(2);
});

test('the words of a deleted session stay in it for so long and no longer', async () => {
  const { clock, writes, journal } = await stage();
  await clock.advance(LOOK_MS);
  journal.commit(deleteOf('a'));
  await clock.advance(LOOK_MS);
  journal.commit(deleteOf('b'));
  await clock.advance(SNAPSHOT_ERASE_MS - LOOK_MS - 1);
  expect(writes).toHaveLength(1);
  await clock.advance(LOOK_MS);
  expect(writes).toHaveLength(2);
  await clock.advance(2 * SNAPSHOT_ERASE_MS);
  expect(writes).toHaveLength(2);
});

test('one that cannot be written is tried again after a rest, and the one before it stays', async () => {
  const { clock, writes, play, commits, told, path } = await stage();
  await clock.advance(LOOK_MS);
  commits(SNAPSHOT_COMMITS);
  play.write = async () => {
    throw new Error('the disk is full');
  };
  await clock.advance(REST_MS);
  expect(writes).toHaveLength(2);
  expect(told[1]).toMatchObject({
    level: 'warn',
    message: 'the snapshot of the catalog was not written',
    fields: { err: { message: 'the disk is full' } },
  });
  expect(existsSync(path)).toBe(true);
  await clock.advance(REST_MS - LOOK_MS);
  expect(writes).toHaveLength(2);
  play.write = async () => undefined;
  await clock.advance(LOOK_MS);
  expect(writes).toHaveLength(3);
  await clock.advance(10 * REST_MS);
  expect(writes).toHaveLength(3);
});

test('one that has a deleted session and cannot be written anew is removed', async () => {
  const { clock, play, journal, path, writes } = await stage();
  await clock.advance(LOOK_MS);
  journal.commit(deleteOf('a'));
  play.write = async () => {
    throw new Error('the disk is full');
  };
  await clock.advance(SNAPSHOT_ERASE_MS);
  expect(existsSync(path)).toBe(false);
  play.write = async () => undefined;
  await clock.advance(REST_MS);
  expect([existsSync(path), writes.length]).toEqual([true, 3]);
});

test('a small catalog has none: its file goes once, and the list of changes is cut by itself', async () => {
  const { clock, writes, journal, path, commits } = await stage({ sessions: 9, storeId: STORE_ID });
  await clock.advance(LOOK_MS);
  expect([existsSync(path), writes.length]).toEqual([false, 0]);
  writeFileSync(path, 'of somebody else');
  commits(999);
  await clock.advance(LOOK_MS);
  expect([existsSync(path), journal.forgotten]).toEqual([true, []]);
  commits(1);
  await clock.advance(LOOK_MS);
  expect(journal.forgotten).toEqual([markOf(99)]);
  await clock.advance(LOOK_MS);
  expect(journal.forgotten).toEqual([markOf(99)]);
});

test('one that has grown has one, and has none when it has become small again', async () => {
  const { clock, size, path } = await stage({ sessions: 9 });
  await clock.advance(LOOK_MS);
  size.sessions = 10;
  await clock.advance(LOOK_MS);
  expect(existsSync(path)).toBe(true);
  size.sessions = 9;
  await clock.advance(LOOK_MS);
  expect(existsSync(path)).toBe(false);
});

test('without a word of it a catalog is small below 20,000 sessions', () => {
  expect(SNAPSHOT_SESSIONS).toBe(20_000);
});

test('one of this store that is there at the start is kept, and counts for what has changed since', async () => {
  const { clock, writes, commits } = await stage({ storeId: STORE_ID, changed: ['a', 'b'] });
  await clock.advance(LOOK_MS);
  commits(SNAPSHOT_COMMITS - 3);
  await clock.advance(LOOK_MS);
  expect(writes).toHaveLength(0);
  commits(1);
  await clock.advance(LOOK_MS);
  expect(writes).toHaveLength(1);
});

test('one that has a session which was deleted before the start is written anew soon', async () => {
  const { clock, writes } = await stage({ storeId: STORE_ID, changed: ['a', 'gone'] });
  await clock.advance(SNAPSHOT_ERASE_MS - 1);
  expect(writes).toHaveLength(0);
  await clock.advance(LOOK_MS);
  expect(writes).toHaveLength(1);
});

test.each([
  ['of another store', { storeId: 'store-2' }],
  ['that is older than the list of changes', { storeId: STORE_ID, changed: undefined }],
])('one %s is of no use', async (_, there) => {
  const { clock, writes } = await stage(there);
  await clock.advance(LOOK_MS);
  expect(writes).toHaveLength(1);
});

test.each([
  ['many commits came since', SNAPSHOT_COMMITS, 2],
  ['few commits came since', SNAPSHOT_COMMITS - 1, 1],
])('at its end it is written when %s', async (_, count, expected) => {
  const { clock, writes, commits, stop } = await stage();
  await clock.advance(LOOK_MS);
  commits(count);
  await stop();
  expect(writes).toHaveLength(expected);
});

test('at its end it is written when a session was deleted, and not when there was none before', async () => {
  const one = await stage();
  await one.clock.advance(LOOK_MS);
  one.journal.commit(deleteOf('a'));
  await one.stop();
  expect(one.writes).toHaveLength(2);
  const other = await stage();
  other.commits(SNAPSHOT_COMMITS);
  await other.stop();
  expect(other.writes).toHaveLength(0);
});

test('an end waits for a writing that it ended, and for a last one ten seconds', async () => {
  const { clock, writes, play, commits, stop } = await stage();
  await clock.advance(LOOK_MS);
  commits(SNAPSHOT_COMMITS);
  play.write = () => {
    const { signal } = writes.at(-1) as { signal: AbortSignal };
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('ended')));
    });
  };
  await clock.advance(REST_MS);
  expect(writes.map(({ signal }) => signal.aborted)).toEqual([false, false]);
  let hasEnded = false;
  const stopping = stop().then(() => {
    hasEnded = true;
  });
  await clock.settle();
  expect(writes.map(({ signal }) => signal.aborted)).toEqual([false, true, false]);
  await clock.advance(9_999);
  expect(hasEnded).toBe(false);
  await clock.advance(1);
  await stopping;
  expect(writes.map(({ signal }) => signal.aborted)).toEqual([false, true, true]);
});
