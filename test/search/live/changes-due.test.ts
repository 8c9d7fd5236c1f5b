/** What a reader has yet to be told: one entry per session, cut in pieces, of which the last may be lost. */
import { expect, test } from 'vitest';
import type { SessionId } from '../../../src/model/ids.ts';
import { ChangesDue } from '../../../src/search/live/changes-due.ts';
import { rowOf } from '../summary-row.ts';

const idOf = (id: string) => id as SessionId;
const row = (id: string, title?: string) => rowOf(id, title === undefined ? {} : { title });

/** With some members since the beginning. */
const dueOf = (most = 100, ...present: string[]) => {
  const due = new ChangesDue(most);
  for (const id of present) due.begin(row(id));
  const entered = (id: string) => due.add(idOf(id), false, true, row(id));
  const changed = (id: string, title: string) => due.add(idOf(id), true, true, row(id, title));
  const left = (id: string) => due.add(idOf(id), true, false, row(id));
  const gone = (id: string) => due.add(idOf(id), true, false, undefined);
  const told = (after: number, limit = 100) =>
    due.next(after, limit)?.map(({ type, sessionId }) => `${type} ${sessionId}`);
  return { due, entered, changed, left, gone, told };
};

test('each change is told as what the reader can make of it, in the order in which they came', () => {
  const { entered, changed, left, gone, told } = dueOf(100, 'p');
  for (const id of ['a', 'b']) entered(id);
  changed('c', 'new');
  left('d');
  gone('e');
  expect(told(0)).toEqual([
    ...['present p', 'entered a', 'entered b', 'changed c', 'left d', 'left e'],
  ]);
});

test('a change has the row as it is now, and one of a session that left what it left as', () => {
  const { due, changed, left, gone } = dueOf();
  changed('a', 'first');
  changed('a', 'second');
  left('b');
  gone('c');
  expect(due.next(0, 9)).toEqual([
    { type: 'changed', sessionId: 'a', row: row('a', 'second') },
    { type: 'left', sessionId: 'b', row: row('b') },
    { type: 'left', sessionId: 'c', row: undefined },
  ]);
});

test('what lies between what the reader knows and what is so is told, and not the way there', () => {
  const { due, entered, changed, left, gone, told } = dueOf(100, 'p', 'q');
  entered('a');
  left('a'); // it never was there for the reader
  left('b');
  entered('b'); // it left and came back
  changed('c', 'x');
  gone('c');
  gone('p');
  expect([due.size, due.initialLeft]).toEqual([3, 1]);
  expect(told(0)).toEqual(['present q', 'changed b', 'left c']);
  expect([due.hasSome, due.size]).toEqual([false, 3]);
});

test('a member since the beginning that is begun again counts once, with its later row', () => {
  const { due } = dueOf();
  due.begin(row('p', 'old'));
  due.begin(row('p', 'new'));
  expect([due.size, due.initialLeft, due.hasSome]).toEqual([1, 1, true]);
  expect(due.next(0, 9)).toEqual([{ type: 'present', sessionId: 'p', row: row('p', 'new') }]);
  expect(due.initialLeft).toBe(0);
});

test('so many sessions wait and no more; those that wait may change', () => {
  const { due, entered, changed } = dueOf(2);
  expect([entered('a'), changed('b', 'x'), entered('c'), changed('a', 'y')]).toEqual([
    ...[true, true, false, true],
  ]);
  expect(due.size).toBe(2);
  expect(new ChangesDue(0).add(idOf('a'), false, true, row('a'))).toBe(false);
});

test('pieces are numbered, and as long as is asked for', () => {
  const { due, told } = dueOf(100, 'a', 'b', 'c');
  expect([told(0, 2), due.n, due.initialLeft, due.size]).toEqual([
    ...[['present a', 'present b'], 1, 1, 3],
  ]);
  expect([told(1, 2), due.n, due.initialLeft, due.size]).toEqual([['present c'], 2, 0, 1]);
  expect([told(2, 2), due.n, due.size]).toEqual([[], 2, 0]);
});

test('a piece that was lost comes again, ahead of what came since, as it is by now', () => {
  const { due, entered, changed, gone, told } = dueOf(100, 'a', 'b');
  entered('c');
  expect(told(0, 3)).toEqual(['present a', 'present b', 'entered c']);
  entered('d');
  changed('b', 'new');
  gone('c'); // of which the reader has not heard, after all
  expect(told(0, 1)).toEqual(['present a']);
  expect([due.n, due.initialLeft, due.size]).toEqual([1, 1, 3]);
  expect(due.next(1, 9)).toEqual([
    { type: 'present', sessionId: 'b', row: row('b', 'new') },
    { type: 'entered', sessionId: 'd', row: row('d') },
  ]);
  expect(told(2)).toEqual([]);
});

test('a lost change of a session that the reader knows is told even if it left meanwhile', () => {
  const { changed, gone, told } = dueOf();
  changed('a', 'x');
  expect(told(0)).toEqual(['changed a']);
  gone('a');
  expect(told(0)).toEqual(['left a']);
});

test('any other number is not to be asked for', () => {
  const { entered, told } = dueOf(100, 'a');
  expect([told(-1), told(1)]).toEqual([undefined, undefined]);
  expect([told(0), told(1)]).toEqual([['present a'], []]);
  expect(told(0)).toBeUndefined(); // it has said that it has them
  entered('b');
  expect([told(2), told(0), told(1)]).toEqual([undefined, undefined, ['entered b']]);
});
