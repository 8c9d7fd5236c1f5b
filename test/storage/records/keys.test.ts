import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionKey } from '../../../src/model/ids.ts';
import * as keys from '../../../src/storage/records/keys.ts';
import { anyText } from '../../support/any-text.ts';
import { rounds } from '../../support/rounds.ts';
import { keyOf } from '../sessions.ts';

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/);
const session = fc.tuple(id, id).map(([tenant, sessionId]): SessionKey => keyOf(sessionId, tenant));
const LMDB_LIMIT_BYTES = 1_978;

const allKeysOf = (key: SessionKey, subpath: string, seq: number): string[] => {
  const prefix = keys.sessionPrefix(key);
  return [
    keys.headKey(prefix),
    keys.entryKey(prefix, '', seq),
    keys.entryKey(prefix, subpath, seq),
    keys.streamKey(prefix, subpath),
    keys.responseKey(prefix, subpath),
    keys.turnKey(prefix, key.sessionId),
  ];
};

describe('keys', () => {
  it('everything of a session stands behind its prefix, and nothing of another', () => {
    fc.assert(
      fc.property(session, session, fc.string(), fc.nat(), (mine, other, subpath, seq) => {
        const prefix = keys.sessionPrefix(mine);
        const isOther = mine.tenant !== other.tenant || mine.sessionId !== other.sessionId;
        for (const key of allKeysOf(mine, subpath, seq)) {
          expect(key.startsWith(prefix)).toBe(true);
          expect(key >= prefix && key < keys.after(prefix)).toBe(true);
        }
        if (isOther)
          for (const key of allKeysOf(other, subpath, seq))
            expect(key.startsWith(prefix)).toBe(false);
      }),
    );
  });

  it('entries are in order of seq, and before the head, which is before the turns', () => {
    fc.assert(
      fc.property(session, fc.nat(), fc.nat(), id, (key, a, b, turnId) => {
        const prefix = keys.sessionPrefix(key);
        const [first, second] = [keys.entryKey(prefix, '', a), keys.entryKey(prefix, '', b)];
        expect(Math.sign(a - b)).toBe(first < second ? -1 : first > second ? 1 : 0);
        expect(first < keys.headKey(prefix)).toBe(true);
        expect(keys.headKey(prefix) < keys.turnKey(prefix, turnId)).toBe(true);
      }),
    );
  });

  it('turns are in reverse order of their ids', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        const [first, second] = [keys.turnKey('', a), keys.turnKey('', b)];
        expect(first < second).toBe(a > b);
      }),
    );
  });

  it('different parts never share a key, whatever characters they hold', () => {
    const odd = anyText({ maxLength: 1_000 });
    fc.assert(
      fc.property(odd, odd, (a, b) => {
        expect(keys.streamKey('', a) === keys.streamKey('', b)).toBe(
          Buffer.from(a).equals(Buffer.from(b)),
        );
      }),
      { numRuns: rounds(100) },
    );
  });

  it('no key is longer than LMDB takes', () => {
    const key = keyOf('s'.repeat(128), 't'.repeat(128));
    for (const each of allKeysOf(key, '\u{1F600}'.repeat(256), 1))
      expect(Buffer.byteLength(each, 'latin1')).toBeLessThan(LMDB_LIMIT_BYTES);
  });

  it('rows, purges and expiries give back what they name', () => {
    fc.assert(
      fc.property(session, fc.nat(), (key, untilMs) => {
        const prefix = keys.sessionPrefix(key);
        expect(keys.ofRowKey(keys.rowKey(prefix))).toEqual(key);
        expect(keys.ofPurgeKey(keys.purgeKey(prefix))).toBe(prefix);
        expect(keys.ofDueKey('retry', keys.dueKey('retry', prefix, untilMs))).toEqual({
          prefix,
          atMs: untilMs,
        });
      }),
    );
  });
});
