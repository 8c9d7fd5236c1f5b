/** Random trees under random faults and orders: the real one does what the model says, note for note. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Restart, Strategy } from '../../../src/otp/index.ts';
import {
  type ActorRef,
  type ChildSpec,
  deleteChild,
  nameOf,
  restartChild,
  startChild,
  startTree,
  supervisor,
  terminateChild,
  whichChildren,
} from '../../../src/otp/index.ts';
import { child, type Puppet, type World, world } from '../support.ts';
import {
  type End,
  MAX_SECONDS,
  type Refusal,
  SupervisorModel,
  type SupervisorNode,
  type TreeNode,
  type WorkerNode,
} from './supervisor-model.ts';

const SEQUENCES = process.env['GREENROOM_FULL'] === '1' ? 100_000 : 3_000;
const TIMEOUT_MS = 3_600_000;
/** For `startChild`: ids that no tree has. */
const GUESTS = ['guest-1', 'guest-2'];

type Step =
  | { readonly do: 'end'; readonly who: number; readonly how: End }
  | { readonly do: 'failStarts'; readonly who: number; readonly times: number }
  | { readonly do: 'wait'; readonly ms: number }
  | {
      readonly do: 'order';
      readonly what: ControlMessage;
      readonly who: number;
      readonly where: number;
    }
  | { readonly do: 'startChild'; readonly guest: WorkerNode; readonly where: number };
type ControlMessage = 'terminateChild' | 'restartChild' | 'deleteChild';

const restart = fc.constantFrom<Restart>('permanent', 'permanent', 'transient', 'temporary');

/** Ids are given afterwards, so that they are unique. */
const tree: fc.Arbitrary<SupervisorNode> = fc
  .letrec<{ supervisor: SupervisorNode; node: TreeNode }>((tie) => ({
    supervisor: fc.record({
      kind: fc.constant('supervisor' as const),
      id: fc.constant(''),
      restart,
      strategy: fc.constantFrom<Strategy>('one_for_one', 'one_for_all', 'rest_for_one'),
      maxRestarts: fc.nat(3),
      children: fc.array(tie('node'), { minLength: 1, maxLength: 4 }),
    }),
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({ kind: fc.constant('worker' as const), id: fc.constant(''), restart }),
      tie('supervisor'),
    ),
  }))
  .supervisor.map((root) => {
    let last = 0;
    const named = <N extends TreeNode>(node: N): N => {
      const id = `${node.kind}-${++last}`;
      return node.kind === 'worker'
        ? { ...node, id }
        : { ...node, id, children: node.children.map(named) };
    };
    return named(root);
  });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      who: fc.nat(9),
      how: fc.constantFrom<End>('normal', 'wished', 'crash', 'kill'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('failStarts' as const),
      who: fc.nat(9),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 1_000, 4_999, 5_000, 5_001),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('order' as const),
      what: fc.constantFrom<ControlMessage>('terminateChild', 'restartChild', 'deleteChild'),
      who: fc.nat(5),
      where: fc.nat(2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('startChild' as const),
      guest: fc.record({
        kind: fc.constant('worker' as const),
        id: fc.constantFrom(...GUESTS),
        restart,
      }),
      where: fc.nat(2),
    }),
  },
);

const nodesOf = (node: TreeNode): TreeNode[] =>
  node.kind === 'worker' ? [node] : [node, ...node.children.flatMap(nodesOf)];

/** The real thing. */
class Real {
  readonly world: World = world();
  readonly #failing = new Map<string, number>();
  #root: ActorRef | undefined;

  async start(root: SupervisorNode): Promise<void> {
    this.#root = await startTree(this.world.system, this.specOf(root));
  }

  get alive(): boolean {
    return this.#root?.alive === true;
  }

  get picture(): string[] {
    return this.#root === undefined || !this.alive ? [] : this.#pictureOf(this.#root);
  }

  failStarts(id: string, times: number): void {
    this.#failing.set(id, times);
  }

  async end(id: string, how: End): Promise<void> {
    const puppet = this.world.system.find(nameOf<Puppet>(id));
    if (puppet === undefined) return;
    if (how === 'kill') this.world.system.exit(puppet, 'kill');
    else if (how === 'crash') puppet.cast('crash');
    else {
      const reason = how === 'normal' ? 'normal' : { shutdown: 'wished' };
      await puppet.call('stop', reason).catch(() => {});
    }
  }

  /** The code of its refusal. */
  async order(where: string, carryOut: (ref: ActorRef) => Promise<unknown>): Promise<unknown> {
    const ref = this.world.system.find(nameOf<ActorRef>(where));
    if (ref === undefined) return undefined;
    return carryOut(ref).then(
      () => undefined,
      (error: { readonly code: string }) => error.code,
    );
  }

  specOf(node: TreeNode): ChildSpec {
    if (node.kind === 'supervisor') {
      const children = node.children.map((each) => this.specOf(each));
      const name = nameOf<ActorRef>(node.id);
      return supervisor({ ...node, name, maxSeconds: MAX_SECONDS, children });
    }
    return child(this.world, node.id, { restart: node.restart, init: () => this.#begin(node.id) });
  }

  #begin(id: string): void {
    const failing = this.#failing.get(id) ?? 0;
    if (failing === 0) return;
    this.#failing.set(id, failing - 1);
    throw new Error('does not start');
  }

  #pictureOf(ref: ActorRef): string[] {
    return whichChildren(ref).flatMap(({ id, kind, status, ref: child }) => {
      if (child === undefined || status !== 'running') return [`${id} -`];
      return kind === 'supervisor' ? [id, ...this.#pictureOf(child)] : [id];
    });
  }
}

test(`${SEQUENCES} sequences of faults and orders`, { timeout: TIMEOUT_MS }, async () => {
  const seen = new Map<string, number>();
  const property = fc.asyncProperty(
    tree,
    fc.array(step, { maxLength: 15 }),
    async (root, steps) => {
      const model = new SupervisorModel(root);
      const real = new Real();
      await real.start(root);
      expect(real.world.notes).toEqual(model.notes);
      for (const each of steps) {
        await take(each, root, model, real, seen);
        expect(real.world.notes, JSON.stringify(each)).toEqual(model.notes);
        expect([real.alive, ...real.picture], JSON.stringify(each)).toEqual([
          model.alive,
          ...model.picture,
        ]);
      }
    },
  );
  await fc.assert(property, { numRuns: SEQUENCES });
  for (const what of EXPECTED) expect(seen.get(what) ?? 0, what).toBeGreaterThan(0);
});

/** What must have happened, or little was shown. */
const EXPECTED: readonly (Refusal | 'root gave up')[] = [
  'running',
  'not_found',
  'start_failed',
  'already_started',
  'already_present',
  'root gave up',
];

const count = (seen: Map<string, number>, what: string): void =>
  void seen.set(what, (seen.get(what) ?? 0) + 1);

async function take(
  each: Step,
  root: SupervisorNode,
  model: SupervisorModel,
  real: Real,
  seen: Map<string, number>,
): Promise<void> {
  const nodes = nodesOf(root);
  const workers = nodes.filter(({ kind }) => kind === 'worker');
  const supervisors = nodes.filter((node) => node.kind === 'supervisor');
  const workerAt = (index: number) =>
    [...workers.map(({ id }) => id), ...GUESTS].at(index % (workers.length + GUESTS.length)) ?? '';
  const supervisorAt = (index: number) => supervisors.at(index % supervisors.length) ?? root;
  switch (each.do) {
    case 'end':
      model.end(workerAt(each.who), each.how);
      await real.end(workerAt(each.who), each.how);
      break;
    case 'failStarts':
      model.failStarts(workerAt(each.who), each.times);
      real.failStarts(workerAt(each.who), each.times);
      break;
    case 'wait':
      model.wait(each.ms);
      await real.world.clock.advance(each.ms);
      break;
    case 'order': {
      const { id: where, children } = supervisorAt(each.where);
      const ids = [...GUESTS, ...children.map(({ id }) => id)];
      const id = ids.at(each.who % ids.length) ?? '';
      const orders = { terminateChild, restartChild, deleteChild };
      const refused = await real.order(where, (ref) => orders[each.what](ref, id));
      expect(refused).toBe(model[each.what](where, id));
      if (refused !== undefined) count(seen, String(refused));
      break;
    }
    case 'startChild': {
      const { id: where } = supervisorAt(each.where);
      // A guest has one place at a time, as its name has.
      if ((model.placeOf(each.guest.id) ?? where) !== where) break;
      const refused = await real.order(where, (ref) => startChild(ref, real.specOf(each.guest)));
      expect(refused).toBe(model.startChild(where, each.guest));
      if (refused !== undefined) count(seen, String(refused));
      break;
    }
  }
  await real.world.clock.settle();
  if (!model.alive) count(seen, 'root gave up');
}
