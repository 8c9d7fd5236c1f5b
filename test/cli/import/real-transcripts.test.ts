/**
 * Real transcripts through the importer into a whole Greenroom, against the totals of an independent
 * script (`USAGE.tsv`). They lie beside the checkout; without them these tests are skipped.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileResult } from '../../../src/cli/import/import-session.ts';
import { importFiles } from '../../../src/cli/import/importer.ts';
import { type ImportSummary, summarise } from '../../../src/cli/import/summary.ts';
import type { Spent } from '../../../src/cli/import/totals.ts';
import { findFiles } from '../../../src/cli/import/walk.ts';
import { type Greenroom, startGreenroom } from '../../../src/index.ts';
import { tellsNothing } from '../fake-daemon.ts';
import { newFolder } from '../run-cli.ts';

const FOLDER = fileURLToPath(new URL('../../../../shared/data/transcripts', import.meta.url));
const isHere = existsSync(FOLDER);
if (!isHere) console.log('skipped: no real transcripts beside this checkout (../shared/data)');

type Row = Readonly<Record<string, string>>;

const readTable = (name: string): Row[] => {
  const [head = [], ...rows] = readFileSync(join(FOLDER, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  return rows.map((cells) =>
    Object.fromEntries(head.map((column, at) => [column, cells[at] ?? ''])),
  );
};

const importInto = async (greenroom: Greenroom, paths: readonly string[]) => {
  const results: FileResult[] = [];
  const spent = await importFiles((await findFiles(paths)).files, {
    daemon: {
      ...greenroom.api,
      ...tellsNothing,
      daemon: () => Promise.reject(new Error('an import asks the daemon nothing')),
      close: async () => {},
    },
    sleep: async () => {},
    onProgress: () => {},
    onFile: (result) => void results.push(result),
  });
  return { results, summary: summarise(results, spent) };
};

/** Prompt tokens by kind, output tokens. */
const ourTokens = ({ usage }: Pick<Spent, 'usage'>): number[] => [
  usage.inputTokens,
  usage.outputTokens,
  usage.cacheCreation5mInputTokens,
  usage.cacheCreation1hInputTokens,
  usage.cacheReadInputTokens,
];

const theirTokens = (row: Row): number[] =>
  ['input', 'output', 'cache_write_5m', 'cache_write_1h', 'cache_read'].map((name) =>
    Number(row[name]),
  );

describe.skipIf(!isHere)('every real transcript', () => {
  let greenroom: Greenroom;
  let first: { results: FileResult[]; summary: ImportSummary };
  const usage = () => new Map(readTable('USAGE.tsv').map((row) => [row['file'], row]));
  const real = () =>
    readTable('MANIFEST.tsv')
      .filter((row) => row['kind'] === 'real')
      .map((row) => join(FOLDER, row['file'] ?? ''));

  beforeAll(async () => {
    greenroom = await startGreenroom({ dataDir: newFolder(), store: 'memory:' });
    first = await importInto(greenroom, real());
  });
  afterAll(() => greenroom.stop());

  test('is taken, and costs what the independent script says', () => {
    const rows = usage();
    expect(first.summary).toMatchObject({ refused: [], failed: [] });
    for (const result of first.results) {
      const row = rows.get(result.path.slice(FOLDER.length + 1));
      // The script counts each file alone: also the copies of what another session made.
      const { costUsd, inheritedCostUsd = 0 } = result;
      const whole = (costUsd ?? Number.NaN) + inheritedCostUsd;
      expect(whole, result.path).toBeCloseTo(Number(row?.['usd_by_iterations']), 5);
    }
  });

  test('has the tokens that the script counted, and those of advisors besides', () => {
    const rows = usage();
    for (const result of first.results) {
      const row = rows.get(result.path.slice(FOLDER.length + 1)) ?? {};
      // The script's token columns are the top level of `usage`, which leaves out advisor models and
      // is zero in two lines; its `usd_by_iterations` counts them, and so do our tokens.
      if (row['usd'] !== row['usd_by_iterations']) continue;
      const { usage: ours, inheritedCostUsd } = result;
      if (inheritedCostUsd !== undefined) continue; // copies are told in money only
      expect(ours && ourTokens({ usage: ours }), result.path).toEqual(theirTokens(row));
    }
  });

  test('adds up to the global total, each response counted once', () => {
    const total = usage().get('TOTAL_REAL_FILES_DEDUPED_ACROSS_FILES') ?? {};
    expect(first.summary.costUsd).toBeCloseTo(Number(total['usd_by_iterations']), 5);
    expect(first.summary.usage.cacheReadInputTokens).toBe(Number(total['cache_read']));
  });

  test('costs a session of one file what the file costs', async () => {
    const alone = first.results.filter(
      ({ sessionId }, _, all) => all.filter((each) => each.sessionId === sessionId).length === 1,
    );
    expect(alone.length).toBeGreaterThan(20);
    for (const { sessionId = '', costUsd } of alone) {
      const session = await greenroom.sessions.get(sessionId);
      expect(session.totalCostUsd, sessionId).toBeCloseTo(costUsd ?? Number.NaN, 9);
    }
  });

  test('is kept line for line', async () => {
    const { path, sessionId = '' } = first.results.find((each) => each.malformed === 0) ?? {};
    const { entries } = await greenroom.sessions.messages(sessionId, { limit: 1000 });
    const lines = readFileSync(path ?? '', 'utf8')
      .trimEnd()
      .split('\n');
    expect(entries.map((entry) => 'line' in entry && entry.line)).toEqual(
      lines.slice(0, 1000).map((line) => JSON.parse(line) as unknown),
    );
  });

  test('adds nothing when it is imported again', async () => {
    const before = await greenroom.sessions.count();
    const { summary } = await importInto(greenroom, real());
    expect(summary).toMatchObject({ added: 0, sessions: { new: 0, grown: 0 } });
    expect(await greenroom.sessions.count()).toEqual(before);
  });
});

describe.skipIf(!isHere)('the whole folder', () => {
  test('comes in by one command; the three foreign logs are refused', async () => {
    const greenroom = await startGreenroom({ dataDir: newFolder(), store: 'memory:' });
    const { summary } = await importInto(greenroom, [FOLDER]);
    expect(summary.refused.map(({ reason }) => reason.split(',')[0]).sort()).toEqual([
      'This is a Codex rollout',
      'This is a Gemini session',
      'This is a pi session',
    ]);
    expect(summary).toMatchObject({ files: readTable('MANIFEST.tsv').length, failed: [] });
    await greenroom.stop();
  });
});
