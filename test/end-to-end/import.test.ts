/**
 * Real transcripts through the whole product: imported by the command line over NATS, counted,
 * searched, resumed. Figures are computed from the files; USAGE.tsv, which an independent script
 * made, is only compared with (how the two differ, and why, is told in usage-table.test.ts).
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileResult } from '../../src/cli/import/import-session.ts';
import { runCli } from '../../src/cli/run.ts';
import type { Screen } from '../../src/cli/shell.ts';
import { connectClient } from '../../src/client/client.ts';
import { type Greenroom, type SessionSummary, startGreenroom } from '../../src/index.ts';
import { newestSonnet } from '../../src/pricing/price.ts';
import { type Rehearsal, startRehearsal } from '../../src/rehearsal/server.ts';
import { modelMessages } from '../../src/session/context/model-messages.ts';
import { type Corpus, loadCorpora, type Sample } from '../claude-code/corpora.ts';
import { validateMessagesRequest } from '../support/api-rules.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { unmarked } from '../support/unmarked.ts';

const FOLDERS: Readonly<Record<string, URL>> = {
  fixtures: new URL('../fixtures/transcripts/', import.meta.url),
  'shared transcripts': new URL('../../../shared/data/transcripts/', import.meta.url),
};

interface Summary {
  readonly costUsd: number | null;
  readonly knownCostUsd?: number;
}

describe.skipIf(withoutNatsServer()).each(loadCorpora())('$name', (corpus: Corpus) => {
  const folder = fileURLToPath(FOLDERS[corpus.name] ?? new URL('.', import.meta.url));
  const real = corpus.samples.filter((sample) => sample.kind === 'real');
  let dataDir: string;
  let rehearsal: Rehearsal;
  let greenroom: Greenroom;
  let files: readonly FileResult[];

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'greenroom-import-'));
    rehearsal = await startRehearsal();
    greenroom = await startGreenroom({
      dataDir,
      nats: { port: 0 },
      provider: 'anthropic',
      textSearch: 'off',
      anthropicApiKey: 'sk-test',
      anthropicBaseUrl: rehearsal.url,
      compact: 'off', // the longest would be summed up before a turn
    });
    ({ files } = await importAll(greenroom, [folder]));
  });
  afterAll(async () => {
    await greenroom?.stop();
    await rehearsal?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const resultOf = (sample: Sample) => files.find(({ path }) => path.endsWith(sample.file));
  const allSessions = async (): Promise<readonly SessionSummary[]> =>
    (await greenroom.sessions.search({ limit: 1000 })).sessions;

  it('every real file costs what the independent count says', () => {
    for (const sample of real) {
      const row = corpus.usage.get(sample.file);
      const result = resultOf(sample);
      if (row === undefined || row.get('models')?.includes('UNPRICED')) continue;
      const webSearches = (result?.usage?.webSearchRequests ?? 0) * 0.01;
      // A response that another file has too counts in one of them: the count sees each file alone.
      const whole = (result?.costUsd ?? Number.NaN) + (result?.inheritedCostUsd ?? 0);
      expect(whole - webSearches, sample.file).toBeCloseTo(Number(row.get('usd_by_iterations')), 5);
    }
  });

  it('all real files together cost what the count over all of them says', async () => {
    const total = corpus.usage.get('TOTAL_REAL_FILES_DEDUPED_ACROSS_FILES');
    if (total === undefined) return;
    const { summary } = await importAll(
      greenroom,
      real.map(({ file }) => join(folder, file)),
    );
    expect(summary.costUsd).toBeCloseTo(Number(total.get('usd_by_iterations')), 4);
  });

  it('foreign logs are refused with a sentence, and nothing else is', () => {
    const foreign = corpus.samples.filter(({ kind }) => kind === 'foreign').map(({ file }) => file);
    const refused = files.filter(({ status }) => status === 'refused' || status === 'failed');
    expect(refused.map(({ path }) => path.replace(folder, '')).sort()).toEqual(foreign.sort());
    for (const result of refused)
      expect(JSON.stringify(result)).toMatch(/not a Claude Code transcript/);
  });

  it('a second import adds nothing', async () => {
    const before = await allSessions();
    const again = await importAll(greenroom, [folder]);
    expect(again.files.reduce((sum, { added }) => sum + added, 0)).toBe(0);
    expect(await allSessions()).toEqual(before);
  });

  it("a session's usage is that of all its files, each response once", async () => {
    for (const { sessionId } of await allSessions()) {
      const own = files.filter((file) => file.sessionId === sessionId && file.status !== 'refused');
      const session = await greenroom.sessions.get(sessionId);
      const most = Math.max(...own.map(({ usage }) => usage?.outputTokens ?? 0));
      const sum = own.reduce((total, { usage }) => total + (usage?.outputTokens ?? 0), 0);
      expect(session.usage.outputTokens).toBeGreaterThanOrEqual(most);
      expect(session.usage.outputTokens).toBeLessThanOrEqual(sum);
    }
  });

  it('search by tag, date and cost finds what a plain scan finds', async () => {
    const sessions = await allSessions();
    await Promise.all(
      sessions
        .filter((_, at) => at % 3 === 0)
        .map(({ sessionId }) => greenroom.sessions.tag(sessionId, 'Third')),
    );
    const costs = sessions
      .map((session) => session.totalCostUsd ?? session.knownCostUsd ?? 0)
      .sort((a, b) => a - b);
    const dates = sessions.map(({ createdAt }) => createdAt).sort();
    const middle = Math.floor(sessions.length / 2);
    const criteria = [
      { tags: ['third'] },
      { noTags: ['THIRD'] },
      { minCostUsd: costs[middle] ?? 0 },
      { maxCostUsd: costs[middle] ?? 0, tags: ['Third'] },
      { createdAfter: dates[middle] ?? '', createdBefore: dates.at(-2) ?? '' },
      { before: dates[middle] ?? '', minCost: costs[2] ?? 0 },
    ];
    for (const wanted of criteria) {
      const found = (await greenroom.sessions.search({ ...wanted, limit: 1000 })).sessions.map(
        ({ sessionId }) => sessionId,
      );
      expect(found.sort(), JSON.stringify(wanted)).toEqual(await scan(greenroom, sessions, wanted));
      expect((await greenroom.sessions.count(wanted)).count).toBe(found.length);
    }
  });

  it('a turn on every real session sends its whole history in a form that the API takes', async () => {
    const longest = new Map<string, Sample>();
    for (const sample of real) {
      const result = resultOf(sample);
      if (result?.sessionId === undefined || result.subpath !== '') continue;
      const known = longest.get(result.sessionId);
      if (known === undefined || known.lines.length < sample.lines.length)
        longest.set(result.sessionId, sample);
    }
    expect(longest.size).toBeGreaterThan(0);
    for (const [sessionId, sample] of longest) {
      await finish(greenroom, sessionId);
      const body = rehearsal.requests.last?.json as { messages: unknown[]; model: string };
      expect(validateMessagesRequest(body), sample.file).toEqual([]);
      const asked = { role: 'user', content: 'go on' };
      const wanted = [...expectedHistory(sample, body.model), asked];
      expect(unmarked(body.messages), sample.file).toEqual(unmarked(wanted));
    }
  });
});

const expectedHistory = (sample: Sample, model: string): unknown[] =>
  modelMessages(
    sample.lines.map((body, index) => ({ kind: 'imported' as const, seq: index + 1, body })),
    { model },
  ).messages.map((message) => JSON.parse(Buffer.from(message).toString()));

const finish = async (greenroom: Greenroom, sessionId: string): Promise<void> => {
  for await (const event of greenroom.turn(sessionId, 'go on'))
    if (event.type === 'turn.finished')
      expect(event.status, `${sessionId} ${JSON.stringify(event.error)}`).toBe('completed');
};

/** What each session says of itself, looked at one by one. */
const scan = async (
  greenroom: Greenroom,
  sessions: readonly SessionSummary[],
  wanted: Record<string, unknown>,
) => {
  const found: string[] = [];
  for (const { sessionId } of sessions) {
    const session = await greenroom.sessions.get(sessionId);
    const cost = session.totalCostUsd ?? session.knownCostUsd ?? 0;
    const hasTag = (names: unknown) =>
      session.tags.some((tag) =>
        (names as string[]).some((name) => name.toLowerCase() === tag.toLowerCase()),
      );
    const holds: Record<string, (value: never) => boolean> = {
      tags: hasTag,
      noTags: (names) => !hasTag(names),
      minCostUsd: (usd) => cost >= usd,
      minCost: (usd) => cost >= usd,
      maxCostUsd: (usd) => cost <= usd,
      createdAfter: (date: string) => session.createdAt >= date,
      createdBefore: (date: string) => session.createdAt <= date,
      before: (date: string) => session.createdAt <= date,
    };
    if (Object.entries(wanted).every(([name, value]) => holds[name]?.(value as never)))
      found.push(sessionId);
  }
  return found.sort();
};

const importAll = async (
  greenroom: Greenroom,
  paths: readonly string[],
): Promise<{ files: FileResult[]; summary: Summary }> => {
  let out = '';
  const screen = (write: (text: string) => void): Screen => ({
    write,
    exactly: write,
    isTerminal: false,
    columns: undefined,
  });
  const servers = greenroom.status().broker ?? '';
  await runCli(['import', ...paths, '--json', '--servers', servers], {
    stdout: screen((text) => {
      out += text;
    }),
    stderr: screen(() => undefined),
    stdin: (async function* () {})(),
    env: {},
    cwd: '/',
    version: 'test',
    script: '/opt/greenroom/main.cjs',
    mark: 'the-mark-of-the-test',
    nowMs: () => Date.now(),
    sleep: () => Promise.resolve(),
    connect: connectClient,
    runDaemon: () => Promise.reject(new Error('not here')),
    launch: () => ({ pid: 1, ended: () => ({ exitCode: 1, signal: null }) }),
    examineFiles: async () => [],
    storeCare: () => Promise.reject(new Error('not here')),
    verifyDerived: () => Promise.reject(new Error('not here')),
    backupsCare: () => Promise.reject(new Error('not here')),
    examineBroker: () => Promise.reject(new Error('not asked for')),
    newestModel: newestSonnet,
  });
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { files: lines.filter((line) => 'path' in line), summary: lines.at(-1).summary };
};
