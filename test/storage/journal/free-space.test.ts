import { expect, it } from 'vitest';
import { FreeSpace } from '../../../src/storage/journal/free-space.ts';
import { folders } from '../folders.ts';

const MIB = 1024 * 1024;
const folder = folders();

it('room that was freed is seen at the next look', async () => {
  let free = 1 * MIB;
  const space = new FreeSpace(folder(), { minFreeBytes: 2 * MIB, look: () => free });
  expect(space.isLow(0, 0)).toBe(true);
  free = 4 * MIB;
  expect(space.isLow(0, 0)).toBe(true);
  await space.refresh();
  expect(space.isLow(0, 0)).toBe(false);
  expect(space.isLow(3 * MIB, 0)).toBe(true);
  expect(space.isLow(0, 3 * MIB)).toBe(true);
});

it('the file system is asked', async () => {
  const space = new FreeSpace(folder(), { minFreeBytes: 1 });
  await space.refresh();
  expect(space.freeBytes).toBeGreaterThan(0);
  expect(space.isLow(0, 0)).toBe(false);
});
