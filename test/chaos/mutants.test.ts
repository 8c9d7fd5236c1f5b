/** Would the kill cycles notice? Each of these mistakes is put into a copy of the compiled program and has to be found. */
import { describe, expect, it } from 'vitest';
import type { Crashpoint } from '../../src/platform/crashpoint.ts';
import { mutant } from '../support/mutant.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { type Aim, killCycles } from './cycles.ts';
import { Dice } from './dice.ts';
import { isFull } from './size.ts';

const TIMEOUT_MS = 600_000;
/** Of twelve deaths each. */
const ROUNDS = 5;

const onAcknowledgements = (kills: number, dice: Dice): readonly Aim[] =>
  Array.from({ length: kills }, () => ({ at: 'acknowledgement', count: dice.int(3, 20) }));
const atCrashpoints = (...names: readonly Crashpoint[]): readonly Aim[] =>
  names.map((name) => ({ at: 'crashpoint', name, count: 5 }));

describe.skipIf(withoutNatsServer())('the kill cycles find a daemon that', () => {
  it('answers before its commit', { timeout: TIMEOUT_MS }, async () => {
    const dist = mutant(
      'src/session/actor/session-server.js',
      /committing: \(commit\) => self\.pipe\(commit,/,
      'committing: (commit) => self.pipe((commit.catch(() => undefined), Promise.resolve()),',
    );
    const dice = new Dice();
    // Whether a death falls between an answer and its commit is chance: most rounds have one, so some rounds are played.
    let broken: readonly string[] = [];
    for (let round = 0; round < ROUNDS && broken.length === 0; round += 1)
      ({ broken } = await killCycles(onAcknowledgements(12, dice), { dice, dist }));
    expect(broken, `GREENROOM_SEED=${dice.seed}`).not.toEqual([]);
  });

  it('forgets the turns that were running', { timeout: TIMEOUT_MS }, async () => {
    const dist = mutant(
      'src/session/actor/recovery.js',
      /export const recoverTurns = async \(/,
      'export const recoverTurns = async () => 0;\nconst forgotten = async (',
    );
    // A turn of the queue would come again and wake its session.
    const options = { dice: new Dice(), dist, queued: 0, recoveryMs: 5_000 };
    const { broken } = await killCycles(atCrashpoints('step.started'), options);
    expect(broken).toEqual([expect.stringContaining('recovered turns to finish')]);
  });

  it.runIf(isFull())(
    'runs a turn again that the ledger knows',
    { timeout: TIMEOUT_MS },
    async () => {
      const dist = mutant(
        'src/storage/records/apply-batch.js',
        /const knownTurns = \(/,
        'const knownTurns = () => null;\nconst forgotten = (',
      );
      const aims = atCrashpoints('turn.finished', 'turn.finished');
      const { broken } = await killCycles(aims, { dice: new Dice(), dist });
      expect(broken.join('\n')).toMatch(/has 4 messages, not 2|turns are counted/);
    },
  );

  it.runIf(isFull())('counts what a turn used twice', { timeout: TIMEOUT_MS }, async () => {
    const dist = mutant(
      'src/session/machine/apply-step-outcome.js',
      /usage: addUsage\(head\.usage, usage\),/,
      'usage: addUsage(addUsage(head.usage, usage), usage),',
    );
    const { broken } = await killCycles(atCrashpoints('turn.finished'), { dice: new Dice(), dist });
    expect(broken.join('\n')).toMatch(/outputTokens are counted, there are/);
  });
});
