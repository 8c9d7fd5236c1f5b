/**
 * Tokens and money of every transcript against USAGE.tsv, which an independent script computed.
 *
 * Where we differ, and why:
 * - The product counts `iterations`, so its cost is the column `usd_by_iterations`; the token columns
 *   and `usd` are the top-level numbers, which these tests take from `reported`.
 * - The script does not price web searches; we do, at ten dollars per thousand.
 * - The script knows LiteLLM's rows alone. Models that only other lists price (`claude-3-sonnet`) and
 *   undated names (`claude-sonnet-4`), both in fixtures only, cost it nothing and us something.
 * - Where the top-level split of cache writes leaves a rest, we take the rest for 5-minute writes;
 *   the script's top-level columns leave it out: `UNSPLIT` has the rests. Iterations
 *   split the same tokens in full, so what we count agrees.
 * - Malformed lines and recovered ones are together its `bad_lines`.
 */
import { describe, expect, test } from 'vitest';
import { describeLine } from '../../src/claude-code/describe-line.ts';
import { objectsOf } from '../../src/claude-code/read-line.ts';
import { mergeResponse, type ResponseRecord } from '../../src/claude-code/response-record.ts';
import { emptyFacts, foldChunk } from '../../src/claude-code/transcript-facts.ts';
import { addUsage, emptyUsage, type Usage } from '../../src/model/usage.ts';
import { costNanoUsd, WEB_SEARCH_NANO_USD } from '../../src/pricing/price.ts';
import { loadCorpora, type Sample } from './corpora.ts';

const NANO = 1e9;
const TOKEN_COLUMNS = [
  ['input', 'inputTokens'],
  ['output', 'outputTokens'],
  ['cache_write_5m', 'cacheCreation5mInputTokens'],
  ['cache_write_1h', 'cacheCreation1hInputTokens'],
  ['cache_read', 'cacheReadInputTokens'],
  ['web_search', 'webSearchRequests'],
] as const;

const UNSPLIT = new Map([
  ['teslamint__entirecontext/01M00YG5AQS6KNP3QYG1MT22T5-1.jsonl', 867],
  ['teslamint__entirecontext/01M0DCC9VQ4CRZEXMXG2GWTDBP-0.jsonl', 3_176],
  ['TOTAL_REAL_FILES_DEDUPED_ACROSS_FILES', 867 + 3_176],
]);

interface Sums {
  readonly count: number;
  readonly usage: Usage;
  /** Without web searches. */
  readonly usd: number;
  readonly isPriced: boolean;
}

/** The responses with their top-level usage, as if there were no iterations. */
const reported = (lines: readonly Uint8Array[], into = new Map<string, ResponseRecord>()) => {
  for (const line of lines.flatMap(objectsOf).map(describeLine)) {
    if (line.response === undefined) continue;
    const { key, model, reported: usage } = line.response;
    const atMs = line.atMs ?? 0;
    const cost = costNanoUsd(usage, model, atMs);
    const record = { model, usage, atMs, costNanoUsd: cost, isSidechain: line.isSidechain };
    into.set(key, mergeResponse(into.get(key), record).record);
  }
  return into;
};

const sums = (responses: ReadonlyMap<string, ResponseRecord>): Sums => {
  const records = [...responses.values()];
  const usage = records.map((record) => record.usage).reduce(addUsage, emptyUsage);
  const cost = records.reduce((sum, record) => sum + (record.costNanoUsd ?? 0), 0);
  return {
    count: records.length,
    usage,
    usd: (cost - usage.webSearchRequests * WEB_SEARCH_NANO_USD) / NANO,
    isPriced: records.every((record) => record.costNanoUsd !== null),
  };
};

const expectTokens = (row: ReadonlyMap<string, string>, found: Sums): void => {
  expect(found.count).toBe(Number(row.get('unique_requests')));
  for (const [column, field] of TOKEN_COLUMNS)
    expect(`${column} ${found.usage[field] - rest(row, column)}`).toBe(
      `${column} ${row.get(column)}`,
    );
};

const rest = (row: ReadonlyMap<string, string>, column: string): number =>
  column === 'cache_write_5m' ? (UNSPLIT.get(row.get('file') ?? '') ?? 0) : 0;

/** Both files' models write to the cache for $6.25 per million tokens. */
const restUsd = (row: ReadonlyMap<string, string>): number => rest(row, 'cache_write_5m') * 6.25e-6;

const isComparable = (row: ReadonlyMap<string, string>): boolean =>
  !row.get('models')?.includes('UNPRICED');

const fold = (sample: Sample) => foldChunk(emptyFacts, sample.lines);

describe.each(loadCorpora())('$name', ({ samples, usage }) => {
  const rows = samples.flatMap((sample) => {
    const row = usage.get(sample.file);
    return row === undefined ? [] : [{ ...sample, row }];
  });

  test.each(rows)('$file: the top-level tokens and their cost', ({ lines, row }) => {
    const found = sums(reported(lines));
    expectTokens(row, found);
    if (isComparable(row)) expect(found.usd - restUsd(row)).toBeCloseTo(Number(row.get('usd')), 5);
  });

  test.each(rows)('$file: what we count, iterations included, costs what it cost', (sample) => {
    const { facts, responses } = fold(sample);
    const found = sums(responses);
    expect(found.isPriced).toBe(true);
    expect(found.count).toBe(Number(sample.row.get('unique_requests')));
    expect(facts.malformed + facts.recovered).toBe(Number(sample.row.get('bad_lines')));
    if (isComparable(sample.row))
      expect(found.usd).toBeCloseTo(Number(sample.row.get('usd_by_iterations')), 5);
  });

  test('over all real files together each response counts once', () => {
    const total = usage.get('TOTAL_REAL_FILES_DEDUPED_ACROSS_FILES');
    if (total === undefined) return;
    const real = samples.filter((sample) => sample.kind === 'real');
    const topLevel = new Map<string, ResponseRecord>();
    const counted = new Map<string, ResponseRecord>();
    for (const sample of real) {
      reported(sample.lines, topLevel);
      for (const [key, record] of fold(sample).responses)
        counted.set(key, mergeResponse(counted.get(key), record).record);
    }
    expectTokens(total, sums(topLevel));
    expect(sums(topLevel).usd - restUsd(total)).toBeCloseTo(Number(total.get('usd')), 5);
    expect(sums(counted).usd).toBeCloseTo(Number(total.get('usd_by_iterations')), 5);
  });
});
