/** A tree of chance: what a simulation is going to start. Values only; `stage.ts` makes actors of it. */
import type { Backoff, Restart, Shutdown, Strategy } from '../../src/otp/index.ts';
import type { Dice } from '../../src/testing/dice.ts';

export interface WorkerPlan {
  readonly kind: 'worker';
  readonly id: string;
  readonly restart: Restart;
  readonly shutdownMs: Shutdown;
  readonly mailboxLimit: number;
  readonly initTimeoutMs: number;
  /** Once in so many starts, while the storm lasts; 0 is never. */
  readonly failsToStart: number;
  readonly startsSlowly: number;
  readonly neverStarts: number;
  readonly isNotWanted: number;
  readonly endsSlowly: number;
  readonly neverEnds: number;
  readonly failsToEnd: number;
  readonly traps: boolean;
}

export interface SupervisorPlan {
  readonly kind: 'supervisor';
  readonly id: string;
  readonly restart: Restart;
  readonly strategy: Strategy;
  readonly maxRestarts: number;
  readonly maxSeconds: number;
  readonly restartGapMs: number;
  readonly children: readonly Plan[];
}

export interface DynamicPlan {
  readonly kind: 'dynamic';
  readonly id: string;
  readonly restart: Restart;
  readonly maxChildren: number;
  readonly maxRestarts: number;
  readonly maxSeconds: number;
  readonly backoff: Backoff;
  readonly keys: readonly WorkerPlan[];
}

export interface RegistryPlan {
  readonly kind: 'registry';
  readonly id: string;
  readonly restart: 'permanent';
}

export interface TasksPlan {
  readonly kind: 'tasks';
  readonly id: string;
  readonly restart: 'permanent';
  readonly maxChildren: number;
}

export type Plan = WorkerPlan | SupervisorPlan | DynamicPlan | RegistryPlan | TasksPlan;

/** Supervisors in supervisors, the root included. */
const DEEPEST = 3;
const KEYS = 5;

/** An actor beside the tree, that is well. */
export const OUTSIDER: WorkerPlan = {
  kind: 'worker',
  id: 'outsider',
  restart: 'temporary',
  shutdownMs: 100,
  mailboxLimit: 1_000,
  initTimeoutMs: 5_000,
  failsToStart: 0,
  startsSlowly: 0,
  neverStarts: 0,
  isNotWanted: 0,
  endsSlowly: 0,
  neverEnds: 0,
  failsToEnd: 0,
  traps: true,
};

export function planTree(dice: Dice): SupervisorPlan {
  let last = 0;
  const id = (kind: string) => `${kind}${++last}`;

  const worker = (name: string, restart: Restart): WorkerPlan => ({
    kind: 'worker',
    id: name,
    restart,
    shutdownMs: dice.pick([100, 100, 2_000, 'infinity', 'brutal_kill']),
    mailboxLimit: dice.pick([2, 8, 1_000]),
    initTimeoutMs: dice.pick([50, 5_000]),
    failsToStart: dice.pick([0, 0, 2, 5]),
    startsSlowly: dice.pick([0, 0, 2]),
    neverStarts: dice.pick([0, 0, 0, 8]),
    isNotWanted: dice.pick([0, 0, 0, 0, 6]),
    endsSlowly: dice.pick([0, 0, 2]),
    neverEnds: dice.pick([0, 0, 0, 4]),
    failsToEnd: dice.pick([0, 0, 0, 4]),
    traps: dice.once(4),
  });
  const restart = (): Restart =>
    dice.pick(['permanent', 'permanent', 'permanent', 'transient', 'transient', 'temporary']);
  const dynamic = (): DynamicPlan => {
    const name = id('dynamic');
    const type = dice.pick(['permanent', 'transient', 'temporary'] as const);
    return {
      kind: 'dynamic',
      id: name,
      restart: 'permanent',
      maxChildren: dice.int(2, KEYS),
      maxRestarts: dice.int(0, 3),
      maxSeconds: dice.pick([1, 5]),
      backoff: { firstMs: dice.pick([1, 10, 100]), factor: 2, maxMs: 1_000 },
      // A key that is not wanted is forgotten at once: nothing to see.
      keys: Array.from({ length: KEYS }, (_, i) => ({
        ...worker(`${name}-${i}`, type),
        isNotWanted: 0,
      })),
    };
  };
  const child = (depth: number): Plan => {
    const kind = dice.int(1, 10);
    if (kind <= 2 && depth < DEEPEST) return supervisor(depth + 1);
    if (kind === 3) return dynamic();
    if (kind === 4) return { kind: 'registry', id: id('registry'), restart: 'permanent' };
    if (kind === 5) {
      return {
        kind: 'tasks',
        id: id('tasks'),
        restart: 'permanent',
        maxChildren: dice.int(1, 4),
      };
    }
    return worker(id('worker'), restart());
  };
  const supervisor = (depth: number): SupervisorPlan => ({
    kind: 'supervisor',
    id: id('supervisor'),
    restart: depth === 1 ? 'permanent' : restart(),
    strategy: dice.pick(['one_for_one', 'one_for_all', 'rest_for_one']),
    // A root that is gone has little to show.
    maxRestarts: depth === 1 ? dice.pick([3, 50, 500]) : dice.int(0, 4),
    maxSeconds: dice.pick([1, 5, 5, 30]),
    restartGapMs: dice.pick([0, 0, 0, 500]),
    children: Array.from({ length: dice.int(2, 5) }, () => child(depth)),
  });
  return supervisor(1);
}
