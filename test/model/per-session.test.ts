import { expect, test } from 'vitest';
import { sessionKey } from '../../src/model/ids.ts';
import { PerSession } from '../../src/model/per-session.ts';

const key = (id: string, tenant = 'default') => sessionKey(tenant, id);
const childOf = (sessionId: string) => ({
  sessionId,
  turnId: 't' as never,
  toolUseId: 'u',
  depth: 1,
});
const asker = (id: string, parent?: string) => ({
  key: key(id),
  childOf: parent === undefined ? undefined : childOf(parent),
});

test('a session has its value until it is taken back, and no other session has it', () => {
  const held = new PerSession<string>();
  const takeBack = held.set(key('a'), 'A');
  expect([held.of(asker('a')), held.at(key('a')), held.of(asker('b'))]).toEqual([
    'A',
    'A',
    undefined,
  ]);
  expect(held.at(key('a', 'other'))).toBeUndefined();
  takeBack();
  expect(held.of(asker('a'))).toBeUndefined();
});

test('sub-agents share it from when they are first asked about, theirs too', () => {
  const held = new PerSession<string>();
  const takeBack = held.set(key('a'), 'A');
  expect(held.at(key('child'))).toBeUndefined();
  expect(held.of(asker('child', 'a'))).toBe('A');
  expect(held.of(asker('grandchild', 'child'))).toBe('A');
  expect(held.at(key('grandchild'))).toBe('A');
  expect(held.of(asker('stranger', 'nobody'))).toBeUndefined();
  takeBack();
  expect(['a', 'child', 'grandchild'].map((id) => held.at(key(id)))).toEqual([
    ...[undefined, undefined, undefined],
  ]);
});

test('a later value takes the place of an earlier one, whose end changes nothing then', () => {
  const held = new PerSession<string>();
  const takeBack = held.set(key('a'), 'A');
  held.set(key('a'), 'B');
  takeBack();
  expect(held.of(asker('a'))).toBe('B');
});
