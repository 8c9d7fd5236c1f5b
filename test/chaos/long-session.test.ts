/**
 * A session of very many messages goes on for very many turns: whatever it holds, no request is longer than the model's
 * window, the API refuses none, and what was said long ago is still there. In the end it prints what was summed up, what
 * that cost, and what the API's cache has saved, against the model server's own count.
 */
import { expect, it } from 'vitest';
import { emptyUsage, promptTokens } from '../../src/model/usage.ts';
import { costNanoUsd } from '../../src/pricing/price.ts';
import { textAnswer } from '../../src/rehearsal/answer.ts';
import type { SeenRequest } from '../../src/rehearsal/seen-request.ts';
import { lastText, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';

const IS_FULL = process.env['GREENROOM_FULL'] === '1';
const MESSAGES = IS_FULL ? 100_000 : 5_000;
const TURNS = IS_FULL ? 1_000 : 50;
const WINDOW = IS_FULL ? 200_000 : 20_000;
const GROUP = 1_000;
const ASKED = 'Sum up this conversation';

const isAsking = (request: SeenRequest): boolean => lastText(request).includes(ASKED);

const grow = async (test: TestGreenroom): Promise<void> => {
  for (let at = 0; at < MESSAGES; at += GROUP)
    await test.sessions.append(
      's',
      Array.from({ length: GROUP }, (_, n) => ({
        role: n % 2 === 0 ? ('user' as const) : ('assistant' as const),
        content: `message ${at + n + 1}. ${'and so on, '.repeat(15)}`,
      })),
    );
};

/** What the model server counts, in tokens, of all its calls. */
class Counter {
  calls = 0;
  summaries = 0;
  tokens = 0;
  longest = 0;

  see(request: SeenRequest): void {
    if (request.path !== '/v1/messages') return;
    const tokens = Math.ceil(request.rawBody.byteLength / 4);
    this.calls += 1;
    this.tokens += tokens;
    this.longest = Math.max(this.longest, tokens);
    if (isAsking(request)) this.summaries += 1;
  }
}

it(`${MESSAGES} messages, then ${TURNS} turns`, async () => {
  const counter = new Counter();
  const test = await testGreenroom({
    contextTokens: WINDOW,
    script: (request) => {
      counter.see(request);
      return isAsking(request)
        ? textAnswer(`What was said so far. ${'It is remembered. '.repeat(100)}`)
        : undefined;
    },
  });
  const system = 'You keep long conversations. '.repeat(200);
  await test.sessions.create('s', { systemPrompt: system, context: { windowTokens: WINDOW } });
  await grow(test);
  const answer = 'a long answer, '.repeat(IS_FULL ? 60 : 40);
  for (let n = 1; n <= TURNS; n += 1) {
    const events = await test.run('s', `turn ${n} [[rehearse: text="${answer}"]]`);
    expect(events.at(-1)).toMatchObject({ status: 'completed', text: answer });
  }
  const { usage, totalCostUsd, numTurns, compaction, messageCount } = await test.sessions.get('s');
  expect(numTurns).toBe(TURNS);
  expect(messageCount).toBe(MESSAGES + 2 * TURNS);
  expect(counter.longest).toBeLessThanOrEqual(WINDOW);
  expect(promptTokens(usage)).toBe(counter.tokens);
  expect(counter.calls).toBe(TURNS + counter.summaries);
  expect(compaction?.throughSeq).toBeGreaterThan(MESSAGES * 0.9);
  const { entries } = await test.sessions.messages('s', { from: 1, limit: 1 });
  expect(JSON.stringify(entries)).toContain('message 1.');

  const { inputTokens, cacheReadInputTokens: read, cacheCreationInputTokens: written } = usage;
  const plain = { ...emptyUsage, inputTokens: counter.tokens, outputTokens: usage.outputTokens };
  const uncached = (costNanoUsd(plain, 'claude-sonnet-5', Date.now()) ?? 0) / 1e9;
  const cost = totalCostUsd ?? 0;
  expect(cost).toBeLessThan(uncached);
  process.stdout.write(
    [
      `long session: ${MESSAGES} messages, ${TURNS} turns, window ${WINDOW} tokens`,
      `  model calls ${counter.calls}, of these ${counter.summaries} summaries; longest prompt ${counter.longest} tokens`,
      `  prompt tokens ${counter.tokens}: ${inputTokens} plain, ${read} read from the cache, ${written} written to it`,
      `  cost $${cost.toFixed(2)}; without the cache it would be $${uncached.toFixed(2)}: ${Math.round(100 * (1 - cost / uncached))} % saved\n`,
    ].join('\n'),
  );
}, 3_600_000);
