/** A store on a small disk of its own that becomes full, with and without the watermark that foresees it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Head } from '../../../src/model/head.ts';
import { FreeSpace } from '../../../src/storage/journal/free-space.ts';
import { openLmdbJournal } from '../../../src/storage/journal/lmdb-journal.ts';
import { append, codeOf, keyOf } from '../../storage/sessions.ts';
import { read } from '../../support/read-journal.ts';
import { auditStore, type Ledger, runStore } from './store-process.ts';

const MIB = 1024 * 1024;
const DISK_BYTES = 24 * MIB;
const BALLAST_BYTES = 12 * MIB;
const MIN_FREE_BYTES = 4 * MIB;
const TIMEOUT_MS = 120_000;
const LOGGING = fileURLToPath(new URL('./full-disk-log-child.mjs', import.meta.url));

const disk = mkdtempSync(join(tmpdir(), 'greenroom-small-disk-'));
const mount = ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'greenroom-test', disk];
const hasDisk =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('mount', mount, { stdio: 'ignore' }).status === 0;
if (!hasDisk) console.warn('skipped: no right to mount a small disk, so none can be filled');
afterAll(() => {
  if (hasDisk) spawnSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** Takes room on the disk until it is taken away. */
const ballast = join(disk, 'ballast');
/** What one test leaves of it must not fail the next ones. */
afterEach(() => rmSync(ballast, { force: true }));
const load = () => writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES));

describe.skipIf(!hasDisk)('a store on a disk that is full', () => {
  it('stops with everything that it acknowledged, and goes on when there is room', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const dir = join(disk, 'store');
    load();
    const ledger: Ledger = new Map();
    const life = await runStore({ dir, sessions: 60 }, {}, ledger);
    expect(life.told.at(-1), `it ended with ${life.end}`).toBe('failed storage_failed');
    expect(life.acknowledged).toBeGreaterThan(100);
    const again = await runStore({ dir, sessions: 60 }, {}, ledger);
    expect(again.told.at(-1)).toBe('failed storage_failed');
    rmSync(ballast);
    expect(await auditStore(dir, ledger)).toEqual([]);
    const later = await runStore({ dir, sessions: 60 }, { acknowledgements: 100 }, ledger);
    expect(later.acknowledged).toBeGreaterThanOrEqual(100);
    expect(await auditStore(dir, ledger)).toEqual([]);
    rmSync(dir, { recursive: true });
  });

  it('has its last line of the log whole, whatever LMDB says before it', {
    timeout: TIMEOUT_MS,
  }, async () => {
    for (const free of [3, 4, 5, 7]) {
      const dir = join(disk, 'logged');
      writeFileSync(ballast, Buffer.alloc(DISK_BYTES - free * MIB));
      const { status, stderr } = spawnSync(process.execPath, [LOGGING, dir], { encoding: 'utf8' });
      rmSync(dir, { recursive: true });
      rmSync(ballast);
      const lines = stderr.split('\n').filter((line) => line.includes('"level"'));
      expect({ status, levels: lines.map((line) => JSON.parse(line).level) }).toEqual({
        ...{ status: 70, levels: ['fatal'] },
      });
    }
  });

  it('refuses before it is, keeps serving, and takes more as soon as there is room', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const dir = join(disk, 'watched');
    load();
    const space = new FreeSpace(disk, { minFreeBytes: MIN_FREE_BYTES });
    const { journal, close } = await openLmdbJournal({ dir, space });
    const [key, text] = [keyOf('s1'), 'x'.repeat(50_000)];
    let head: Head | undefined;
    let code: string | undefined;
    while (code === undefined) {
      const change = append(key, head, text);
      code = await codeOf(journal.commit(change));
      if (code === undefined) head = change.head;
      await space.refresh();
    }
    expect(code).toBe('disk_low');
    expect(space.freeBytes).toBeGreaterThan(MIN_FREE_BYTES / 2);
    expect((await read(journal).head(key))?.version).toBe(head?.version);
    rmSync(ballast);
    await space.refresh();
    expect(await codeOf(journal.commit(append(key, head, text)))).toBeUndefined();
    await close();
  });
});
