/**
 * Random lives with a registry: the real one does what the model says. The model is a map from keys to owners; an actor
 * that was told to die keeps its keys until it has, and gets no further ones.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ActorRef,
  nameOf,
  type RegistryFace,
  registry,
  startTree,
  supervisor,
  whichChildren,
} from '../../../src/otp/index.ts';
import { puppet, type World, world } from '../support.ts';

const SEQUENCES = process.env['GREENROOM_FULL'] === '1' ? 100_000 : 2_000;
const TIMEOUT_MS = 3_600_000;
const KEYS = ['a', 'b', 'c'];
const ACTORS = 4;

type Step =
  | {
      readonly do: 'register' | 'unregister' | 'update';
      readonly key: string;
      readonly who: number;
    }
  | { readonly do: 'kill' | 'crash'; readonly who: number }
  | { readonly do: 'settle' | 'crashRegistry' };

const key = fc.constantFrom(...KEYS);
const who = fc.nat(ACTORS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('register', 'register', 'unregister', 'update' as const),
      key,
      who,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('kill', 'crash' as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crashRegistry' as const) }) },
);

/** An actor as the model sees it. */
interface Owner {
  readonly no: number;
  life: 'alive' | 'dying' | 'dead';
}

class Model {
  readonly owners: Owner[] = Array.from({ length: ACTORS }, (_, no) => ({ no, life: 'alive' }));
  readonly #keys = new Map<string, { readonly owner: Owner; value: number }>();

  register(key: string, no: number): string | undefined {
    const owner = this.owner(no);
    if (owner.life === 'dying' || owner.life === 'dead') return 'noproc';
    if (this.#keys.has(key)) return 'already_registered';
    this.#keys.set(key, { owner, value: no });
    return undefined;
  }

  unregister(key: string, no: number): void {
    if (this.#keys.get(key)?.owner.no === no) this.#keys.delete(key);
  }

  update(key: string, no: number): string | undefined {
    const entry = this.#keys.get(key);
    if (entry === undefined || entry.owner.no !== no) return 'not_registered';
    entry.value += 10;
    return undefined;
  }

  end(no: number): void {
    const owner = this.owner(no);
    if (owner.life === 'alive') owner.life = 'dying';
  }

  /** What was under way has happened. */
  settle(): void {
    for (const owner of this.owners) if (owner.life !== 'alive') owner.life = 'dead';
    for (const [key, { owner }] of this.#keys) if (owner.life === 'dead') this.#keys.delete(key);
  }

  clear(): void {
    this.#keys.clear();
  }

  get entries(): (readonly [string, number])[] {
    return [...this.#keys].map(([key, { value }]) => [key, value] as const);
  }

  keysOf(no: number): string[] {
    return [...this.#keys].flatMap(([key, { owner }]) => (owner.no === no ? [key] : []));
  }

  owner(no: number): Owner {
    const owner = this.owners[no];
    if (owner === undefined) throw new Error(`there is no actor ${no}`);
    return owner;
  }
}

class Real {
  readonly world: World = world();
  readonly #name = nameOf<RegistryFace<string, number>>('registry');
  #root: ActorRef | undefined;
  #actors: readonly ActorRef[] = [];

  async start(): Promise<void> {
    const children = [registry({ id: 'registry', name: this.#name })];
    const declared = supervisor({ id: 'root', strategy: 'one_for_one', maxRestarts: 99, children });
    this.#root = await startTree(this.world.system, declared);
    const names = Array.from({ length: ACTORS }, (_, no) => `actor-${no}`);
    this.#actors = await Promise.all(names.map((name) => puppet(this.world, name)));
  }

  get keys(): RegistryFace<string, number> {
    return this.world.system.fetch(this.#name);
  }

  actor(no: number): ActorRef {
    const ref = this.#actors[no];
    if (ref === undefined) throw new Error(`there is no actor ${no}`);
    return ref;
  }

  async crashRegistry(): Promise<void> {
    const [child] = this.#root === undefined ? [] : whichChildren(this.#root);
    if (child?.ref !== undefined) this.world.system.exit(child.ref, { crashed: 'as it was told' });
    await this.world.clock.settle();
  }
}

/** The code of a refusal. */
const refusal = (act: () => unknown): string | undefined => {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
};

test(`${SEQUENCES} sequences with a registry`, { timeout: TIMEOUT_MS }, async () => {
  const seen = new Set<string | undefined>();
  const property = fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
    const [model, real] = [new Model(), new Real()];
    await real.start();
    for (const each of steps) {
      const taken = take(each, model, real); // what need not wait does not: others would have their turn
      seen.add(taken instanceof Promise ? await taken : taken);
      look(model, real);
    }
    expect(real.world.reports.filter(({ kind }) => kind === 'fault')).toEqual([]);
  });
  await fc.assert(property, { numRuns: SEQUENCES });
  expect(seen).toEqual(new Set(['already_registered', 'not_registered', 'noproc', undefined]));
});

type Refused = string | undefined;

/** Takes a step on both sides; they refuse it alike. */
function take(each: Step, model: Model, real: Real): Refused | Promise<Refused> {
  const { keys } = real;
  switch (each.do) {
    case 'register':
      return alike(
        model.register(each.key, each.who),
        refusal(() => keys.register(each.key, real.actor(each.who), each.who)),
      );
    case 'update':
      return alike(
        model.update(each.key, each.who),
        refusal(() => keys.update(each.key, real.actor(each.who), (value) => value + 10)),
      );
    case 'unregister':
      model.unregister(each.key, each.who);
      keys.unregister(each.key, real.actor(each.who));
      return undefined;
    case 'kill':
      model.end(each.who);
      real.world.system.exit(real.actor(each.who), 'kill');
      return undefined;
    case 'crash':
      model.end(each.who);
      real.world.system.exit(real.actor(each.who), { crashed: 'as it was told' });
      return undefined;
    case 'settle':
      model.settle();
      return real.world.clock.settle().then(() => undefined);
    case 'crashRegistry':
      model.settle();
      model.clear();
      return real.crashRegistry().then(() => undefined);
  }
}

const alike = (expected: string | undefined, given: string | undefined): string | undefined => {
  expect(given).toBe(expected);
  return given;
};

function look(model: Model, real: Real): void {
  const { keys } = real;
  expect([...keys.keys()].map((each) => [each, keys.find(each)])).toEqual(model.entries);
  expect(keys.size).toBe(model.entries.length);
  for (const { no, life } of model.owners) {
    if (life === 'alive')
      expect([...keys.keysOf(real.actor(no))].sort()).toEqual(model.keysOf(no).sort());
  }
}
