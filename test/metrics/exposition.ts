/**
 * A strict reader of the exposition format 0.0.4, written from its description and not from our writer: it throws at
 * the first line that a scraper might read in another way than it was meant.
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const TYPES: readonly string[] = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Reads from the front; every part that is not there is an error. */
class Line {
  #rest: string;
  readonly #whole: string;

  constructor(text: string) {
    this.#rest = text;
    this.#whole = text;
  }

  take(pattern: RegExp): string {
    const [found] = pattern.exec(this.#rest) ?? [];
    if (found === undefined) throw new Error(`expected ${pattern} in ${this.#whole}`);
    this.#rest = this.#rest.slice(found.length);
    return found;
  }

  has(text: string): boolean {
    if (!this.#rest.startsWith(text)) return false;
    this.#rest = this.#rest.slice(text.length);
    return true;
  }

  rest(): string {
    return this.#rest;
  }

  /** Up to the closing quote; a backslash may stand only before itself, a quote and an n. */
  quoted(): string {
    const raw = this.take(/^"(?:[^"\\\n]|\\[\\"n])*"/).slice(1, -1);
    return unescaped(raw);
  }
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));

const numberIn = (text: string): number => {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'NaN') return Number.NaN;
  if (!NUMBER.test(text)) throw new Error(`${text} is no number`);
  return Number(text);
};

const sampleIn = (text: string): Sample => {
  const line = new Line(text);
  const name = line.take(NAME);
  const labels: Record<string, string> = {};
  if (line.has('{'))
    do {
      const label = line.take(LABEL);
      line.take(/^=/);
      if (label in labels) throw new Error(`${label} comes twice in ${text}`);
      labels[label] = line.quoted();
    } while (line.has(','));
  if (Object.keys(labels).length > 0) line.take(/^\}/);
  line.take(/^ /);
  return { name, labels, value: numberIn(line.rest()) };
};

/** Every metric in its order. Throws at anything that is not as the format has it. */
export const readExposition = (text: string): readonly Metric[] => {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const metrics: (Metric & { readonly samples: Sample[] })[] = [];
  const lines = text.slice(0, -1).split('\n');
  for (let at = 0; at < lines.length; ) {
    const [, name = '', help = ''] = /^# HELP (\S+) (.+)$/.exec(lines[at++] ?? '') ?? [];
    const [, typed, type = ''] = /^# TYPE (\S+) (\S+)$/.exec(lines[at++] ?? '') ?? [];
    if (name === '' || typed !== name || !TYPES.includes(type))
      throw new Error(`no head of a metric in ${lines[at - 2]} and ${lines[at - 1]}`);
    if (metrics.some((metric) => metric.name === name)) throw new Error(`${name} comes twice`);
    const samples: Sample[] = [];
    while (at < lines.length && !lines[at]?.startsWith('#'))
      samples.push(sampleIn(lines[at++] ?? ''));
    metrics.push({ name, type, help: unescaped(help), samples });
  }
  for (const metric of metrics) check(metric);
  return metrics;
};

const check = ({ name, type, samples }: Metric): void => {
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  const seen = new Set<string>();
  for (const sample of samples) {
    if (!suffixes.some((suffix) => sample.name === `${name}${suffix}`))
      throw new Error(`${sample.name} is no sample of ${name}`);
    const identity = JSON.stringify([sample.name, Object.entries(sample.labels).toSorted()]);
    if (seen.has(identity)) throw new Error(`${identity} comes twice`);
    seen.add(identity);
    if (type === 'counter' && !(sample.value >= 0)) throw new Error(`${name} is below zero`);
  }
  if (type === 'histogram') checkBuckets(name, samples);
};

const checkBuckets = (name: string, samples: readonly Sample[]): void => {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => numberIn(labels['le'] ?? ''));
  const counts = buckets.map(({ value }) => value);
  const isRising = (numbers: readonly number[]) =>
    numbers.every((number, at) => at === 0 || number >= (numbers[at - 1] ?? 0));
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  if (bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`${name} has no +Inf`);
  if (!isRising(bounds) || !isRising(counts)) throw new Error(`${name} has falling buckets`);
  if (count !== counts.at(-1)) throw new Error(`the buckets of ${name} are not its count`);
  if (!samples.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}: no sum`);
};
