/** The text that is served is what a strict reader of the format reads. */
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/metrics/declared.ts';
import { Counter, Histogram, MAX_VALUES, OTHER } from '../../src/metrics/instruments.ts';
import { type Family, textOf } from '../../src/metrics/text-format.ts';
import { readExposition, type Sample } from './exposition.ts';

const read = (...families: Family[]) => readExposition(textOf(families));

describe('a counter', () => {
  const declared = {
    name: 'x_total',
    type: 'counter',
    help: 'A "help" with \\ and\na line.',
  } as const;

  it('without a label is there from the start', () => {
    const counter = new Counter(declared);
    expect(read(counter.family())).toEqual([
      { ...declared, samples: [{ name: 'x_total', labels: {}, value: 0 }] },
    ]);
    counter.add('', 2.5);
    counter.add('');
    expect(read(counter.family())[0]?.samples[0]?.value).toBe(3.5);
  });

  it('shows the values of its label that are known beforehand, and those that came', () => {
    const counter = new Counter({ ...declared, label: 'kind', known: ['a', 'b'] });
    counter.add('b');
    counter.add('c');
    const [metric] = read(counter.family());
    expect(metric?.samples.map(({ labels, value }) => [labels['kind'], value])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 1],
    ]);
  });

  it.each([
    '"',
    '\\',
    '\n',
    '\\n',
    'a"} 1\nevil_total{x="',
    '__proto__',
    'constructor',
    '',
    'ü 🙂',
  ])('gives a label of any text as it is: %j', (text) => {
    const counter = new Counter({ ...declared, label: 'model' });
    counter.add(text);
    expect(read(counter.family())[0]?.samples).toEqual([
      { name: 'x_total', labels: { model: text }, value: 1 },
    ]);
  });

  it('counts what is more than its values together', () => {
    const counter = new Counter({ ...declared, label: 'model' });
    for (let at = 0; at < 10 * MAX_VALUES; at += 1) counter.add(`model-${at}`);
    counter.add('model-0');
    const samples: readonly Sample[] = read(counter.family())[0]?.samples ?? [];
    expect(samples).toHaveLength(MAX_VALUES + 1);
    expect(samples[0]?.value).toBe(2);
    expect(samples.find(({ labels }) => labels['model'] === OTHER)?.value).toBe(9 * MAX_VALUES);
  });
});

describe('a histogram', () => {
  const declared = { name: 'x_seconds', type: 'histogram', help: 'h', bounds: [0.1, 1] } as const;

  it('counts each time in all buckets that it fits in', () => {
    const histogram = new Histogram(declared);
    for (const ms of [0, 100, 100.001, 1_000, 5_000, -7]) histogram.observeMs(ms);
    const [metric] = read(histogram.family());
    expect(metric?.samples.map(({ labels, value }) => [labels['le'], value])).toEqual([
      ['0.1', 3],
      ['1', 5],
      ['+Inf', 6],
      [undefined, 0.1 + 0.100001 + 1 + 5],
      [undefined, 6],
    ]);
  });
});

describe('every metric', () => {
  it('has a name by the conventions, in base units', () => {
    for (const { name, type, help, bounds, label } of METRICS) {
      expect(name).toMatch(/^(greenroom|process)_[a-z]+(_[a-z]+)*$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
      if (type === 'histogram') expect(bounds).toEqual(bounds?.toSorted((a, b) => a - b));
      expect(name).not.toMatch(/_(ms|milliseconds|usd|kb|mb)(_|$)/);
      expect(help).toMatch(/^[A-Z0-9].*\.$/);
      expect(label ?? 'kind').not.toMatch(/session|turn_id|tenant|trace/);
    }
  });

  it('has a name of its own', () => {
    expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
  });
});
