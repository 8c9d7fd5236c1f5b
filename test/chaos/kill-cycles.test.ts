/**
 * The daemon is killed with SIGKILL, again and again, under load: at every named crash point, in the
 * tick of an acknowledgement, while it starts. CI runs a few cycles; `GREENROOM_FULL=1` two hundred.
 */
import { describe, expect, it } from 'vitest';
import { CRASHPOINTS } from '../../src/crashpoint.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { type Aim, type CyclesReport, isFull, killCycles } from './cycles.ts';
import { Dice } from './dice.ts';
import { median } from './waiting.ts';

const CYCLES = isFull() ? 200 : 16;
const HITS = isFull() ? 6 : 1;
const STARTS = isFull() ? 12 : 2;

/** Crash points that plain load comes by; import and cleanup have tests of their own. */
const ON_THE_WAY = CRASHPOINTS.filter(
  (name) => name !== 'import.chunk' && name !== 'cleanup.batch',
);

/** Each crash point `HITS` times, some kills during the start, the rest on acknowledgement. */
const aimsOf = (dice: Dice): readonly Aim[] => {
  const crashpoints = ON_THE_WAY.flatMap((name) =>
    Array.from({ length: HITS }, (): Aim => ({ at: 'crashpoint', name, count: dice.int(1, 12) })),
  );
  const starts = Array.from(
    { length: STARTS },
    (): Aim => ({ at: 'start', afterMs: dice.int(50, 900) }),
  );
  const rest = CYCLES - crashpoints.length - starts.length;
  const acknowledgements = Array.from(
    { length: rest },
    (): Aim => ({ at: 'acknowledgement', count: dice.int(1, 60) }),
  );
  return dice.shuffled([...crashpoints, ...starts, ...acknowledgements]);
};

const report = ({ ledger, readyMs, hits }: CyclesReport, seed: number): string =>
  [
    `${CYCLES} kills (GREENROOM_SEED=${seed})`,
    `${ledger.turns.size} turns sent, ${ledger.acknowledgements} acknowledgements heard`,
    `ready again p50 ${Math.round(median(readyMs))} ms`,
    `crash points ${JSON.stringify(Object.fromEntries(hits))}`,
    `refused ${JSON.stringify(ledger.refused)}`,
  ].join('; ');

describe.skipIf(withoutNatsServer())('a daemon that is killed with SIGKILL under load', () => {
  it(`loses nothing that it acknowledged and doubles nothing, ${CYCLES} times`, {
    timeout: 3_600_000,
  }, async () => {
    const dice = new Dice();
    const cycles = await killCycles(aimsOf(dice), { dice });
    console.log(report(cycles, dice.seed));
    expect(cycles.broken).toEqual([]);
    for (const name of ON_THE_WAY) expect(cycles.hits.get(name), name).toBeGreaterThanOrEqual(HITS);
  });
});
