/**
 * The power is cut under a store that commits. A disk that remembers notes every write and sync of its
 * files; a cut keeps what was synced and, of the rest, what chance wants, sector by sector. CI cuts
 * a few times; `GREENROOM_FULL=1` 36 times.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { folders } from '../../storage/folders.ts';
import { mutant } from '../../support/mutant.ts';
import { Dice } from '../dice.ts';
import { isFull } from '../size.ts';
import { compileDisk, PowerCuts, readDiskLog, rememberingDisk } from './disk.ts';
import { auditStore, type Ledger, note, runStore } from './store-process.ts';

const RUNS = isFull() ? 6 : 1;
const CUTS_PER_RUN = 6;
/** Of a store that is wrong, until it is found out: chance may cut where nothing is missing. */
const MOST_CUTS = 60;
/** A disk's log holds every page that was ever written. */
const COMMITS = isFull() ? 20_000 : 1_500;
const SESSIONS = 60;
const TIMEOUT_MS = 600_000;

const tools = mkdtempSync(join(tmpdir(), 'greenroom-disk-'));
afterAll(() => rmSync(tools, { recursive: true, force: true }));
const library = compileDisk(tools);

interface Outcome {
  readonly acknowledged: number;
  readonly unsynced: number;
  /** What was wrong after a cut, in sentences. */
  readonly wrong: readonly string[];
}

/** One life of a store, and the power cut in it at several moments, or until something is wrong. */
const cutPower = async (
  folder: string,
  dice: Dice,
  cuts: number,
  dist?: string,
): Promise<Outcome> => {
  const log = join(folder, 'disk.log');
  const dir = join(folder, 'store');
  const env = rememberingDisk(library ?? '', log);
  const run = { dir, sessions: SESSIONS, env, ...(dist === undefined ? {} : { dist }) };
  await runStore(run, { acknowledgements: COMMITS }, new Map());
  const power = new PowerCuts(readDiskLog(log));
  const outcome = { acknowledged: 0, unsynced: 0, wrong: [] as string[] };
  for (const moment of power.moments(cuts, dice)) {
    const { files, said, unsynced } = power.cut(moment, dice);
    const after = join(folder, `after-${moment}`);
    mkdirSync(after, { recursive: true });
    for (const { name, bytes } of files) writeFileSync(join(after, name), bytes);
    copyFileSync(join(dir, 'store.json'), join(after, 'store.json'));
    const ledger: Ledger = new Map();
    outcome.acknowledged += note(said, ledger);
    outcome.unsynced += unsynced;
    outcome.wrong.push(...(await auditStore(after, ledger)));
    rmSync(after, { recursive: true });
    if (outcome.wrong.length > 0) break;
  }
  return outcome;
};

describe.skipIf(library === undefined)('a power cut', () => {
  const folder = folders();

  it(`takes nothing that was acknowledged, ${RUNS * CUTS_PER_RUN} times`, {
    timeout: RUNS * TIMEOUT_MS,
  }, async () => {
    const dice = new Dice();
    let acknowledged = 0;
    let unsynced = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const outcome = await cutPower(folder(), dice, CUTS_PER_RUN);
      expect(outcome.wrong, `GREENROOM_SEED=${dice.seed}`).toEqual([]);
      acknowledged += outcome.acknowledged;
      unsynced += outcome.unsynced;
    }
    console.info(
      `${acknowledged} acknowledged commits before ${RUNS * CUTS_PER_RUN} cuts, none lost; ${unsynced} writes were not synced yet`,
    );
    expect(unsynced).toBeGreaterThan(0);
  });

  it('is what finds a store that does not sync', { timeout: TIMEOUT_MS }, async () => {
    const dist = mutant(
      'src/storage/tables/lmdb-tables.js',
      /overlappingSync: false,/,
      'overlappingSync: false, noSync: true,',
    );
    const { wrong } = await cutPower(folder(), new Dice(), MOST_CUTS, dist);
    expect(wrong).not.toEqual([]);
  });

  it('is what finds a commit log that is not synced', { timeout: TIMEOUT_MS }, async () => {
    const dist = mutant('src/storage/log/commit-log.js', /fdatasyncSync\(this\.#file\);/, '');
    const { wrong } = await cutPower(folder(), new Dice(), MOST_CUTS, dist);
    expect(wrong).not.toEqual([]);
  });

  it('is what finds a store that answers before its commit', { timeout: TIMEOUT_MS }, async () => {
    const dist = mutant(
      'src/storage/journal/stored-journal.js',
      /this\.#queue\.add\(\{ change, resolve, reject \}\);/,
      'this.#queue.add({ change, resolve, reject }); setImmediate(resolve);',
    );
    const { wrong } = await cutPower(folder(), new Dice(), MOST_CUTS, dist);
    expect(wrong).not.toEqual([]);
  });
});
