/** How trees go down: kills of supervisors, stops in the middle of a start, children that are still starting. */
import { expect, test } from 'vitest';
import type { ChildSpec } from '../../src/otp/child-spec.ts';
import { type DynamicRef, dynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import type { ExitSignal } from '../../src/otp/exit-reason.ts';
import type { TreeNode } from '../../src/otp/inspect.ts';
import { nameOf } from '../../src/otp/name.ts';
import { type RegistryFace, registry } from '../../src/otp/registry.ts';
import { startTree, supervisor, whichChildren } from '../../src/otp/supervisor.ts';
import { child, crash, deferred, kill, type World, world } from './support.ts';

const one = (id: string, ...children: ChildSpec[]) =>
  supervisor({ id, strategy: 'one_for_one', children });

const part = (root: Parameters<typeof whichChildren>[0], id: string) => {
  const found = whichChildren(root).find((info) => info.id === id)?.ref;
  if (found === undefined) throw new Error(`no child ${id}`);
  return found;
};

async function twoStoreys(w: World) {
  const inner = one('inner', child(w, 'a'), child(w, 'b'));
  const root = await startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'rest_for_one', children: [inner, child(w, 'c')] }),
  );
  w.notes.length = 0;
  return root;
}

test('a killed supervisor takes its children along before its own supervisor restarts it', async () => {
  const w = world();
  const root = await twoStoreys(w);
  await kill(w, part(root, 'inner'));
  expect(w.notes.slice(0, 2).toSorted((x, y) => (x < y ? -1 : 1))).toEqual(['-a', '-b']);
  expect(w.notes.slice(2)).toEqual(['-c', '+a', '+b', '+c']);
});

test('an exit signal makes a supervisor end in order', async () => {
  const w = world();
  const root = await twoStoreys(w);
  w.system.exit(part(root, 'inner'), { crashed: new Error('injected') });
  await w.clock.settle();
  expect(w.notes).toEqual(['-b', '-a', '-c', '+a', '+b', '+c']);
});

test('a killed root leaves nothing behind', async () => {
  const w = world();
  const root = await twoStoreys(w);
  await kill(w, root);
  expect(await root.exited).toBe('killed');
  expect(w.system.size).toBe(0);
});

test('a supervisor that is killed while a child starts takes that child along', async () => {
  const w = world();
  const never = new Promise(() => {});
  let first = true;
  const init = () => (first ? undefined : never);
  const root = await startTree(
    w.system,
    one('root', one('inner', child(w, 'a', { init }), child(w, 'b'))),
  );
  first = false;
  await crash(w, 'a');
  first = true;
  await kill(w, part(root, 'inner'));
  expect(whichChildren(part(root, 'inner')).map(({ status }) => status)).toEqual([
    'running',
    'running',
  ]);
  expect(w.system.size).toBe(4);
});

test('an order to stop reaches a supervisor that waits for a starting child', async () => {
  const w = world();
  let first = true;
  const init = () => (first ? undefined : new Promise(() => {}));
  const root = await startTree(w.system, one('root', child(w, 'a', { init }), child(w, 'b')));
  first = false;
  await crash(w, 'a');
  w.notes.length = 0;
  w.system.exit(root, 'shutdown');
  await w.clock.settle();
  expect(await root.exited).toBe('shutdown');
  expect(w.notes).toEqual(['-b']);
});

test('a tree whose start is given up undoes what was up, in reverse', async () => {
  const w = world();
  const never = () => new Promise(() => {});
  const inner = one('inner', child(w, 'a'), child(w, 'b'), child(w, 'c', { init: never }));
  const abort = new AbortController();
  const starting = startTree(w.system, one('root', inner), abort).catch((error) => error.code);
  await w.clock.settle();
  abort.abort();
  expect(await starting).toBe('start_failed');
  expect(w.notes).toEqual(['+a', '+b', '+c', '-b', '-a']);
  expect(w.system.size).toBe(0);
});

test('a stop waits for a terminate that is under way already', async () => {
  const w = world();
  const closed = deferred();
  const root = await startTree(
    w.system,
    one('root', child(w, 'a', { terminate: () => closed.promise })),
  );
  await crash(w, 'a');
  const stopped = w.system.stop(root);
  await w.clock.settle();
  expect(w.system.size).toBe(2);
  closed.resolve();
  expect(await stopped).toBe('normal');
});

test('what a killed child still does has no effect', async () => {
  const w = world();
  const opened = deferred();
  const name = { key: 'late' };
  const init = async (self: { register(name: { key: string }, value: unknown): void }) => {
    await opened.promise;
    self.register(name, 1);
  };
  const root = startTree(w.system, one('root', child(w, 'a', { init, initTimeoutMs: 10 }))).catch(
    () => {},
  );
  await w.clock.advance(10);
  await root;
  opened.resolve();
  await w.clock.settle();
  expect(w.system.find(name)).toBeUndefined();
});

const signals: readonly ExitSignal[] = ['kill', 'shutdown', { crashed: new Error('injected') }];
const shape = (node: TreeNode): unknown => [node.id, node.status, node.children.map(shape)];
const nodes = (node: TreeNode): TreeNode[] => [node, ...node.children.flatMap(nodes)];

async function grown(w: World) {
  const sessions = dynamicSupervisor({
    id: 'live',
    name: nameOf<DynamicRef<string>>('live'),
    maxChildren: 10,
    child: (key: string) => child(w, key),
  });
  const keys = registry({ id: 'keys', name: nameOf<RegistryFace<string, number>>('keys') });
  const inOrder = (id: string, ...children: ChildSpec[]) =>
    supervisor({ id, strategy: 'rest_for_one', children });
  const slow = { init: () => new Promise((resolve) => setImmediate(resolve)) };
  return startTree(
    w.system,
    inOrder(
      'root',
      one('storage', child(w, 'journal', slow), child(w, 'catalog')),
      inOrder('sessions', keys, sessions),
      one(
        'gateways',
        inOrder('nats', child(w, 'link', slow), child(w, 'intake')),
        child(w, 'http'),
      ),
    ),
  );
}

test('whatever is hit, by whichever signal, the tree stands whole again', async () => {
  for (const signal of signals) {
    for (let i = 1; ; i++) {
      const w = world();
      const root = await grown(w);
      const before = w.system.tree(root);
      const target = nodes(before)[i];
      if (target?.ref === undefined) break;
      w.system.exit(target.ref, signal);
      for (let turn = 0; turn < 10; turn++) await w.clock.settle();
      expect([target.label, shape(w.system.tree(root))]).toEqual([target.label, shape(before)]);
      expect(target.ref.alive).toBe(false);
      await w.system.stop(root);
      expect(w.system.size).toBe(0);
    }
  }
});
