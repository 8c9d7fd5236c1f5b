/**
 * How much address space a process has: what its kernel gives it, which is 512 GiB on small ARM machines, or a limit such as that of
 * `ulimit -v`. Owns nothing.
 */
import { readFileSync } from 'node:fs';

/** In bytes, for all that it maps; undefined where the system does not say it. */
export const addressSpace = (): number | undefined =>
  addressSpaceIn(textOf('/proc/self/maps'), textOf('/proc/self/limits'));

/** Of what Linux says in `/proc/self/maps` and `/proc/self/limits`. Pure. */
export const addressSpaceIn = (maps: string, limits: string): number | undefined => {
  const limit = /^Max address space +(\d+) /m.exec(limits)?.[1];
  const known = [highestIn(maps), limit === undefined ? 0 : Number(limit)].filter(
    (each) => each > 0,
  );
  return known.length === 0 ? undefined : Math.min(...known);
};

/** The stack stands near the end of the space. What the kernel shows behind it is its own. */
const highestIn = (maps: string): number => {
  const ends = maps.matchAll(/^[0-9a-f]+-([0-9a-f]+) .*\[stack\]$/gm);
  return Math.max(0, ...Array.from(ends, ([, end = '0']) => Number.parseInt(end, 16)));
};

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // not on this system
  }
};
