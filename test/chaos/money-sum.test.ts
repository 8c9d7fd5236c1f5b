/**
 * Compaction, the prompt cache and budgets together, on one session: what it has cost, what its budgets have counted, and
 * what the model server has counted by itself are one sum. In the end it prints that sum, and what the cache has saved of it.
 *
 * CI plays sixty turns; `GREENROOM_FULL=1` five hundred.
 */
import { expect, it } from 'vitest';
import { usdOf } from '../../src/model/money.ts';
import { emptyUsage, type Usage } from '../../src/model/usage.ts';
import { costNanoUsd } from '../../src/pricing/price.ts';
import { textAnswer } from '../../src/rehearsal/answer.ts';
import type { SeenRequest } from '../../src/rehearsal/seen-request.ts';
import { lastText, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { isFull } from './size.ts';

const TURNS = isFull() ? 500 : 60;
const WINDOW = 20_000;
const MODEL = 'claude-sonnet-5';
const OWNER = { scope: 'owner', value: 'ann', per: 'month' } as const;
const ALL = { scope: 'tenant', per: 'day' } as const;

const isAsking = (request: SeenRequest): boolean =>
  lastText(request).includes('Sum up this conversation');

/** As our own counts are spelled. */
const usageOf = ({ usage }: SeenRequest): Usage =>
  usage === undefined
    ? emptyUsage
    : {
        ...emptyUsage,
        inputTokens: usage.input_tokens,
        outputTokens: usage.output_tokens,
        cacheReadInputTokens: usage.cache_read_input_tokens,
        cacheCreationInputTokens: usage.cache_creation_input_tokens,
        cacheCreation5mInputTokens: usage.cache_creation.ephemeral_5m_input_tokens,
        cacheCreation1hInputTokens: usage.cache_creation.ephemeral_1h_input_tokens,
      };

/** The same prompt without a cache: all of it is plain. */
const uncached = (usage: Usage): Usage => ({
  ...emptyUsage,
  inputTokens: usage.inputTokens + usage.cacheReadInputTokens + usage.cacheCreationInputTokens,
  outputTokens: usage.outputTokens,
});

const costOf = (usage: Usage): number => costNanoUsd(usage, MODEL, Date.now()) ?? Number.NaN;

/** What the model server has counted, call by call. */
class Server {
  calls = 0;
  summaries = 0;
  nanoUsd = 0;
  uncachedNanoUsd = 0;

  take(test: TestGreenroom): void {
    for (const request of test.modelCalls) {
      const usage = usageOf(request);
      this.calls += 1;
      if (isAsking(request)) this.summaries += 1;
      this.nanoUsd += costOf(usage);
      this.uncachedNanoUsd += costOf(uncached(usage));
    }
    test.rehearsal.requests.clear(); // and not its prompt cache
  }
}

/** Runs a turn, and says yes as often as its budgets ask. @returns how often that was. */
const paidTurn = async (test: TestGreenroom, prompt: string): Promise<number> => {
  let asked = 0;
  for await (const event of test.greenroom.turn('s', prompt)) {
    if (event.type === 'turn.finished') expect(event.status).toBe('completed');
    if (event.type !== 'budget.requested') continue;
    asked += 1;
    await test.sessions.approve('s', { approvalId: event.approvalId, decision: 'allow' });
  }
  return asked;
};

it(`${TURNS} turns with compactions, the cache and three budgets come to one sum`, async () => {
  const test = await testGreenroom({
    contextTokens: WINDOW,
    script: (request) =>
      isAsking(request)
        ? textAnswer(`What was said so far. ${'It is remembered. '.repeat(60)}`)
        : undefined,
  });
  await test.sessions.putBudget({ ...OWNER, maxUsd: 1_000 });
  await test.sessions.putBudget({ ...ALL, maxUsd: 1_000 });
  await test.sessions.create('s', {
    ...{ owner: 'ann', model: MODEL, systemPrompt: 'You keep accounts. '.repeat(200) },
    ...{ maxTokens: 1_000, context: { windowTokens: WINDOW }, budget: { maxUsd: 0.05 } },
  });
  const server = new Server();
  let asked = 0;
  for (let n = 1; n <= TURNS; n += 1) {
    asked += await paidTurn(test, `entry ${n} [[rehearse: text="${'booked, '.repeat(80)}"]]`);
    server.take(test);
  }

  const { totalCostUsd, numTurns, compaction } = await test.sessions.get('s');
  expect(numTurns).toBe(TURNS);
  expect(compaction).toBeDefined();
  expect(server.calls).toBe(TURNS + server.summaries);
  expect(asked).toBeGreaterThan(0);
  const outside = usdOf(server.nanoUsd);
  expect(totalCostUsd).toBeCloseTo(outside, 9);
  for (const budget of await test.sessions.budgets({ owner: 'ann' }))
    expect(budget).toMatchObject({
      ...{ spentUsd: totalCostUsd, reservedUsd: 0, estimatedUsd: 0 },
    });
  expect(await test.sessions.costs({ by: 'owner' })).toMatchObject([
    { value: 'ann', costUsd: expect.closeTo(outside, 9) },
  ]);
  const plain = usdOf(server.uncachedNanoUsd);
  expect(outside).toBeLessThan(plain);
  process.stdout.write(
    [
      `one sum: ${TURNS} turns, ${server.summaries} summaries, ${asked} times asked for more money`,
      `  session, budgets and model server: $${outside.toFixed(4)}`,
      `  without the cache $${plain.toFixed(4)}: it saved $${(plain - outside).toFixed(4)}, ${Math.round(100 * (1 - outside / plain))} %\n`,
    ].join('\n'),
  );
  await test.sessions.deleteBudget(OWNER);
  await test.sessions.deleteBudget(ALL);
}, 3_600_000);
