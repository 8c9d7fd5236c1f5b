import { describe, expect, it } from 'vitest';
import { textAnswer } from '../../src/rehearsal/answer.ts';
import type { ListedRequest } from '../../src/rehearsal/seen-listing.ts';
import { paramsFor, rehearsing } from './rehearsing.ts';

describe('the requests that a rehearsal saw', () => {
  it('are kept byte for byte, with when they came and what they got', async () => {
    const { ask, rehearsal } = await rehearsing();
    const before = Date.now();
    await ask('hällo');
    const seen = rehearsal.requests.last;
    expect(seen).toMatchObject({ seq: 1, method: 'POST', path: '/v1/messages', status: 200 });
    expect(JSON.parse(seen?.rawBody.toString() ?? '')).toEqual({
      ...paramsFor('hällo'),
      stream: true,
    });
    expect(seen?.body.messages).toEqual(paramsFor('hällo').messages);
    expect(seen?.headers['anthropic-version']).toBeDefined();
    expect(seen?.receivedAt).toBeGreaterThanOrEqual(before);
  });

  it('are bounded in number, the oldest going first', async () => {
    const { ask, rehearsal } = await rehearsing({ keepRequests: 2 });
    for (const prompt of ['a', 'b', 'c']) await ask(prompt);
    expect(rehearsal.requests.toArray().map(({ seq }) => seq)).toEqual([2, 3]);
    rehearsal.clear();
    expect([rehearsal.requests.size, rehearsal.requests.last]).toEqual([0, undefined]);
  });

  it('are bounded in bytes', async () => {
    const { ask, rehearsal } = await rehearsing({ keepBytes: 10_000 });
    for (const size of [100, 4000, 4000, 20_000]) await ask('x'.repeat(size));
    expect(rehearsal.requests.size).toBe(0);
    for (const size of [4000, 100]) await ask('x'.repeat(size));
    expect([...rehearsal.requests].map(({ seq }) => seq)).toEqual([5, 6]);
  });

  it('are shown to other processes without their keys, and forgotten on demand', async () => {
    const { ask, rehearsal } = await rehearsing();
    await ask('one');
    await ask('two');
    const list = async (query = '') => {
      const answer = await fetch(`${rehearsal.url}/rehearsal/requests${query}`);
      return ((await answer.json()) as { requests: ListedRequest[] }).requests;
    };
    expect((await list()).map(({ seq, status }) => [seq, status])).toEqual([
      [1, 200],
      [2, 200],
    ]);
    const [second] = await list('?after=1');
    expect(second?.body).toBe(rehearsal.requests.last?.rawBody.toString());
    expect(second?.headers.authorization).toBe('Bearer ***');
    await fetch(`${rehearsal.url}/rehearsal/requests`, { method: 'DELETE' });
    expect(await list()).toEqual([]);
  });
});

describe('the script of a rehearsal', () => {
  it('answers what it wants to and leaves the rest to the prompt', async () => {
    const { ask, rehearsal } = await rehearsing({
      script: ({ body }) =>
        body.messages.at(-1)?.content === 'mine' ? textAnswer('scripted') : undefined,
    });
    expect(await ask('mine')).toMatchObject({ content: [{ text: 'scripted' }] });
    expect(await ask('[[rehearse: text=told]]')).toMatchObject({ content: [{ text: 'told' }] });
    expect(rehearsal.requests.size).toBe(2);
  });

  it('may answer errors and token counts, later too', async () => {
    const { ask, client } = await rehearsing({
      script: async ({ path }) =>
        path.endsWith('count_tokens')
          ? { kind: 'tokens', inputTokens: 42 }
          : { kind: 'error', status: 429, retryAfter: 7, waitMs: 1 },
    });
    await expect(ask('hello')).rejects.toMatchObject({ status: 429 });
    const { model, messages } = paramsFor('hello');
    expect(await client.messages.countTokens({ model, messages })).toEqual({ input_tokens: 42 });
  });

  it('that throws makes a 500 that says so', async () => {
    const { ask } = await rehearsing({
      script: () => {
        throw new Error('no lines learnt');
      },
    });
    await expect(ask('hello')).rejects.toThrow(/The rehearsal failed: no lines learnt/);
  });

  it('is heard in the log', async () => {
    const lines: unknown[] = [];
    const { ask } = await rehearsing({ log: (line) => lines.push(line) });
    await ask('hello');
    expect(lines).toEqual([{ method: 'POST', path: '/v1/messages', status: 200, seq: 1 }]);
  });
});
