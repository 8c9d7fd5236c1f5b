/** Figures: quantiles, medians over rounds, and how numbers are written. */

/** `values` sorted ascending; NaN where there are none. */
export const quantile = (values: ArrayLike<number>, q: number): number =>
  values[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

export const median = (values: readonly number[]): number =>
  quantile(Float64Array.from(values).sort(), 0.5);

/** Whole numbers as they are, others with three digits that matter: `12,345`, `12.3`, `0.0123`. */
export const number = (value: number): string => {
  if (!Number.isFinite(value)) return 'none';
  const digits = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  const decimals = Number.isInteger(value) ? 0 : Math.max(0, Math.min(4, 2 - digits));
  return value.toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
};

export const ms = (value: number): string => `${number(value)} ms`;
export const times = (value: number): string => `${value.toFixed(2)}`;

const KIB = 1024;
export const bytes = (value: number): string => {
  if (value < 10 * KIB) return `${number(value)} B`;
  if (value < 10 * KIB * KIB) return `${number(value / KIB)} KiB`;
  return `${number(value / KIB / KIB)} MiB`;
};

/** The same figure of several rounds, smallest to largest, so that the noise can be seen. */
export const spread = (values: readonly number[]): string =>
  `${number(Math.min(...values))} … ${number(Math.max(...values))}`;
