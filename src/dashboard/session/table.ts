/**
 * Tables as assistants write them: a line of names, a line of dashes below it, then a line for each row, with bars between
 * the cells. Its cells are text with code and emphasis, like any line. Pure.
 *
 * No letter is lost: a row may have more cells than the table has names, or fewer. A line is looked at twice at most, and what
 * is too wide stays as it was written.
 */
import { type Inline, inlineIn, MAX_INLINE } from './inline.ts';

const MAX_COLUMNS = 40;
const MAX_ROWS = 500;

export type Side = 'left' | 'center' | 'right';
export type Cell = readonly Inline[];

export interface Table {
  readonly kind: 'table';
  readonly names: readonly Cell[];
  readonly rows: readonly (readonly Cell[])[];
  /** Of each column; undefined: it says nothing of that. */
  readonly sides: readonly (Side | undefined)[];
}

interface Found {
  readonly block: Table;
  /** The line behind it. */
  readonly end: number;
}

/** undefined: no table begins there. */
export const tableAt = (lines: readonly string[], at: number): Found | undefined => {
  const names = cellsIn(lines[at]);
  const dashes = names && cellsIn(lines[at + 1]);
  if (dashes === undefined || dashes.length !== names?.length) return undefined;
  if (!dashes.every((cell) => DASHES.test(cell))) return undefined;
  const rows: (readonly Cell[])[] = [];
  let end = at + 2;
  for (; rows.length < MAX_ROWS; end += 1) {
    const cells = cellsIn(lines[end]);
    if (cells === undefined) break;
    rows.push(cells.map(shown));
  }
  const block = {
    kind: 'table',
    names: names.map(shown),
    rows,
    sides: dashes.map(sideOf),
  } as const;
  return { block, end };
};

const DASHES = /^:?-+:?$/;

const sideOf = (dashes: string): Side | undefined => {
  if (dashes.endsWith(':')) return dashes.startsWith(':') ? 'center' : 'right';
  return dashes.startsWith(':') ? 'left' : undefined;
};

const shown = (cell: string): Cell => inlineIn(cell);

/** undefined: it is no row. A bar behind a backslash is none between cells. */
const cellsIn = (line: string | undefined): readonly string[] | undefined => {
  if (line === undefined || line.length > MAX_INLINE || !line.includes('|')) return undefined;
  const cells = splitAtBars(line.trim()).map((cell) => cell.trim());
  if (cells[0] === '') cells.shift();
  if (cells.at(-1) === '') cells.pop();
  return cells.length > 0 && cells.length <= MAX_COLUMNS ? cells : undefined;
};

const splitAtBars = (line: string): string[] => {
  const cells: string[] = [];
  let cell = '';
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] ?? '';
    if (letter === '\\' && line[at + 1] === '|') {
      cell += '|';
      at += 1;
    } else if (letter === '|') {
      cells.push(cell);
      cell = '';
    } else cell += letter;
  }
  cells.push(cell);
  return cells;
};
