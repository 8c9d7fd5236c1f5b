/** Would the simulation notice? Each of these mistakes is put into a copy of the compiled runtime and has to be found. */
import { describe, expect, it } from 'vitest';
import { mutant } from '../support/mutant.ts';
import { play } from './play.ts';
import { compiled } from './runtime.ts';

const TIMEOUT_MS = 600_000;
/** Tries at most: what takes longer to find is not found. */
const SEEDS = 400;
/** All that is needed of the program. */
const PARTS = ['src/otp', 'src/testing'];

interface Mistake {
  readonly says: string;
  readonly file: string;
  readonly from: RegExp;
  readonly to: string;
  /** What the simulation says of it. */
  readonly found: RegExp;
}

const MISTAKES: readonly Mistake[] = [
  {
    says: 'counts each restart twice',
    file: 'child-slot.js',
    from: /this\.#times\.push\(nowMs\);/,
    to: 'this.#times.push(nowMs, nowMs);',
    found: /gave up after|is parked after/,
  },
  {
    says: 'never forgets a restart',
    file: 'child-slot.js',
    from: /this\.#times\.shift\(\);/,
    to: 'break;',
    found: /gave up after|is parked after/,
  },
  {
    says: 'allows one restart too many',
    file: 'child-slot.js',
    from: /this\.#times\.length <= this\.maxRestarts/,
    to: 'this.#times.length <= this.maxRestarts + 1',
    found: /restarts in \d+ s/,
  },
  {
    says: 'stops children in the order of their starting',
    file: 'supervisor-program.js',
    from: /slots\.toReversed\(\)/,
    to: 'slots.slice()',
    found: /is stopped before/,
  },
  {
    says: 'frees names when all have been told',
    file: 'ending.js',
    from: /releaseHolds\(this\.#process\);\s*this\.#process\.onExited\(this\.reason\);/,
    to: 'this.#process.onExited(this.reason); setImmediate(() => releaseHolds(this.#process));',
    found: /found its name taken/,
  },
  {
    says: 'tells of a death twice',
    file: 'ties.js',
    from: /watch\.notify\(reason\);/,
    to: 'watch.notify(reason); watch.notify(reason);',
    found: /a DOWN of \S+ comes twice/,
  },
  {
    says: 'says nothing of who was dead already',
    file: 'ties.js',
    from: /notify\('noproc'\);/,
    to: '',
    found: /never heard of the death/,
  },
  {
    says: 'tells of a death that nobody wants to hear of any more',
    file: 'gen-server-program.js',
    from: /!message\.payload\.monitor\.active/,
    to: 'false',
    found: /comes after it was taken back/,
  },
  {
    says: 'does not carry a death on to those who are linked',
    file: 'ties.js',
    from: /peer\.signalExit\(reason, dead\);/,
    to: '',
    found: /lives on, linked to/,
  },
  {
    says: 'counts the crashes of all dynamic children together',
    file: 'dynamic-children.js',
    from: /slot\.crashes \?\?= new Intensity/,
    to: 'slot.crashes = this.ref.crashesOfAll ??= new Intensity',
    found: /is parked after/,
  },
  {
    says: 'restarts a dynamic child at once',
    file: 'dynamic-children.js',
    from: /const delayMs = /,
    to: 'const delayMs = 0 * ',
    found: /before its backoff is over/,
  },
  {
    says: 'has no limit of dynamic children',
    file: 'dynamic-children.js',
    from: /this\.size >= maxChildren/,
    to: 'false',
    found: /exceeds \d+ children/,
  },
  {
    says: 'restarts a transient child that ended as wished',
    file: 'supervisor-program.js',
    from: /\(restart === 'transient' && !isAbnormal\(reason\)\)/,
    to: 'false',
    found: /is restarted without a reason/,
  },
  {
    says: 'restarts a temporary child',
    file: 'supervisor-program.js',
    from: /restart === 'temporary' \|\|/,
    to: '',
    found: /is restarted without a reason/,
  },
  {
    says: 'restarts an earlier sibling under rest_for_one',
    file: 'supervisor-program.js',
    from: /slots\.slice\(slots\.indexOf\(failing\)\)/,
    to: 'slots.slice(Math.max(0, slots.indexOf(failing) - 1))',
    found: /is restarted without a reason/,
  },
  {
    says: 'forgets the last sibling under one_for_all',
    file: 'supervisor-program.js',
    from: /case 'one_for_all':\s*return \[\.\.\.slots\];/,
    to: "case 'one_for_all': return slots.slice(0, -1);",
    found: /was not restarted after the death/,
  },
  {
    says: 'does not try again when a restart fails',
    file: 'supervisor-program.js',
    from: /failure = await this\.#startAll\(self, state, again\);/,
    to: 'failure = void (await this.#startAll(self, state, again));',
    found: /does not run under/,
  },
  {
    says: 'leaves children behind when it is killed',
    file: 'ending.js',
    from: /child\.signalExit\(reason, this\.#process\);/,
    to: 'void child; return this.#release();',
    found: /leaves \S+ behind/,
  },
  {
    says: 'does what nobody waits for any more',
    file: 'process.js',
    from: /message instanceof Call && this\.#isOver\(message\)/,
    to: 'false',
    found: /is done after its time was up|is done after it had failed/,
  },
  {
    says: 'leaves the callers of the dead waiting',
    file: 'process.js',
    from: /this\.#refuseCallers\(reason\);/,
    to: '',
    found: /heard of its death too late|still waits for/,
  },
  {
    says: 'does not wait for a child that it kills in the middle of its goodbye',
    file: 'child-slot.js',
    from: /const stopped = new Promise/,
    to: "if (shutdownMs === 'brutal_kill') process.signalExit('kill', supervisor);\nconst stopped = new Promise",
    found: /does not run under|still there after the end/,
  },
];

describe('the simulation finds a runtime that', () => {
  it.each(MISTAKES)('$says', { timeout: TIMEOUT_MS }, async ({ file, from, to, found }) => {
    const runtime = compiled(mutant(`src/otp/${file}`, from, to, PARTS));
    const said: string[] = [];
    for (let seed = 1; seed <= SEEDS && !said.some((each) => found.test(each)); seed++) {
      said.push(...(await play(runtime, seed)).violations);
    }
    expect(said.some((each) => found.test(each)) || said).toBe(true);
  });
});
