/**
 * A process on a store is killed with SIGKILL, again and again, under load and while it opens. CI runs
 * a few cycles; `GREENROOM_FULL=1` a thousand, with more than 100,000 acknowledged commits.
 */
import { describe, expect, it } from 'vitest';
import { folders } from '../../storage/folders.ts';
import { Dice } from '../dice.ts';
import { isFull } from '../size.ts';
import { auditStore, type Kill, type Ledger, runStore } from './store-process.ts';

const CYCLES = isFull() ? 1_000 : 15;
const MIN_ACKNOWLEDGED = isFull() ? 100_000 : 500;
/** Then a new store: what is read after each kill would grow without end. */
const CYCLES_PER_STORE = 50;
const CYCLE_TIMEOUT_MS = 20_000;
const SESSIONS = 60;

/** One of five while it opens, the others at an acknowledgement of chance. */
const killOf = (dice: Dice): Kill =>
  dice.int(1, 5) === 1 ? { afterMs: dice.int(30, 400) } : { acknowledgements: dice.int(1, 400) };

describe('a store whose process is killed with SIGKILL', () => {
  const folder = folders();

  it(
    `loses nothing that was acknowledged, ${CYCLES} times`,
    async () => {
      const dice = new Dice();
      let run = { dir: folder(), sessions: SESSIONS };
      let ledger: Ledger = new Map();
      let acknowledged = 0;
      for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
        acknowledged += (await runStore(run, killOf(dice), ledger)).acknowledged;
        expect(await auditStore(run.dir, ledger), `GREENROOM_SEED=${dice.seed}`).toEqual([]);
        if (cycle % CYCLES_PER_STORE > 0) continue;
        run = { ...run, dir: folder() };
        ledger = new Map();
      }
      console.info(`${acknowledged} acknowledged commits in ${CYCLES} cycles, none lost`);
      expect(acknowledged).toBeGreaterThanOrEqual(MIN_ACKNOWLEDGED);
    },
    CYCLES * CYCLE_TIMEOUT_MS,
  );
});
