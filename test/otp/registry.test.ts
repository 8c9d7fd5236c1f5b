/** The registry: one living actor per key, and nothing of the dead. */
import { expect, test } from 'vitest';
import { nameOf } from '../../src/otp/name.ts';
import { type RegistryFace, registry } from '../../src/otp/registry.ts';
import { startTree, supervisor, whichChildren } from '../../src/otp/supervisor.ts';
import { child, crash, findPuppet, kill, type World, world } from './support.ts';

const name = nameOf<RegistryFace<string, number>>('registry');
const code = (expected: string) => expect.objectContaining({ code: expected });

async function start(w: World) {
  const children = [registry({ id: 'registry', name }), child(w, 'a'), child(w, 'b')];
  const root = await startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', children }),
  );
  return { root, keys: w.system.fetch(name) };
}

test('a key leads to the value of a living actor', async () => {
  const w = world();
  const { keys } = await start(w);
  keys.register('k', findPuppet(w, 'a'), 1);
  expect([keys.find('k'), keys.fetch('k'), keys.size]).toEqual([1, 1, 1]);
  expect(keys.find('other')).toBeUndefined();
  expect(() => keys.fetch('other')).toThrow(code('not_registered'));
});

test('a key that is taken is refused, and only its owner can give it back', async () => {
  const w = world();
  const { keys } = await start(w);
  const [a, b] = [findPuppet(w, 'a'), findPuppet(w, 'b')];
  keys.register('k', a, 1);
  expect(() => keys.register('k', b, 2)).toThrow(code('already_registered'));
  keys.unregister('k', b);
  expect(keys.find('k')).toBe(1);
  keys.unregister('k', a);
  keys.register('k', b, 2);
  expect(keys.find('k')).toBe(2);
});

test("a dead actor's keys are free before its successor starts", async () => {
  const w = world();
  const { keys } = await start(w);
  keys.register('k', findPuppet(w, 'a'), 1);
  keys.register('l', findPuppet(w, 'a'), 2);
  await crash(w, 'a');
  expect(keys.size).toBe(0);
  keys.register('k', findPuppet(w, 'a'), 3);
  expect(keys.find('k')).toBe(3);
});

test('a dead actor cannot be registered', async () => {
  const w = world();
  const { keys } = await start(w);
  const a = findPuppet(w, 'a');
  await kill(w, a);
  expect(() => keys.register('k', a, 1)).toThrow(code('noproc'));
});

test('a killed registry comes back empty under its name, and the old face refuses', async () => {
  const w = world();
  const { root, keys } = await start(w);
  keys.register('k', findPuppet(w, 'a'), 1);
  const [{ ref } = { ref: undefined }] = whichChildren(root);
  if (ref) await kill(w, ref);
  const fresh = w.system.fetch(name);
  fresh.register('k', findPuppet(w, 'b'), 2);
  await crash(w, 'a');
  expect(fresh.find('k')).toBe(2);
  expect(() => keys.register('x', findPuppet(w, 'b'), 1)).toThrow(code('noproc'));
});

test('the face of a dead registry knows nobody', async () => {
  const w = world();
  const { root, keys } = await start(w);
  keys.register('k', findPuppet(w, 'a'), 1);
  const [{ ref } = { ref: undefined }] = whichChildren(root);
  if (ref) await kill(w, ref);
  expect([keys.find('k'), keys.size]).toEqual([undefined, 0]);
});

test('a value is changed by its owner alone', async () => {
  const w = world();
  const { keys } = await start(w);
  const [a, b] = [findPuppet(w, 'a'), findPuppet(w, 'b')];
  keys.register('k', a, 1);
  expect([keys.update('k', a, (n) => n + 1), keys.find('k')]).toEqual([2, 2]);
  expect(() => keys.update('k', b, () => 0)).toThrow(code('not_registered'));
  expect(() => keys.update('l', a, () => 0)).toThrow(code('not_registered'));
});

test('the keys of one actor, in the order of registering', async () => {
  const w = world();
  const { keys } = await start(w);
  const [a, b] = [findPuppet(w, 'a'), findPuppet(w, 'b')];
  keys.register('k', a, 1);
  keys.register('l', b, 2);
  keys.register('m', a, 3);
  expect([keys.keysOf(a), keys.keysOf(b)]).toEqual([['k', 'm'], ['l']]);
  keys.unregister('k', a);
  expect(keys.keysOf(a)).toEqual(['m']);
});
