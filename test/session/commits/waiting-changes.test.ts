/** Changes that wait for a commit: who shares the next one, and how many may wait. */
import { expect, it } from 'vitest';
import {
  type SessionRequest,
  WaitingChanges,
} from '../../../src/session/commits/waiting-changes.ts';
import type { Input } from '../../../src/session/machine/input.ts';

const MB = 1024 * 1024;
const tag = (name: string): Input => ({ type: 'tag', tags: [name] });
const append = (bytes: number): Input => ({
  type: 'append',
  messages: [{ role: 'user', body: new Uint8Array(bytes), atMs: 0 }],
});
const sweep: Input = { type: 'delete', by: 'cleaner', ifVersion: 3, tombstoneMs: 1 };
const remove: Input = { type: 'delete', by: 'me', ifVersion: undefined, tombstoneMs: 1 };
const named: Input = { type: 'settings', settings: {}, expectedVersion: 3 };

const groups = (...requests: SessionRequest[]): string[][] => {
  const waiting = new WaitingChanges();
  for (const request of requests) waiting.push({ request, from: undefined });
  const taken: string[][] = [];
  while (waiting.size > 0) taken.push(waiting.take().map(({ request }) => request.type));
  return taken;
};

it('what came together shares a commit, in its order', () => {
  expect(groups(tag('a'), append(1), tag('b'))).toEqual([['tag', 'append', 'tag']]);
});

it('whoever names a version begins a commit of its own', () => {
  expect(groups(tag('a'), named, tag('b'))).toEqual([['tag'], ['settings', 'tag']]);
  expect(groups(tag('a'), sweep)).toEqual([['tag'], ['delete']]);
});

it('nothing shares a commit behind a deletion', () => {
  expect(groups(tag('a'), remove, tag('b'))).toEqual([['tag', 'delete'], ['tag']]);
});

it('a large change does not share with those it could take along', () => {
  expect(groups(append(10 * MB), append(10 * MB), tag('a'))).toEqual([
    ['append'],
    ['append', 'tag'],
  ]);
});

it('there is room for a thousand changes, and for 64 MiB of them', () => {
  const many = new WaitingChanges();
  for (let count = 0; count < 1_000; count++) many.push({ request: tag('a'), from: undefined });
  expect(many.hasRoomFor(tag('a'))).toBe(false);
  const large = new WaitingChanges();
  large.push({ request: append(60 * MB), from: undefined });
  expect(large.hasRoomFor(append(5 * MB))).toBe(false);
  expect(large.hasRoomFor(append(4 * MB))).toBe(true);
});

it('what its caller has given up is not begun', () => {
  const waiting = new WaitingChanges();
  const from = { settled: true, reply: () => undefined, fail: () => undefined };
  waiting.push({ request: tag('a'), from });
  expect(waiting.take()).toEqual([]);
  expect(waiting.size).toBe(0);
});
