/** What readers see between two checkpoints is what they see after: the overlay held against LMDB itself. */
import { describe, expect, it } from 'vitest';
import { applyBatch } from '../../../src/storage/records/apply-batch.ts';
import { Batch, DELETE, WRITE } from '../../../src/storage/records/batch.ts';
import { isPlain } from '../../../src/storage/records/batch-reader.ts';
import { packValue } from '../../../src/storage/records/frame.ts';
import * as keys from '../../../src/storage/records/keys.ts';
import {
  AUDIT,
  type Key,
  ROWS,
  SESSIONS,
  type Table,
  UPKEEP,
} from '../../../src/storage/records/keys.ts';
import type { Range } from '../../../src/storage/records/store.ts';
import { FreshTables } from '../../../src/storage/tables/fresh-tables.ts';
import { LmdbTables } from '../../../src/storage/tables/lmdb-tables.ts';
import { Dice } from '../../chaos/dice.ts';
import { rounds } from '../../support/rounds.ts';
import { folders } from '../folders.ts';

const PREFIXES = ['a\0s1\0', 'a\0s2\0', 'b\0s1\0'];
const ROUNDS = rounds(60);
const FENCE = { owner: 'me', epoch: 1 };
const OWNER = { owner: Buffer.from(FENCE.owner), epoch: FENCE.epoch };

/** A key of a table, as a session's change puts it. */
const keyOf = (dice: Dice, table: Table, prefix: Key): Key => {
  if (table === SESSIONS) return keys.entryKey(prefix, '', dice.int(1, 20));
  if (table === ROWS) return keys.rowKey(prefix);
  if (table === AUDIT) return keys.auditKey(prefix, dice.int(1, 9), 1, 1);
  return keys.referenceKey(prefix, dice.int(1, 5), 'a\0s2\0');
};

const randomBatch = (dice: Dice, versions: Map<Key, number>): Buffer => {
  const batch = new Batch();
  for (let change = dice.int(1, 3); change > 0; change -= 1) {
    const prefix = PREFIXES[dice.int(0, PREFIXES.length - 1)] ?? '';
    batch.begin(keys.headKey(prefix), versions.get(prefix) ?? 0, WRITE, FENCE);
    for (let put = dice.int(1, 6); put > 0; put -= 1) {
      const table = dice.int(0, 3) as Table;
      batch.put(table, keyOf(dice, table, prefix), packValue, dice.int(1, 1_000_000));
    }
    batch.end();
  }
  return Buffer.from(batch.seal(0));
};

const randomRange = (dice: Dice, table: Table): Range => {
  const prefix = PREFIXES[dice.int(0, PREFIXES.length - 1)] ?? '';
  const shape = { limit: dice.int(1, 8), reverse: dice.int(0, 1) === 1 };
  if (table !== SESSIONS || dice.int(0, 3) === 0) return { start: '\0', end: '\xff', ...shape };
  const start = keys.entryKey(prefix, '', dice.int(1, 10));
  return { start, end: keys.entryKey(prefix, '', dice.int(10, 21)), ...shape };
};

describe('what was committed since the last checkpoint', () => {
  const folder = folders();

  it('is read as after it, by key and by range, whatever was there before', async () => {
    const dice = new Dice();
    const file = new LmdbTables(folder());
    const fresh = new FreshTables(file);
    const versions = new Map<Key, number>();
    let overlaid = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const batches = Array.from({ length: dice.int(1, 4) }, () => randomBatch(dice, versions));
      const questions = Array.from({ length: 40 }, () => {
        const table = dice.int(0, 3) as Table;
        const key = keyOf(dice, table, PREFIXES[dice.int(0, 2)] ?? '');
        return { table, key, range: randomRange(dice, table) };
      });
      const ask = () =>
        questions.map(({ table, key, range }) => [
          fresh.get(table, key),
          fresh.visit(table, key, (value, at) => [Buffer.from(value), at.toString('latin1')]),
          fresh.range(table, range),
        ]);
      const before = ask();
      const during = batches.map((batch) => {
        fresh.add(batch, new Set());
        return ask();
      });
      file.transaction(() => {
        for (const batch of batches) expect(applyBatch(file, batch, OWNER)).toEqual([]);
      });
      fresh.clear();
      expect(during.at(-1), `GREENROOM_SEED=${dice.seed}`).toEqual(ask());
      overlaid += JSON.stringify(before) === JSON.stringify(ask()) ? 0 : 1;
    }
    expect(overlaid).toBeGreaterThan(ROUNDS / 2);
    await file.close();
  });

  it('a change that was refused is not shown, its neighbours are', async () => {
    const file = new LmdbTables(folder());
    const fresh = new FreshTables(file);
    const batch = new Batch();
    for (const [at, prefix] of PREFIXES.entries()) {
      batch.begin(keys.headKey(prefix), 0, WRITE, FENCE);
      batch.put(ROWS, keys.rowKey(prefix), packValue, at);
      batch.end();
    }
    fresh.add(Buffer.from(batch.seal(0)), new Set([1]));
    const seen = PREFIXES.map((prefix) => fresh.get(ROWS, keys.rowKey(prefix)) !== undefined);
    expect(seen).toEqual([true, false, true]);
    expect(fresh.range(ROWS, { start: '\0', end: '\xff', limit: 9 })).toHaveLength(2);
    await file.close();
  });

  it('what is read is a copy: the next commits do not change it', async () => {
    const file = new LmdbTables(folder());
    const fresh = new FreshTables(file);
    const key = keys.rowKey('a\0s1\0');
    const put = (value: string) => {
      const batch = new Batch();
      batch.begin(keys.headKey('a\0s1\0'), 0, WRITE, FENCE);
      batch.put(ROWS, key, packValue, value);
      batch.end();
      fresh.add(Buffer.from(batch.seal(0)), new Set());
    };
    put('first');
    const first = fresh.get(ROWS, key);
    const text = first?.toString('latin1');
    fresh.clear();
    put('other');
    expect(first?.toString('latin1')).toBe(text);
    await file.close();
  });
});

describe('a visit', () => {
  const folder = folders();

  it('shows the value and its key, and makes no copy however many values are looked at', async () => {
    const file = new LmdbTables(folder());
    const keyOfRow = (at: number) => keys.rowKey(`a\0s${at}\0`);
    file.transaction(() => {
      for (let at = 0; at < 50; at += 1)
        file.put(ROWS, Buffer.from(keyOfRow(at), 'latin1'), Buffer.alloc(1_000 + at, at));
    });
    const buffers = new Set<ArrayBufferLike>();
    for (let at = 0; at < 50; at += 1) {
      const seen = file.visit(ROWS, keyOfRow(at), (value, key) => {
        buffers.add(value.buffer);
        return { length: value.length, first: value[0], key: key.toString('latin1') };
      });
      expect(seen).toEqual({ length: 1_000 + at, first: at, key: keyOfRow(at) });
    }
    expect(buffers.size).toBe(1);
    expect(file.visit(ROWS, 'none', () => 1)).toBeUndefined();
    await file.close();
  });

  it('shows a value that is larger than all before it', async () => {
    const file = new LmdbTables(folder());
    const large = Buffer.alloc(5 * 1024 * 1024, 'x');
    file.transaction(() => file.put(SESSIONS, Buffer.from('large'), large));
    file.refresh();
    expect(file.visit(SESSIONS, 'large', (value) => Buffer.compare(value, large))).toBe(0);
    await file.close();
  });
});

it('only a batch that looks and puts is plain', () => {
  const plain = (operate: (batch: Batch) => void) => {
    const batch = new Batch();
    batch.begin('a\0s\0\x50', 0, DELETE, FENCE);
    operate(batch);
    batch.end();
    return isPlain(Buffer.from(batch.seal(0)));
  };
  expect(plain((batch) => batch.put(ROWS, 'a', packValue, 1))).toBe(true);
  expect(plain((batch) => batch.expectAbsent(SESSIONS, 'a'))).toBe(true);
  expect(plain((batch) => batch.expectHead(SESSIONS, 'a', 1))).toBe(true);
  expect(plain((batch) => batch.remove(ROWS, 'a'))).toBe(false);
  expect(plain((batch) => batch.removeAll(SESSIONS, 'a'))).toBe(false);
  expect(plain((batch) => batch.putFreed(UPKEEP, 'a'))).toBe(false);
  expect(plain((batch) => batch.release(UPKEEP, 'a', 'b'))).toBe(false);
});
