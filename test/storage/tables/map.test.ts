/** The address space that the store's map is given. Pure. */
import { expect, it } from 'vitest';
import { addressSpaceIn } from '../../../src/platform/address-space.ts';
import { MAP_BYTES, mapBytesIn } from '../../../src/storage/records/limits.ts';

const GIB = 1024 ** 3;
const limits = (bytes: string) =>
  `Max file size   1   1   bytes\nMax address space   ${bytes}   unlimited   bytes\n`;
const maps = (end: string) =>
  `5583de000000-5583de100000 r--p 00000000 08:01 1 /usr/bin/node\n7ffd13a00000-${end} rw-p 00000000 00:00 0  [stack]\nffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n`;

it('is a part of what the kernel gives, or a limit leaves', () => {
  const large = addressSpaceIn(maps('7ffd13b00000'), limits('unlimited'));
  expect(mapBytesIn(large)).toBe(MAP_BYTES);
  const small = addressSpaceIn(maps('7fd13b0000'), limits('unlimited')); // 39 bits
  expect(mapBytesIn(small)).toBeGreaterThan(64 * GIB);
  expect(mapBytesIn(small)).toBeLessThan(256 * GIB);
  const limited = addressSpaceIn(maps('7ffd13b00000'), limits(String(200 * GIB)));
  expect(mapBytesIn(limited)).toBe(50 * GIB);
  expect(addressSpaceIn('', '')).toBeUndefined();
  expect(mapBytesIn(undefined)).toBe(MAP_BYTES);
});
