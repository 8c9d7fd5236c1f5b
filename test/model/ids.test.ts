/** Ids: the one pattern, and the ones that we make. */
import { expect, it } from 'vitest';
import { keyOf, keyString, newTurnId, sessionKey } from '../../src/model/ids.ts';

it('a new turn id is a UUIDv7 of its time', () => {
  const nowMs = Date.UTC(2026, 10, 21);
  const id = newTurnId(nowMs);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(nowMs);
  expect(newTurnId(nowMs)).not.toBe(id);
});

it.each(['', 'a b', 'a/b', 'ä', 'x'.repeat(129), 'a\n', 7, null, undefined])(
  '%j is no session id',
  (id) => {
    expect(() => sessionKey('default', id)).toThrow(
      expect.objectContaining({ code: 'invalid_session_id' }),
    );
  },
);

it('a key survives its string', () => {
  const key = sessionKey('default', 'A-b_9');
  expect(keyOf(keyString(key))).toEqual(key);
});
