/** Plots: bars of days, and lines of a few values. Drawn as SVG, so that they have the page's colours; with a table for those who do not see them. */
import type { Bar } from './bar.ts';

const WIDTH = 720;
const HEIGHT = 150;
/** Labels that fit below. */
const LABELS = 8;

/** @param shown a value in words. */
export const Bars = (props: {
  readonly title: string;
  readonly bars: readonly Bar[];
  readonly shown: (value: number) => string;
}) => {
  const { title, bars, shown } = props;
  const most = Math.max(...bars.map(({ value }) => value), 0) || 1;
  const step = WIDTH / Math.max(1, bars.length);
  const every = Math.ceil(bars.length / LABELS);
  // the last bar has one, and each stands below its own
  const isLabelled = (at: number) => (bars.length - 1 - at) % every === 0;
  const spanAt = (at: number) => Math.min(every, at + 1);
  return (
    <figure class="chart">
      <figcaption>
        {title} <small>most: {shown(most)}</small>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={title}
        preserveAspectRatio="none"
      >
        {bars.map(({ label, value }, at) => {
          const size = Math.max((value / most) * (HEIGHT - 4), value > 0 ? 1.5 : 0);
          return (
            <g key={label}>
              <title>{`${label}: ${shown(value)}`}</title>
              <rect
                class="bar"
                x={at * step + step * 0.12}
                y={HEIGHT - size}
                width={step * 0.76}
                height={size}
              />
              <rect class="over" x={at * step} y="0" width={step} height={HEIGHT} />
            </g>
          );
        })}
      </svg>
      <div
        class="labels"
        aria-hidden="true"
        style={{ gridTemplateColumns: `repeat(${bars.length}, minmax(0, 1fr))` }}
      >
        {bars.map(({ label }, at) =>
          isLabelled(at) ? (
            <span key={label} style={{ gridColumn: `${at + 2 - spanAt(at)} / span ${spanAt(at)}` }}>
              {label.slice(5) || label}
            </span>
          ) : null,
        )}
      </div>
      <Values bars={bars} shown={shown} />
    </figure>
  );
};

const Values = ({ bars, shown }: { bars: readonly Bar[]; shown: (value: number) => string }) => (
  <details class="values">
    <summary>As a table</summary>
    <table>
      <tbody>
        {bars.map(({ label, value }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td class="number">{shown(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </details>
);

/** A line of values without axes, for the side of a number. */
export const Line = (props: {
  readonly title: string;
  readonly values: readonly number[];
  readonly shown: (value: number) => string;
}) => {
  const { title, values, shown } = props;
  const most = Math.max(...values, 0) || 1;
  const step = 200 / Math.max(1, values.length - 1);
  const points = values.map((value, at) => `${at * step},${46 - (value / most) * 42}`).join(' ');
  const last = values.at(-1);
  return (
    <figure class="line">
      <figcaption>
        {title} <strong>{last === undefined ? '–' : shown(last)}</strong>
      </figcaption>
      <svg
        viewBox="0 0 200 48"
        role="img"
        aria-label={`${title}, the last ${values.length} values`}
        preserveAspectRatio="none"
      >
        <polyline points={points} />
      </svg>
    </figure>
  );
};
