/** Figures in a row as a small picture: eight heights, of which the lowest stands for the least and for nothing. */

const HEIGHTS = '▁▂▃▄▅▆▇█';

/**
 * One character for each figure, oldest first; more than fit into `width` are summed up in groups of the same size. A
 * figure that is not known is a space.
 */
export const sparkline = (figures: readonly (number | null)[], width: number): string => {
  const each = Math.max(1, Math.ceil(figures.length / Math.max(1, width)));
  const bars: (number | null)[] = [];
  for (let at = 0; at < figures.length; at += each) bars.push(sum(figures.slice(at, at + each)));
  const most = bars.reduce<number>((high, bar) => Math.max(high, bar ?? 0), 0);
  return bars.map((bar) => (bar === null ? ' ' : heightOf(bar, most))).join('');
};

const sum = (figures: readonly (number | null)[]): number | null =>
  figures.reduce<number | null>(
    (total, figure) => (total === null || figure === null ? null : total + figure),
    0,
  );

const heightOf = (bar: number, most: number): string => {
  const step = most === 0 ? 0 : Math.round((bar / most) * (HEIGHTS.length - 1));
  return HEIGHTS[step] ?? ' ';
};
