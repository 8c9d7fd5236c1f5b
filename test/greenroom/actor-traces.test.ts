/** Tracing one actor: its last messages, shortened and without secrets; and that each trace ends by itself. */
import { expect, test } from 'vitest';
import { ActorTraces } from '../../src/app/actor-traces.ts';
import { glimpse, inShort } from '../../src/app/glimpse.ts';
import { codeOf } from '../../src/model/errors.ts';
import { deleteChild, terminateChild } from '../../src/otp/administration.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { redactor } from '../../src/platform/redact.ts';
import type { TraceOrder } from '../../src/session/verbs/daemon-verbs.ts';
import { child, crash, findPuppet, world } from '../otp/support.ts';

const hide = redactor(['a-known-secret']);

const stage = async (...names: readonly string[]) => {
  const w = world();
  const children = names.map((name) => child(w, name));
  const root = await startTree(
    w.system,
    supervisor({ id: 'root', strategy: 'one_for_one', maxRestarts: 5, children }),
  );
  const traces = new ActorTraces(w.system, hide);
  const ask = (order: Partial<TraceOrder> & { path: string }) =>
    traces.ask(root, { forMs: 60_000, ...order });
  const remove = async (name: string) => {
    await terminateChild(root, name);
    await deleteChild(root, name);
  };
  return { w, ask, remove };
};

test('it shows what came, when, and what became of it, from when it is on', async () => {
  const { w, ask } = await stage('a');
  const a = findPuppet(w, 'a');
  await a.call('state', undefined);
  expect(ask({ path: 'a' })).toEqual({ path: 'root/a', isOn: false, seen: 0, messages: [] });
  ask({ path: 'a', on: true });
  a.cast('note', 'x'.repeat(1_000));
  await a.call('state', undefined);
  const { isOn, messages } = ask({ path: 'root/a' });
  expect(isOn).toBe(true);
  expect(messages).toMatchObject([
    { number: 1, message: 'cast note', carries: `"${'x'.repeat(80)}…"`, tookMs: 0 },
    { number: 2, message: 'call state', carries: '', tookMs: 0 },
  ]);
  expect(ask({ path: 'a', after: 1 }).messages).toHaveLength(1);
  expect(ask({ path: 'a', on: false })).toMatchObject({ isOn: false, ended: 'stopped' });
  await a.call('state', undefined);
  expect(ask({ path: 'a' }).seen).toBe(2);
});

test('it ends at its time, whether or not anything comes then', async () => {
  const { w, ask } = await stage('a');
  ask({ path: 'a', on: true, forMs: 5_000 });
  await w.clock.advance(5_000);
  await findPuppet(w, 'a').call('state', undefined);
  expect(ask({ path: 'a' })).toMatchObject({ isOn: false, ended: 'time', seen: 0 });
  expect(ask({ path: 'a', on: true })).toMatchObject({ isOn: true });
});

test('it keeps the last hundred, and a busy actor is traced no further', async () => {
  const { w, ask } = await stage('a');
  ask({ path: 'a', on: true });
  for (let round = 0; round < 20; round += 1)
    await Promise.all(
      Array.from({ length: 501 }, () => findPuppet(w, 'a').call('state', undefined)),
    );
  const { messages, ...rest } = ask({ path: 'a' });
  expect(rest).toMatchObject({ isOn: false, ended: 'count', seen: 10_000 });
  expect(messages.map(({ number }) => number)).toEqual(
    Array.from({ length: 100 }, (_, at) => 9_901 + at),
  );
});

test('it shows the message that an actor dies of, and goes on with the next life', async () => {
  const { w, ask } = await stage('a');
  ask({ path: 'a', on: true });
  await crash(w, 'a');
  const { isOn, messages } = ask({ path: 'a' });
  expect(isOn).toBe(true);
  expect(messages.at(-1)).toMatchObject({
    threw: '"boom"',
    exited: expect.stringContaining('boom'),
  });
  await findPuppet(w, 'a').call('state', undefined);
  expect(ask({ path: 'a' }).messages.at(-1)).toMatchObject({ message: 'call state' });
});

test('of an actor that has left the tree one still reads what it had last; its trace is over', async () => {
  const names = Array.from({ length: 9 }, (_, at) => `a${at}`);
  const { w, ask, remove } = await stage(...names);
  for (const name of names.slice(0, 8)) ask({ path: name, on: true });
  findPuppet(w, 'a0').cast('note', 'the last words');
  await remove('a0');
  await remove('a1');
  for (const path of ['a0', 'root/a0']) {
    const { messages, ...rest } = ask({ path });
    expect(rest).toMatchObject({ path: 'root/a0', isOn: false, ended: 'gone' });
    expect(messages[0]).toMatchObject({ message: 'cast note', carries: '"the last words"' });
  }
  expect(() => ask({ path: 'a0', on: true })).toThrow('nothing runs at a0');
  expect(ask({ path: 'a8', on: true })).toMatchObject({ isOn: true }); // one of those gives its place
});

test('eight at once; one that has ended makes room', async () => {
  const names = Array.from({ length: 9 }, (_, at) => `a${at}`);
  const { ask } = await stage(...names);
  const on = (path: string) => ask({ path, on: true });
  for (const name of names.slice(0, 8)) on(name);
  let refusal: unknown;
  try {
    on('a8');
  } catch (error) {
    refusal = error;
  }
  expect(codeOf(refusal)).toBe('invalid_state');
  ask({ path: 'a3', on: false });
  expect(on('a8')).toMatchObject({ isOn: true });
  expect(ask({ path: 'a3' })).toMatchObject({ isOn: false, seen: 0 });
});

test.each<[unknown, string]>([
  [{ a: 1, b: [true, null], c: undefined }, '{ a: 1, b: [true, null] }'],
  [
    { apiKey: 'x', outputTokens: 4, token: 'y' },
    '{ apiKey: (hidden), outputTokens: 4, token: (hidden) }',
  ],
  [
    { command: 'run', env: { PAT: 'x' }, headers: ['y'] },
    '{ command: "run", env: (hidden), headers: (hidden) }',
  ],
  ['it is a-known-secret', '"it is (hidden)"'],
  [{ deep: { deeper: { deepest: { more: 1 } } } }, '{ deep: { deeper: { deepest: {…} } } }'],
  [Array.from({ length: 20 }, () => 0), '[0, 0, 0, 0, 0, 0, 0, 0, … 20 in all]'],
  [new Uint8Array(7), '7 bytes'],
  [new Map([[1, 2]]), '1 entries'],
  [new (class Secretive {})(), 'a Secretive'],
  ['\u001b[2J\u202e', JSON.stringify('\u001b[2J\u202e')],
])('%o is %s', (value, line) => expect(glimpse(value, hide)).toBe(line));

test('a secret that is longer than what is shown, or is the name of a field, is not shown either', () => {
  const long = `long-secret-${'z'.repeat(2_000)}`;
  const hideBoth = redactor(['a-known-secret', long]);
  expect(glimpse({ text: `see ${long}` }, hideBoth)).toBe('{ text: "see (hidden)" }');
  expect(glimpse({ 'a-known-secret': 1 }, hideBoth)).toBe('{ (hidden): (hidden) }');
  expect(inShort(`crashed: of ${long}\nand more`, hideBoth)).toBe('crashed: of (hidden)');
  expect(inShort('x'.repeat(1_000_000), hideBoth)).toHaveLength(401);
});

test('what throws when it is looked at costs nothing but what it would show', () => {
  const broken = Object.defineProperty({}, 'text', {
    enumerable: true,
    get: () => {
      throw new Error('not now');
    },
  });
  expect(glimpse({ broken }, hide)).toBe('something that cannot be shown');
});

test('why an actor died is a short line without secrets', async () => {
  const { w, ask } = await stage('a');
  ask({ path: 'a', on: true });
  await findPuppet(w, 'a').call('state', undefined);
  w.system.exit(findPuppet(w, 'a'), { shutdown: `a-known-secret ${'y'.repeat(10_000)}` });
  await w.clock.settle();
  const last = ask({ path: 'a' }).messages.at(-1);
  expect(last?.exited).toMatch(/^shutdown: \(hidden\) y+…$/);
});

test('what is large is a short line all the same', () => {
  const wide = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, at) => [`field${at}`, { text: 'y'.repeat(9_000) }]),
  );
  expect(glimpse([wide, wide, wide], hide).length).toBeLessThanOrEqual(401);
});
