import { describe, expect, it } from 'vitest';
import { openLmdbJournal } from '../../src/storage/lmdb-journal.ts';
import { compare, crashOnce, type Ledger } from './crashing.ts';
import { folders } from './folders.ts';

const FULL = process.env['GREENROOM_FULL'] === '1';
const CYCLES = FULL ? 1_000 : 15;
const CYCLE_TIMEOUT_MS = 20_000;
const SESSIONS = 60;

describe('kill -9', () => {
  const folder = folders();

  it(
    `takes nothing that was acknowledged, ${CYCLES} times`,
    async () => {
      const run = { dir: folder(), sessions: SESSIONS };
      const ledger: Ledger = new Map();
      let acknowledged = 0;
      for (let cycle = 0; cycle < CYCLES; cycle += 1) {
        acknowledged += await crashOnce(run, 1 + ((cycle * 127) % 400), ledger);
        const { journal, close } = await openLmdbJournal({ dir: run.dir });
        expect(await compare(journal, ledger)).toEqual([]);
        await close();
      }
      console.info(`${acknowledged} acknowledged commits in ${CYCLES} cycles, none lost`);
    },
    CYCLES * CYCLE_TIMEOUT_MS,
  );

  it('a journal that answers before its commit is caught', async () => {
    const run = { dir: folder(), sessions: SESSIONS, mutant: 'answers-early' };
    const ledger: Ledger = new Map();
    await crashOnce(run, 200, ledger);
    const { journal, close } = await openLmdbJournal({ dir: run.dir });
    expect(await compare(journal, ledger)).not.toEqual([]);
    await close();
  });
});
