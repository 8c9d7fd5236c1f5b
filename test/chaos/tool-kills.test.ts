/**
 * The daemon is killed with SIGKILL while its sessions run commands and wait for people. An outside ledger, written by
 * the commands themselves, counts how often each ran. CI runs a few cycles; `GREENROOM_FULL=1` 150 kills and each
 * crash point of tools five times.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mutant } from '../support/mutant.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { type Aim, killCycles } from './cycles.ts';
import { Dice } from './dice.ts';
import type { Hands } from './hands.ts';
import { processesOf } from './processes.ts';
import { isFull } from './size.ts';

const CRASHPOINTS = ['tools.decided', 'tool.started', 'tool.outcome', 'approval.decided'] as const;
const KILLS = isFull() ? 150 : 2;
const HITS = isFull() ? 5 : 1;

const workplace = (): Hands => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-hands-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'read-me.txt'), 'one\ntwo\n');
  return { folder, marks: join(folder, 'marks') };
};

const aimsOf = (dice: Dice): readonly Aim[] =>
  dice.shuffled([
    ...CRASHPOINTS.flatMap((name) =>
      Array.from({ length: HITS }, (): Aim => ({ at: 'crashpoint', name, count: dice.int(1, 8) })),
    ),
    ...Array.from(
      { length: KILLS },
      (): Aim => ({ at: 'acknowledgement', count: dice.int(5, 80) }),
    ),
  ]);

describe.skipIf(withoutNatsServer())('a daemon that is killed while its sessions use tools', () => {
  it('runs no command twice in silence, answers every call, and leaves no process', {
    timeout: 3_600_000,
  }, async () => {
    const dice = new Dice();
    const hands = workplace();
    const { broken, ledger, hits } = await killCycles(aimsOf(dice), { dice, hands });
    console.log(
      `${ledger.turns.size} turns, crash points ${JSON.stringify(Object.fromEntries(hits))} (GREENROOM_SEED=${dice.seed})`,
    );
    expect(broken).toEqual([]);
    expect(processesOf(hands.folder)).toEqual([]);
  });

  it('would be found to run one twice', { timeout: 600_000 }, async () => {
    const dist = mutant(
      'src/session/machine/apply-tools.js',
      /if \(call\.effect === 'at_most_once'\)\s*calls\.fail\(call, UNKNOWN\);\s*else/,
      '',
    );
    const dice = new Dice();
    const aims = Array.from(
      { length: 3 },
      (): Aim => ({
        ...{ at: 'crashpoint', name: 'tool.outcome', count: 3 },
      }),
    );
    const hands: Hands = { ...workplace(), isAllCommands: true };
    const { broken } = await killCycles(aims, { dice, dist, hands });
    expect(broken.join('\n'), `GREENROOM_SEED=${dice.seed}`).toMatch(/ran [2-9] times/);
  });
});
