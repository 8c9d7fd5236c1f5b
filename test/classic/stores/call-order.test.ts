/** Work in the order of the calls. */
import { expect, test } from 'vitest';
import { CallOrder } from '../../../src/classic/stores/shared/call-order.ts';
import { gate } from '../../support/until.ts';

test('work of one session goes one after another, of two side by side', async () => {
  const order = new CallOrder();
  const done: string[] = [];
  const first = gate();
  const work = (name: string) => async () => void done.push(name);
  const all = [
    order.run('a', () => first.opened.then(work('a1'))),
    order.run('a', work('a2')),
    order.run('b', work('b1')),
  ];
  await all[2];
  expect(done).toEqual(['b1']);
  first.open();
  await Promise.all(all);
  expect(done).toEqual(['b1', 'a1', 'a2']);
});

test('work that fails stops nobody behind it', async () => {
  const order = new CallOrder();
  const failed = order.run('a', () => Promise.reject(new Error('no')));
  const next = order.run('a', async () => 'done');
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('done');
  await order.idle();
});

test('too much that waits is refused, and room comes again', async () => {
  const order = new CallOrder();
  const first = gate();
  const waiting = Array.from({ length: 10_000 }, () => order.run('a', () => first.opened));
  await expect(order.run('b', async () => 1)).rejects.toMatchObject({ code: 'mailbox_full' });
  first.open();
  await Promise.all(waiting);
  expect(await order.run('b', async () => 1)).toBe(1);
});
