/** Foreign names and ours. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ID_PATTERN } from '../../../src/model/ids.ts';
import {
  externalKeyOf,
  foreignIdIn,
  foreignName,
  idsFor,
  isStoredName,
  markOf,
  marksOf,
  storedName,
  unlikeMark,
} from '../../../src/session/mirror/mirror-key.ts';
import { anyText } from '../../support/any-text.ts';

/** Any 16-bit units: lone surrogates, quotes, slashes and low bytes are among them. */
const name = fc.oneof(
  anyText({ minLength: 1, maxLength: 40 }),
  fc
    .array(fc.constantFrom('\ud800', '\udc00', '"', '/', '\\', '\0', 'a', '#', ',', '[', ']'), {
      minLength: 1,
      maxLength: 8,
    })
    .map((units) => units.join('')),
);
const foreign = fc.record({ projectKey: name, sessionId: name });
const first = (names: Iterable<string>, count: number): string[] => {
  const found: string[] = [];
  for (const one of names) if (found.push(one) === count) break;
  return found;
};

describe('keys', () => {
  test('of different sessions differ, and so do their ids, unless these are the sessions’ own', () => {
    fc.assert(
      fc.property(foreign, foreign, (a, b) => {
        const isSame = a.projectKey === b.projectKey && a.sessionId === b.sessionId;
        expect(externalKeyOf(a) === externalKeyOf(b)).toBe(isSame);
        const hashed = (one: typeof a) =>
          first(idsFor(one), 4).filter((id) => id !== one.sessionId);
        expect(hashed(a).some((id) => hashed(b).includes(id))).toBe(isSame);
      }),
    );
  });

  test('a name that is stored is the name that came, and any other text is a name as it is', () => {
    fc.assert(
      fc.property(name, (one) => {
        expect(foreignName(storedName(one))).toBe(one);
        expect(isStoredName(storedName(one))).toBe(true);
      }),
    );
    for (const text of ['"abc', '"', '"a"b', '"\n"']) {
      expect(foreignName(text)).toBe(text);
    }
    for (const text of ['"abc', '"', '"abc"', '"a"b', '\ud800'])
      expect(isStoredName(text)).toBe(false);
    expect(isStoredName('')).toBe(true);
  });

  test('a session has its own id first, if it is one, and then others that are', () => {
    expect(first(idsFor({ projectKey: 'p', sessionId: 'mine' }), 1)).toEqual(['mine']);
    fc.assert(
      fc.property(foreign, (one) => {
        const ids = first(idsFor(one), 5);
        expect(ids.every((id) => ID_PATTERN.test(id))).toBe(true);
        expect(new Set(ids).size).toBe(5);
        expect(ids.includes(one.sessionId)).toBe(ID_PATTERN.test(one.sessionId));
      }),
    );
  });

  test('give the session id back', () => {
    fc.assert(
      fc.property(foreign, (one) => {
        expect(foreignIdIn(externalKeyOf(one))).toBe(one.sessionId);
      }),
    );
    expect(foreignIdIn('claude-code/abc')).toBeUndefined();
    expect(foreignIdIn(undefined)).toBeUndefined();
    // Anybody may give a session any external key.
    for (const other of ['', '{', 'null', '7', '[]', '["p"]', '["p",7]', '["p","s","t"]'])
      expect(foreignIdIn(`agent-sdk:${other}`)).toBeUndefined();
  });

  test('a name is stored as well-formed text that is nobody else’s, and comes back', () => {
    fc.assert(
      fc.property(name, name, (a, b) => {
        const stored = storedName(a);
        expect(Buffer.from(stored).toString()).toBe(stored);
        expect(foreignName(stored)).toBe(a);
        expect(stored === storedName(b)).toBe(a === b);
      }),
    );
    expect(foreignName(storedName(''))).toBe('');
    expect(storedName('')).not.toBe('');
  });

  test('marks differ by transcript and uuid, and no response has the key of one', () => {
    fc.assert(
      fc.property(name, name, name, name, (subpath, uuid, otherSubpath, otherUuid) => {
        const mark = markOf(marksOf(subpath), uuid);
        const isSame = subpath === otherSubpath && uuid === otherUuid;
        expect(mark === markOf(marksOf(otherSubpath), otherUuid)).toBe(isSame);
        expect(Buffer.byteLength(mark)).toBeLessThanOrEqual(200);
        expect(unlikeMark(mark)).not.toBe(mark);
      }),
    );
    expect(unlikeMark('msg_1:req_1')).toBe('msg_1:req_1');
  });
});
