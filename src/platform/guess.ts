/** What was probably meant by a misspelt name. */

/** Longer ones are nobody's spelling mistake. In characters. */
const MAX_LENGTH = 100;

/** ` (did you mean tag?)`, or nothing where no name is near. @param most letters that may be wrong; in names of up to four, one. */
export const guess = (written: string, names: readonly string[], most = 2): string => {
  if (written.length > MAX_LENGTH) return '';
  const lower = written.toLowerCase();
  const [near] = names
    .map((name) => ({ name, far: distance(lower, name.toLowerCase()) }))
    .filter(({ name, far }) => far === 0 || far <= (name.length > 4 ? most : 1))
    .filter(({ far }) => far === 0 || written.length > 2)
    .toSorted((a, b) => a.far - b.far);
  return near === undefined ? '' : ` (did you mean ${near.name}?)`;
};

/** Edits that make one word of the other: a letter more, fewer, another one, or two that changed places. */
const distance = (a: string, b: string): number => {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j] ?? 0, (before[j - 2] ?? 0) + 1);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
};
