/** The registry whose keys many share: who is registered under a key, and nothing of the dead. */
import { expect, test } from 'vitest';
import { type DuplicateRegistryFace, duplicateRegistry } from '../../src/otp/duplicate-registry.ts';
import { nameOf } from '../../src/otp/name.ts';
import { startTree, supervisor, whichChildren } from '../../src/otp/supervisor.ts';
import { child, crash, findPuppet, kill, type World, world } from './support.ts';

const name = nameOf<DuplicateRegistryFace<string, number>>('topics');
const code = (expected: string) => expect.objectContaining({ code: expected });

async function start(w: World) {
  const children = [duplicateRegistry({ id: 'topics', name }), child(w, 'a'), child(w, 'b')];
  const spec = supervisor({ id: 'root', strategy: 'one_for_one', children });
  const root = await startTree(w.system, spec);
  const [a, b] = [findPuppet(w, 'a'), findPuppet(w, 'b')];
  return { root, topics: w.system.fetch(name), a, b };
}

test('a key leads to all who are registered under it, oldest first', async () => {
  const { topics, a, b } = await start(world());
  topics.register('news', a, 1);
  topics.register('news', b, 2);
  topics.register('news', a, 3);
  expect(topics.entries('news')).toEqual([
    { ref: a, value: 1 },
    { ref: b, value: 2 },
    { ref: a, value: 3 },
  ]);
  expect(topics.entries('sport')).toEqual([]);
});

test('an actor gives up all its entries of a key, and no others', async () => {
  const { topics, a, b } = await start(world());
  for (const value of [1, 2]) topics.register('news', a, value);
  topics.register('news', b, 3);
  topics.register('sport', a, 4);
  topics.unregister('news', a);
  expect([topics.entries('news'), topics.size]).toEqual([[{ ref: b, value: 3 }], 2]);
});

test('the keys of an actor, and of all', async () => {
  const { topics, a, b } = await start(world());
  for (const key of ['news', 'sport', 'news']) topics.register(key, a, 0);
  topics.register('weather', b, 0);
  expect(topics.keysOf(a)).toEqual(['news', 'sport', 'news']);
  expect([...topics.keys()]).toEqual(['news', 'sport', 'weather']);
});

test("a dead actor's entries are gone before its successor starts", async () => {
  const w = world();
  const { topics, a, b } = await start(w);
  topics.register('news', a, 1);
  topics.register('news', b, 2);
  await crash(w, 'a');
  expect([topics.entries('news'), topics.keysOf(a)]).toEqual([[{ ref: b, value: 2 }], []]);
});

test('dispatch reaches everyone, also after one that throws', async () => {
  const { topics, a, b } = await start(world());
  topics.register('news', a, 1);
  topics.register('news', b, 2);
  const told: number[] = [];
  const tell = ({ value }: { readonly value: number }) => {
    told.push(value);
    if (value === 1) throw new Error('boom');
  };
  expect(() => topics.dispatch('news', tell)).toThrow('boom');
  expect(told).toEqual([1, 2]);
});

test('who is unregistered while a dispatch runs does not disturb it', async () => {
  const { topics, a, b } = await start(world());
  topics.register('news', a, 1);
  topics.register('news', b, 2);
  const told: number[] = [];
  topics.dispatch('news', ({ ref, value }) => {
    topics.unregister('news', ref);
    told.push(value);
  });
  expect([told, topics.size]).toEqual([[1, 2], 0]);
});

test('neither the dead can be registered, nor anyone with a dead registry', async () => {
  const w = world();
  const { root, topics, a, b } = await start(w);
  topics.register('news', b, 1);
  await kill(w, a);
  expect(() => topics.register('news', a, 1)).toThrow(code('noproc'));
  const [{ ref } = { ref: undefined }] = whichChildren(root);
  if (ref) await kill(w, ref);
  expect(() => topics.register('news', b, 2)).toThrow(code('noproc'));
  expect([topics.size, w.system.fetch(name).size, topics.keysOf(b)]).toEqual([0, 0, []]);
});

test('it shows how many it has, and of whom nothing', async () => {
  const w = world();
  const { root, topics, a } = await start(w);
  topics.register('news', a, 1);
  topics.register('sport', a, 2);
  const [registry] = whichChildren(root);
  const ref = registry?.ref;
  if (ref === undefined) throw new Error('no registry');
  expect(w.system.inspect(ref).state).toEqual({ size: 2 });
});
