/** Real time, bounded: these tests are about real processes. */

/** Polls until it holds; throws with `what` after `limitMs`. */
export const until = async (
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 60_000,
): Promise<void> => {
  const due = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > due) throw new Error(`waited ${limitMs} ms for ${what}`);
    await pause(10);
  }
};

/** For a load that found nobody: what it tries again, it tries a little later. */
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
