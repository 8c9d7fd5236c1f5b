/** Columns, texts and runs of numbers: what was set is read back, wherever it lies, and what is unused costs nothing. */
import { expect, test } from 'vitest';
import { Column, Fields } from '../../src/search/table/columns.ts';
import { Dictionary } from '../../src/search/table/dictionary.ts';
import { Facet } from '../../src/search/table/facet.ts';
import { Pool } from '../../src/search/table/pool.ts';
import { Loading, Saving } from '../../src/search/table/saved.ts';
import { flat, TEXT_OVERHEAD_BYTES, Texts } from '../../src/search/table/texts.ts';
import { recency } from './plain-recency.ts';

const EDGES = [0, 1, 15, 16, 17, 31, 32, 4_095, 4_096, 4_097, 8_191, 8_192, 70_000];

test.each([
  ['float64', () => Column.float64()],
  ['uint32', () => Column.uint32()],
])('a column of %s keeps each number at its slot, on both sides of every edge', (_, make) => {
  const column = make();
  for (const slot of EDGES) column.set(slot, slot + 1);
  for (const slot of EDGES) expect(column.at(slot)).toBe(slot + 1);
  expect([2, 14, 4_000, 5_000, 69_999, 1_000_000].map((slot) => column.at(slot))).toEqual([
    ...[0, 0, 0, 0, 0, 0],
  ]);
});

test('fields that stand side by side keep each its own number, and their memory is counted once', () => {
  const fields = new Fields({ float64: 2, uint32: 3 });
  const [time, money] = [fields.float64(), fields.float64()];
  const counts = [fields.uint32(), fields.uint32(), fields.uint32()];
  for (const slot of EDGES) {
    time.set(slot, slot + 0.5);
    money.set(slot, -slot);
    for (const [n, count] of counts.entries()) count.set(slot, 10 * slot + n + 1);
  }
  const row = (slot: number) => [time, money, ...counts].map((column) => column.at(slot) + 0);
  for (const slot of EDGES)
    expect(row(slot)).toEqual([slot + 0.5, 0 - slot, ...[1, 2, 3].map((n) => 10 * slot + n)]);
  expect(row(69_999)).toEqual([0, 0, 0, 0, 0]);
  expect(time.bytes + money.bytes).toBe(0);
  expect(fields.bytes).toBe(4 * 4_096 * 32); // pages 0, 1, 2 and 17; a row is two times 8 and four times 4 bytes
});

test('a column that holds nothing, or nothing but zeros, takes no memory', () => {
  const column = Column.uint32();
  for (const slot of EDGES) column.set(slot, 0);
  expect(column.bytes).toBe(0);
  column.set(70_000, 1);
  expect(column.bytes).toBe(4 * 4_096);
});

test('the first page of a column grows with what is in it, to twice as much at a time', () => {
  const column = Column.float64();
  column.set(1, 5);
  expect(column.bytes).toBe(8 * 16);
  column.set(16, 5);
  expect(column.bytes).toBe(8 * 32);
  column.set(4_095, 5);
  expect(column.bytes).toBe(8 * 4_096);
  expect([column.at(1), column.at(16)]).toEqual([5, 5]);
});

test('a number that was set is zero again once it is set to zero', () => {
  const column = Column.uint32();
  column.set(3, 7);
  column.set(3, 0);
  expect(column.at(3)).toBe(0);
});

test('texts stand at their slots, weigh what they are long, and nothing once they are gone', () => {
  const texts = new Texts();
  for (const slot of EDGES) texts.set(slot, `text ${slot}`);
  for (const slot of EDGES) expect(texts.at(slot)).toBe(`text ${slot}`);
  expect(texts.at(2)).toBeUndefined();
  texts.set(0, 'another');
  for (const slot of EDGES.slice(1)) texts.set(slot, undefined);
  expect(texts.bytes).toBe('another'.length + TEXT_OVERHEAD_BYTES);
  texts.set(0, 'another');
  expect(texts.bytes).toBe('another'.length + TEXT_OVERHEAD_BYTES);
  texts.set(0, undefined);
  expect(texts.bytes).toBe(0);
});

test('texts that were loaded are read as they were, weigh nothing until they are set, and are saved again', () => {
  const reloaded = (texts: Texts): Texts => {
    const pieces: Buffer[] = [];
    const saving = new Saving((bytes) => pieces.push(Buffer.from(bytes)));
    texts.save(saving);
    saving.end();
    const own = Buffer.allocUnsafeSlow(Buffer.concat(pieces).length);
    Buffer.concat(pieces).copy(own);
    const loaded = new Texts();
    loaded.load(new Loading(own));
    return loaded;
  };
  const texts = new Texts();
  for (const [slot, text] of [
    [0, 'Größe'],
    [1, ''],
    [4_095, 'last'],
    [5_000, 'next'],
  ] as const)
    texts.set(slot, text);
  const seen = (some: Texts) => [0, 1, 2, 4_095, 4_096, 5_000, 9_000].map((slot) => some.at(slot));
  const all = ['Größe', '', undefined, 'last', undefined, 'next', undefined];
  const loaded = reloaded(texts);
  expect(seen(loaded)).toEqual(all);
  expect([loaded.bytes, loaded.weight(0), texts.weight(0), texts.weight(2)]).toEqual([
    ...[texts.bytes, 0, 5, 0],
  ]);
  loaded.set(4_095, undefined);
  loaded.set(9_000, 'new');
  const changed = [...all.slice(0, 3), undefined, ...all.slice(4, 6), 'new'];
  expect(seen(loaded)).toEqual(changed);
  expect(seen(reloaded(loaded))).toEqual(changed);
});

test('a text is told from a character beyond those of one byte, wherever it stands', () => {
  for (const char of ['\u0000', '\u00ff', '\u0100', '\uffff'])
    for (const text of [`${char}and twelve more`, `and twelve more${char}`])
      expect(flat(text)).toBe(text);
});

test.each([
  'short',
  'longer than a slice',
  'Größe und Länge',
  '日本語の長い名前です、はい、そうです',
])('the flat copy of %s is the same text', (text) => expect(flat(text)).toBe(text));

test('a dictionary gives each text one number for as long as somebody uses it', () => {
  const dictionary = new Dictionary();
  const [ann, bob] = [dictionary.acquire('ann'), dictionary.acquire('bob')];
  expect(dictionary.acquire('ann')).toBe(ann);
  expect([dictionary.uses(ann), dictionary.uses(bob)]).toEqual([2, 1]);
  expect(dictionary.text(ann)).toBe('ann');
  dictionary.release(ann);
  expect(dictionary.find('ann')).toBe(ann);
  dictionary.release(ann);
  expect([dictionary.find('ann'), dictionary.text(ann)]).toEqual([0, '']);
  const seen: unknown[] = [];
  dictionary.each((id, text) => seen.push([id, text]));
  expect(seen).toEqual([[bob, 'bob']]);
  expect(dictionary.acquire('cat')).toBe(ann);
});

test('a dictionary weighs what is in use, and the length of its texts', () => {
  const dictionary = new Dictionary();
  dictionary.acquire('x');
  const { bytes } = dictionary;
  const long = dictionary.acquire('y'.repeat(1_001));
  const entry = dictionary.bytes - bytes - 1_001;
  expect(entry).toBeGreaterThan(0);
  dictionary.release(long);
  expect(dictionary.bytes).toBe(bytes);
  dictionary.acquire('z');
  expect(dictionary.bytes - bytes).toBe(entry + 1);
});

test('runs of a pool never share a number, and none reaches over the edge of a page', () => {
  const pool = Pool.ofNumbers();
  const runs = Array.from({ length: 9_000 }, (_, n) => ({ length: 1 + (n % 17), n }));
  const places = runs.map(({ length, n }) => {
    const place = pool.take(length);
    pool.page(place).fill(n, pool.offset(place), pool.offset(place) + length);
    return place;
  });
  for (const { length, n } of runs) {
    const place = places[n] ?? 0;
    expect(place).toBeGreaterThan(0);
    const offset = pool.offset(place);
    const run = pool.page(place).subarray(offset, offset + length);
    expect(run).toHaveLength(length);
    expect(run.every((number) => number === n)).toBe(true);
  }
});

test('a run that is given back is used again, by one of the same length alone', () => {
  const pool = Pool.ofBytes();
  const [three, four] = [pool.take(3), pool.take(4)];
  const { bytes } = pool;
  pool.give(three, 3);
  expect(pool.bytes).toBe(bytes + 8);
  expect([pool.take(4), four]).not.toContain(three);
  expect(pool.take(3)).toBe(three);
  expect(pool.bytes).toBe(bytes);
  expect(pool.take(3)).not.toBe(three);
});

test('the first page of a pool grows, and every later one is whole from the beginning', () => {
  const pool = Pool.ofBytes();
  pool.take(10);
  expect(pool.bytes).toBe(256);
  for (let n = 0; n < 65_536 / 16; n++) pool.take(16);
  expect(pool.bytes).toBe(2 * 65_536);
});

test('a facet that was declared without an order is not asked for a prefix', () => {
  expect(() => new Facet(recency).keysWith('a', 5, new Set())).toThrow('this facet keeps no order');
});
