/** What is wrong with a query, and where. */
import { GreenroomError } from '../model/errors.ts';

/** `invalid_criteria` with the column, from 1, in the message and in `details`. */
export const queryError = (column: number, what: string): GreenroomError =>
  new GreenroomError('invalid_criteria', `column ${column}: ${what}`, { details: { column } });

/** ` (did you mean tag?)`, or nothing where no word is near. */
export const guess = (written: string, words: readonly string[]): string => {
  const near = words
    .map((word) => ({ word, distance: distance(written.toLowerCase(), word) }))
    .filter(({ word, distance: far }) => far <= (word.length > 4 ? 2 : 1))
    .sort((a, b) => a.distance - b.distance);
  return near[0] === undefined ? '' : ` (did you mean ${near[0].word}?)`;
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
