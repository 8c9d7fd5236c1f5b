/**
 * Rows under a head, in columns, never wider than the terminal from 60 columns on: where there is no
 * room, columns that may be left out go first, then texts are cut. Figures are never cut.
 */
import { oneLine, widthOf } from './width.ts';

export interface Column {
  readonly head: string;
  /** Columns that it keeps at least. Absent: it is never cut. */
  readonly least?: number;
  /** It may be left out; the lowest number goes first. */
  readonly leftOut?: number;
}

const GAP = 2;

/** @param width in columns; endless where nobody looks. */
export const table = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string => {
  const cells = rows.map((row) => columns.map((_, at) => oneLine(row[at] ?? '')));
  const natural = columns.map(({ head }, at) =>
    Math.max(widthOf(head), ...cells.map((row) => widthOf(row[at] ?? ''))),
  );
  const { kept, widths } = spread(columns, natural, width);
  const isNumeric = columns.map(
    (_, at) => rows.length > 0 && cells.every((row) => /^[>$?\d.,-]+$/.test(row[at] ?? '')),
  );
  const lineOf = (row: readonly string[]): string =>
    kept
      .map((at) => {
        const room = widths[at] ?? 0;
        const text = oneLine(row[at] ?? '', room);
        const space = ' '.repeat(Math.max(0, room - widthOf(text)));
        return isNumeric[at] ? space + text : text + space;
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  return [columns.map(({ head }) => head), ...cells].map((row) => `${lineOf(row)}\n`).join('');
};

interface Fit {
  /** The columns that there is room for, by their place. */
  readonly kept: readonly number[];
  readonly widths: readonly number[];
}

const spread = (columns: readonly Column[], natural: readonly number[], width: number): Fit => {
  const least = natural.map((full, at) => Math.min(full, columns[at]?.least ?? full));
  const total = (widths: readonly number[], of: readonly number[]): number =>
    of.reduce((sum, at) => sum + (widths[at] ?? 0) + GAP, -GAP);
  let kept = columns.map((_, at) => at);
  const leaving = kept
    .filter((at) => columns[at]?.leftOut !== undefined)
    .sort((a, b) => (columns[a]?.leftOut ?? 0) - (columns[b]?.leftOut ?? 0));
  for (const at of leaving) {
    if (total(least, kept) <= width) break;
    kept = kept.filter((each) => each !== at);
  }
  const widths = [...natural];
  // The widest gives first, so that no column is cut before a wider one.
  for (let over = total(widths, kept) - width; over > 0 && over !== Infinity; over -= 1) {
    const widest = kept
      .filter((at) => (widths[at] ?? 0) > (least[at] ?? 0))
      .sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return { kept, widths };
};
