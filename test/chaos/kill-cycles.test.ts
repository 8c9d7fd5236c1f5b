/**
 * The daemon is killed with SIGKILL, again and again, under load: at every named crash point, in the
 * tick of an acknowledgement, while it starts. CI runs a few cycles; `GREENROOM_FULL=1` two hundred.
 */
import { describe, expect, it } from 'vitest';
import { CRASHPOINTS } from '../../src/platform/crashpoint.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { type Aim, type CyclesReport, killCycles } from './cycles.ts';
import { Dice } from './dice.ts';
import { isFull } from './size.ts';
import { median } from './waiting.ts';

const KILLS = isFull() ? 200 : 13;
const HITS = isFull() ? 6 : 1;
const STARTS = isFull() ? 12 : 3;
const DRAINS = isFull() ? 12 : 2;

/** Crash points that plain load comes by; imports, cleanup, archives, backups, copies and schedules have tests of their own. */
const ON_THE_WAY = CRASHPOINTS.filter(
  (name) =>
    !/^(import|cleanup|purge|snapshot|schedule|archive|backup|fork|tools?|approval)\./.test(name),
);

/** Each crash point `HITS` times, some kills during the start, the rest on acknowledgement; between them, some drains. */
const aimsOf = (dice: Dice): readonly Aim[] => {
  const crashpoints = ON_THE_WAY.flatMap((name) =>
    times(HITS, () => ({ at: 'crashpoint', name, count: dice.int(1, 12) })),
  );
  const starts = times(STARTS, () => ({ at: 'start', afterMs: dice.int(50, 900) }));
  const acknowledgements = times(KILLS - crashpoints.length - STARTS, () => ({
    at: 'acknowledgement',
    count: dice.int(1, 60),
  }));
  const drains = times(DRAINS, () => ({ at: 'drain', count: dice.int(1, 60) }));
  return dice.shuffled([...crashpoints, ...starts, ...acknowledgements, ...drains]);
};

const times = (length: number, aim: () => Aim): readonly Aim[] => Array.from({ length }, aim);

const report = ({ ledger, readyMs, hits }: CyclesReport, seed: number): string =>
  [
    `${KILLS} kills, ${DRAINS} drains (GREENROOM_SEED=${seed})`,
    `${ledger.turns.size} turns sent, ${ledger.acknowledgements} acknowledgements heard`,
    `ready again p50 ${Math.round(median(readyMs))} ms`,
    `crash points ${JSON.stringify(Object.fromEntries(hits))}`,
    `refused ${JSON.stringify(ledger.refused)}`,
  ].join('; ');

describe.skipIf(withoutNatsServer())('a daemon that is killed with SIGKILL under load', () => {
  it(`loses nothing that it acknowledged and doubles nothing, ${KILLS} times`, {
    timeout: 3_600_000,
  }, async () => {
    const dice = new Dice();
    const cycles = await killCycles(aimsOf(dice), { dice });
    console.log(report(cycles, dice.seed));
    expect(cycles.broken).toEqual([]);
    for (const name of ON_THE_WAY) expect(cycles.hits.get(name), name).toBeGreaterThanOrEqual(HITS);
  });
});
