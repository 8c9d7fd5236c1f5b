/** Which message of a session shows best what was searched for: the one that meets most conditions, the newest of several. */
import type { IndexFile } from './index-file.ts';

/** Of each condition the newest so many messages of a session are looked at. */
const LOOKED_AT = 1_000;

/** @param matches each condition as FTS5 has it. @returns its `seq`, 0 for the session's title and the like; undefined: none meets any. */
export const bestRow = (
  file: IndexFile,
  number: number,
  matches: readonly string[],
): number | undefined => {
  const [only] = matches;
  if (matches.length === 1 && only !== undefined) return file.newest(number, only, 1)[0];
  const met = new Map<number, number>();
  for (const match of matches)
    for (const seq of file.newest(number, match, LOOKED_AT)) met.set(seq, (met.get(seq) ?? 0) + 1);
  let best: number | undefined;
  for (const [seq, count] of met) {
    const most = best === undefined ? 0 : (met.get(best) ?? 0);
    if (count > most || (count === most && seq > (best ?? 0))) best = seq;
  }
  return best;
};
