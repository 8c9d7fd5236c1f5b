/** Room that tenants share: one alone fills it, and still another one comes in. */
import { expect, it } from 'vitest';
import { Shares } from '../../src/gateway/shares.ts';

const filled = (limit: number, tenant: string): Shares => {
  const room = new Shares(limit);
  while (room.hasRoom(tenant)) room.add(tenant);
  return room;
};

const most = (room: Shares, tenant: string): number => {
  let count = 0;
  for (; room.hasRoom(tenant); count += 1) room.add(tenant);
  return count;
};

it('is one tenant’s whole room while there is no other', () => {
  const room = new Shares(100);
  expect(most(room, 'a')).toBe(100);
});

it('has a tenth more for tenants that have less than that', () => {
  const room = filled(100, 'a');
  expect(most(room, 'b')).toBe(10);
  expect(room.hasRoom('c')).toBe(false);
  room.remove('b');
  expect([room.hasRoom('a'), room.hasRoom('b'), room.hasRoom('c')]).toEqual([false, true, true]);
});

it('goes back to whoever fills it, once others have left', () => {
  const room = filled(100, 'a');
  for (let left = 0; left < 5; left += 1) room.remove('a');
  expect(most(room, 'a')).toBe(5);
  expect(most(filled(1, 'a'), 'b')).toBe(1);
});
