/**
 * A process that changes sessions while snapshots of its catalog are written is killed at any moment, and so are the
 * writers of snapshots: the catalog that the next start fills from the snapshot is the one that the journal's rows give.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import { fillCatalog } from '../../src/search/catalog/fill-catalog.ts';
import { openLmdbJournal } from '../../src/storage/journal/lmdb-journal.ts';
import { Dice } from '../../src/testing/dice.ts';
import { expectSame } from '../search/same-catalog.ts';
import { mutant } from '../support/mutant.ts';
import { isFull } from './size.ts';

const KILLS = isFull() ? 200 : 2;
const PROGRAM = fileURLToPath(new URL('./snapshot-child.mjs', import.meta.url));
const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const WAYS = ['snapshot.written', 'snapshot.synced', 'snapshot.renamed'] as const;

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'greenroom-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const store = () => join(dir, 'store');
const snapshot = () => join(dir, 'catalog.snapshot');

interface Aim {
  readonly crashpoint: string;
  readonly snapshots: number;
  /** Changes behind the last of these snapshots, after which it is killed. */
  readonly changes: number;
}

/** Kills the process with SIGKILL when it has come so far. */
const killedAt = async (aim: Aim, seed: number, dist: string): Promise<void> => {
  const args = [PROGRAM, dist, store(), snapshot(), `${seed}`, aim.crashpoint];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const left = { snapshots: aim.snapshots, changes: aim.changes };
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('snapshot')) left.snapshots -= 1;
    else if (left.snapshots <= 0) left.changes -= 1;
    if (left.snapshots <= 0 && left.changes <= 0) child.kill('SIGKILL');
  });
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
};

/** What the next start fills by the snapshot, and what by the rows. */
const filled = async (): Promise<{
  readonly by: readonly [MemoryCatalog, MemoryCatalog];
  readonly wasUsed: boolean;
}> => {
  const { journal, close } = await openLmdbJournal({ dir: store() });
  const fill = (path: string | undefined, told: (fields: { from?: string }) => void) =>
    fillCatalog(journal, {
      ...{ snapshot: path, nowMs: () => 0, follow: () => () => undefined },
      notices: { info: told, warn: told },
      onFault: (error) => {
        throw error;
      },
      pause: async () => undefined,
    });
  let wasUsed = false;
  const one = await fill(snapshot(), ({ from }) => {
    wasUsed ||= from === 'snapshot';
  });
  const other = await fill(undefined, () => undefined);
  await close();
  return { by: [one, other], wasUsed };
};

const aimOf = (dice: Dice, kill: number): Aim => ({
  crashpoint: WAYS[kill % WAYS.length] ?? WAYS[0],
  snapshots: dice.int(1, isFull() ? 6 : 3),
  changes: dice.int(1, 400),
});

test('whatever is killed, a start from the snapshot is a start from the rows', async () => {
  const seed = Number(process.env['GREENROOM_SEED'] ?? 11);
  const dice = new Dice(seed);
  let used = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    await killedAt(aimOf(dice, kill), seed + kill, DIST);
    expect(existsSync(snapshot())).toBe(true);
    const { by, wasUsed } = await filled();
    await expectSame(...by);
    if (wasUsed) used += 1;
  }
  expect(used).toBe(KILLS);
}, 3_600_000);

test.each([
  [
    'a transaction that does not note its changes',
    'storage/lmdb/writer-thread.js',
    /this\.#changes\.note\(changed\);\s+checkpointMs/,
    'this.#changes.note(new Set()); checkpointMs',
  ],
  [
    'a snapshot that names the end as it is afterwards',
    'app/snapshot-child.js',
    /const \{ bytes \} = writeSnapshot\(path, \{ storeId, mark,/,
    `await new Promise((go) => setTimeout(go, 300));
     const { bytes } = writeSnapshot(path, { storeId, mark: journal.changeMark(),`,
  ],
])(
  '%s is found',
  async (_, file, from, to) => {
    const dist = mutant(`src/${file}`, from, to, ['src', 'supervisors']);
    const dice = new Dice(5);
    const isFound = async (): Promise<boolean> => {
      for (let kill = 0; kill < 12; kill++) {
        await killedAt({ ...aimOf(dice, kill), crashpoint: 'none' }, kill, dist);
        const { by } = await filled();
        const same = await expectSame(...by).then(
          () => true,
          () => false,
        );
        if (!same) return true;
      }
      return false;
    };
    expect(await isFound()).toBe(true);
  },
  600_000,
);
