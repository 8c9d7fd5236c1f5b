import { describe, expect, it } from 'vitest';
import { executingOnLentThreads, stepOf, textOf } from '../executing.ts';

const patient = { maxRetries: 2, delayMs: 600_000, timeoutMs: 30_000 };

describe('retries of a model step', () => {
  it('are told with their error and the delay that the server asked for', async () => {
    const { start } = await executingOnLentThreads();
    const prompt = '[[rehearse: text=done status=429 retry-after=0 times=1]]';
    const { events, outcome } = start(stepOf(prompt, { retry: patient }));
    expect(await outcome).toMatchObject({ type: 'message', text: 'done' });
    expect(events[0]).toMatchObject({
      type: 'retry',
      delayMs: 0,
      error: { type: 'rate_limit_error', status: 429, retryable: true },
    });
  });

  it('are given up after as many as the settings allow', async () => {
    const { start, rehearsal } = await executingOnLentThreads();
    const { events, outcome } = start(stepOf('[[rehearse: status=529]]'));
    expect(await outcome).toMatchObject({
      type: 'failed',
      error: { type: 'overloaded_error', status: 529, retryable: true },
    });
    expect(events.map(({ type }) => type)).toEqual(['retry', 'retry']);
    expect(rehearsal.requests.size).toBe(3);
  });

  it('are not made where the server says that they are useless', async () => {
    const { start, rehearsal } = await executingOnLentThreads();
    const step = start(stepOf('[[rehearse: status=500 should-retry=false]]'));
    expect(await step.outcome).toMatchObject({ type: 'failed', error: { retryable: false } });
    expect(rehearsal.requests.size).toBe(1);
  });

  it('follow a stream that is cut, and void what it had said', async () => {
    const { start } = await executingOnLentThreads();
    const prompt = '[[rehearse: text="the whole text" chunks=3 cut-after=4 times=1]]';
    const { events, outcome } = start(stepOf(prompt));
    expect(await outcome).toMatchObject({ type: 'message', text: 'the whole text' });
    const retryAt = events.findIndex(({ type }) => type === 'retry');
    expect(events[retryAt]).toMatchObject({ error: { type: 'connection_error' } });
    expect(textOf(events.slice(retryAt + 1))).toBe('the whole text');
  });

  it('follow an error event in the middle of a stream', async () => {
    const { start } = await executingOnLentThreads();
    const { events, outcome } = start(
      stepOf('[[rehearse: text="all of it" chunks=2 error-after=3 times=1]]'),
    );
    expect(await outcome).toMatchObject({ type: 'message', text: 'all of it' });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'retry',
        error: expect.objectContaining({ type: 'overloaded_error' }),
      }),
    );
  });

  it('follow a call that takes too long', async () => {
    const { start } = await executingOnLentThreads();
    const retry = { maxRetries: 1, delayMs: 1, timeoutMs: 200 };
    const { events, outcome } = start(
      stepOf('[[rehearse: text="never all" chunks=2 stall-after=3]]', { retry }),
    );
    expect(await outcome).toMatchObject({
      type: 'failed',
      error: { type: 'timeout', retryable: true },
    });
    expect(events).toContainEqual(expect.objectContaining({ type: 'retry' }));
  });

  it('follow a connection that is refused', async () => {
    const endpoint = () => ({ baseUrl: 'http://127.0.0.1:1', apiKey: 'k' });
    const { start } = await executingOnLentThreads({ endpoint });
    const step = start(stepOf('hello'));
    expect(await step.outcome).toMatchObject({
      type: 'failed',
      error: { type: 'connection_error', retryable: true },
    });
    expect(step.events).toHaveLength(2);
  });

  it('are cancelled while they wait', async () => {
    const { start, rehearsal } = await executingOnLentThreads();
    const step = start(stepOf('[[rehearse: status=429 retry-after=500]]'));
    expect(await step.first('retry')).toMatchObject({ error: { type: 'rate_limit_error' } });
    step.cancel();
    expect(await step.outcome).toEqual({ type: 'cancelled', partialText: '' });
    expect(rehearsal.requests.size).toBe(1);
  });
});
