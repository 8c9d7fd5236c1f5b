/** What the page on monitoring shows by example is what is served. */
import { expect, test } from 'vitest';
import { METRICS } from '../../src/metrics/declared.ts';
import { documentNamed, fencesIn } from './readme.ts';

const PAGE = documentNamed('docs/guide/monitoring.md');

/** As a query may name it. */
const SERVED = METRICS.flatMap(({ name, type }) =>
  type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
);

test('every metric that an example names is served', () => {
  const code = fencesIn(PAGE).map(({ text }) => text);
  const named = code.flatMap((text) => text.match(/\b(?:greenroom|process)_\w+/g) ?? []);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !SERVED.includes(name))).toEqual([]);
});

test('every label and value that an example asks for is served', () => {
  const asked = fencesIn(PAGE).flatMap(({ text }) => [
    ...text.matchAll(/\b(greenroom_\w+)\{(\w+)=~?"([^"]+)"\}/g),
  ]);
  expect(asked.length).toBeGreaterThan(0);
  for (const [, name, label, values = ''] of asked) {
    const metric = METRICS.find((one) => one.name === name);
    expect(metric?.label).toBe(label);
    expect(metric?.known).toEqual(expect.arrayContaining(values.split('|')));
  }
});
