/** A line over time as text, for a results file: a row for each band of values, a column for each slice of time. */

export interface Point {
  /** Seconds. */
  readonly at: number;
  readonly value: number;
}

const WIDTH = 72;
const HEIGHT = 14;

/** @param write how a value is written beside its row. */
export const plot = (points: readonly Point[], write: (value: number) => string): string => {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return '';
  const highest = Math.max(...points.map(({ value }) => value));
  const span = Math.max(1e-9, last.at - first.at);
  const rows = Array.from({ length: HEIGHT }, () => new Array<string>(WIDTH).fill(' '));
  for (const { at, value } of points) {
    const column = Math.min(WIDTH - 1, Math.floor(((at - first.at) / span) * WIDTH));
    const row = HEIGHT - 1 - Math.min(HEIGHT - 1, Math.floor((value / highest) * HEIGHT));
    (rows[row] as string[])[column] = '*';
  }
  const labels = rows.map((_, row) => write((highest * (HEIGHT - row)) / HEIGHT));
  const gutter = Math.max(...labels.map(({ length }) => length));
  const lines = rows.map(
    (row, at) => `${(labels[at] ?? '').padStart(gutter)} |${row.join('').trimEnd()}`,
  );
  const end = `${Math.round(last.at)} s`;
  const axis = `${' '.repeat(gutter)} +${'-'.repeat(WIDTH)}`;
  return [...lines, axis, `${' '.repeat(gutter)}  ${'0'.padEnd(WIDTH - end.length)}${end}`].join(
    '\n',
  );
};

/** Slope of the line through the points (least squares), per second. */
export const slopeOf = (points: readonly Point[]): number => {
  const middle = mean(points.map(({ at }) => at));
  const level = mean(points.map(({ value }) => value));
  let above = 0;
  let below = 0;
  for (const { at, value } of points) {
    above += (at - middle) * (value - level);
    below += (at - middle) ** 2;
  }
  return below === 0 ? 0 : above / below;
};

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
