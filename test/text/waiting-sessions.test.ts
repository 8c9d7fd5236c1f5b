import { expect, test } from 'vitest';
import { sessionKey } from '../../src/model/ids.ts';
import { MAX_WAITING, WaitingSessions } from '../../src/text/waiting-sessions.ts';

const key = (id: string) => sessionKey('default', id);
const idsOf = (sessions: ReturnType<WaitingSessions['take']>) =>
  sessions.map(({ key: { sessionId } }) => sessionId);

test('a session waits once, since its first change', () => {
  const waiting = new WaitingSessions();
  waiting.add(key('a'), 10);
  waiting.add(key('b'), 20);
  waiting.add(key('a'), 30);
  expect(waiting.size).toBe(2);
  expect(waiting.sinceMs).toBe(10);
  expect(idsOf(waiting.take(5))).toEqual(['a', 'b']);
});

test('what is taken waits until it is in, and what is unfinished goes on waiting', () => {
  const waiting = new WaitingSessions();
  waiting.add(key('a'), 10);
  const taken = waiting.take(1);
  expect([waiting.size, waiting.sinceMs]).toEqual([1, 10]);
  waiting.add(key('b'), 20);
  waiting.done(taken);
  expect([waiting.size, waiting.sinceMs]).toEqual([2, 10]);
  waiting.take(2);
  waiting.done([]);
  expect([waiting.size, waiting.sinceMs]).toEqual([0, undefined]);
});

test('a deletion is not forgotten by the change behind it', () => {
  const waiting = new WaitingSessions();
  waiting.add(key('a'), 10);
  waiting.add(key('a'), 11, { wasDeleted: true });
  waiting.add(key('a'), 12);
  expect(waiting.take(1)).toEqual([{ key: key('a'), sinceMs: 10, wasDeleted: true }]);
});

test('more than the limit are not kept, and it says so once', () => {
  const waiting = new WaitingSessions();
  for (let n = 0; n <= MAX_WAITING; n += 1) waiting.add(key(`s${n}`), n);
  expect(waiting.size).toBe(MAX_WAITING);
  expect([waiting.takeOverflow(), waiting.takeOverflow()]).toEqual([true, false]);
});
