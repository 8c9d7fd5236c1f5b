/** One seed, played: a tree of chance, a storm of moves, a calm in which everything heals, and its end. */
import type { System } from '../../src/otp/index.ts';
import type { Simulation } from '../../src/testing/simulation.ts';
import { CallBook } from './call-book.ts';
import { Chronicle } from './chronicle.ts';
import type { Counters } from './counters.ts';
import { Moves } from './moves.ts';
import { OUTSIDER, planTree } from './plan.ts';
import type { Troupe } from './player.ts';
import * as rules from './rules.ts';
import type { Runtime } from './runtime.ts';
import { Stage } from './stage.ts';
import { TieBook } from './tie-book.ts';

export interface Outcome {
  readonly seed: number;
  readonly hash: string;
  readonly violations: readonly string[];
  readonly counters: Counters;
  /** The last lines of what happened. */
  readonly tail: readonly string[];
}

const MOVES = 60;
/** Longer than every timer, window and backoff of a plan. */
const CALM_MS = 120_000;

export async function play(runtime: Runtime, seed: number): Promise<Outcome> {
  const { result, hash } = await runtime.simulate(seed, (simulation) => act(runtime, simulation));
  return { seed, hash, ...result };
}

async function act(runtime: Runtime, simulation: Simulation) {
  const { clock, dice, system, trace } = simulation;
  const chronicle = new Chronicle(clock, trace);
  system.subscribeReports((report) => chronicle.heard(report));
  const troupe: Troupe = {
    runtime,
    chronicle,
    dice: dice.fork(),
    calls: new CallBook(chronicle),
    ties: new TieBook(chronicle),
    stormy: dice.once(10), // else the start is calm: a tree that does not start has little to show
  };
  const stage = new Stage(troupe);
  const moves = new Moves(troupe, system);
  const starting = runtime.otp.startTree(system, stage.specOf(planTree(dice)));
  starting.catch(() => chronicle.count('tree that did not start'));
  await stage.outsider(system, OUTSIDER);
  await clock.until(() => chronicle.lives[0]?.phase !== 'starting', CALM_MS);

  troupe.stormy = true;
  await storm(simulation, moves);
  troupe.stormy = false;
  await clock.advance(CALM_MS);
  rules.restsInOrder(chronicle);
  troupe.ties.close();

  await end(system, simulation, chronicle);
  await clock.advance(CALM_MS);
  close(system, simulation, troupe, moves);
  return { violations: chronicle.violations, counters: chronicle.counters, tail: trace.tail };
}

async function storm({ clock, dice }: Simulation, moves: Moves): Promise<void> {
  for (let i = 0; i < MOVES; i++) {
    moves.make();
    const pause = dice.int(1, 10);
    if (pause <= 4) continue; // several at once
    if (pause <= 6) await clock.settle();
    else await clock.advance(dice.pick([1, 10, 50, 200, 1_000]));
  }
}

/** One of the ways to end a tree. */
async function end(system: System, { dice }: Simulation, chronicle: Chronicle): Promise<void> {
  const [root] = chronicle.lives;
  const outsider = chronicle.at(OUTSIDER.id);
  if (outsider?.ref !== undefined) void system.stop(outsider.ref);
  if (root?.ref === undefined || root.phase === 'over') return;
  switch (dice.int(1, 3)) {
    case 1:
      return void system.stop(root.ref);
    case 2:
      return system.exit(root.ref, 'shutdown');
    default:
      root.killed = true;
      return system.exit(root.ref, 'kill');
  }
}

/** Nothing is left of it. */
function close(system: System, { clock }: Simulation, troupe: Troupe, moves: Moves): void {
  const { chronicle, calls } = troupe;
  const left = chronicle.living.map(({ plan }) => plan.id);
  if (left.length > 0) chronicle.wrong(`still there after the end: ${left.join(', ')}`);
  if (system.size > 0) chronicle.wrong(`${system.size} actors are left after the end`);
  if (clock.timers > 0) chronicle.wrong(`${clock.timers} timers are left after the end`);
  if (moves.pending.size > 0)
    chronicle.wrong(`${moves.pending.size} promises are left after the end`);
  calls.close();
}
