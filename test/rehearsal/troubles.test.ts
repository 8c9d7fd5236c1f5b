import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import { MODEL, paramsFor, rehearsing } from './rehearsing.ts';

const failure = async (
  promise: Promise<unknown>,
): Promise<InstanceType<typeof Anthropic.APIError>> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (cause: unknown) => cause,
  );
  if (error instanceof Anthropic.APIError) return error;
  throw error;
};

describe('an error that the rehearsal is told to answer', () => {
  it.each([
    [400, 'invalid_request_error', Anthropic.BadRequestError, 'false'],
    [403, 'permission_error', Anthropic.PermissionDeniedError, 'false'],
    [404, 'not_found_error', Anthropic.NotFoundError, 'false'],
    [413, 'request_too_large', Anthropic.ContentTooLargeError, 'false'],
    [429, 'rate_limit_error', Anthropic.RateLimitError, 'true'],
    [500, 'api_error', Anthropic.InternalServerError, 'true'],
    [529, 'overloaded_error', Anthropic.OverloadedError, 'true'],
  ])('%i is what the SDK knows as %s', async (status, type, errorClass, shouldRetry) => {
    const { ask } = await rehearsing();
    const error = await failure(ask(`[[rehearse: status=${status}]]`));
    expect(error).toBeInstanceOf(errorClass);
    expect(error).toMatchObject({ status, type });
    expect(error.requestID).toMatch(/^req_01/);
    expect(error.headers?.get('x-should-retry')).toBe(shouldRetry);
  });

  it('carries its own retry-after, message, type and x-should-retry', async () => {
    const { ask } = await rehearsing();
    const error = await failure(
      ask(
        '[[rehearse: status=429 retry-after=0.01 should-retry=false type=odd_error message="Slow down"]]',
      ),
    );
    expect(error.headers?.get('retry-after')).toBe('0.01');
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(error).toMatchObject({ type: 'odd_error', apiMessage: 'Slow down' });
  });

  it('hits the calls of one model alone where it names one', async () => {
    const { ask } = await rehearsing();
    const prompt = '[[rehearse: status=529 model=claude-opus-5 text=fine]]';
    expect((await failure(ask(prompt, { model: 'claude-opus-5' }))).status).toBe(529);
    expect(await ask(prompt, { model: 'claude-haiku-4-5' })).toMatchObject({
      content: [{ text: 'fine' }],
    });
  });

  it('comes as often as `times` says, for each request on its own', async () => {
    const { ask } = await rehearsing();
    const prompt = '[[rehearse: status=529 times=2 text="at last"]]';
    for (const _attempt of [1, 2]) expect((await failure(ask(prompt))).status).toBe(529);
    expect((await failure(ask(prompt, { max_tokens: 999 }))).status).toBe(529);
    expect(await ask(prompt)).toMatchObject({ content: [{ text: 'at last' }] });
  });

  it('is got over by the retries of the SDK, where those are on', async () => {
    const { client, rehearsal } = await rehearsing();
    const prompt = '[[rehearse: status=529 retry-after=0.001 times=2]]';
    const message = await client.messages.create(paramsFor(prompt), { maxRetries: 2 });
    expect(message.stop_reason).toBe('end_turn');
    expect(rehearsal.requests.toArray().map(({ status }) => status)).toEqual([529, 529, 200]);
  });
});

describe('a stream that the rehearsal is told to break', () => {
  it('is cut after so many events, of which the client got every one', async () => {
    const { client } = await rehearsing();
    const deltas: string[] = [];
    const stream = client.messages.stream(
      paramsFor('[[rehearse: text="one two three" chunks=3 cut-after=4]]'),
    );
    stream.on('text', (delta) => deltas.push(delta));
    await failure(stream.done().catch((cause: unknown) => Promise.reject(asApiError(cause))));
    expect(deltas.join('')).toBe('one two ');
  });

  it('is cut before the first byte with cut-after=0', async () => {
    const { ask, rehearsal } = await rehearsing();
    const error = await failure(ask('[[rehearse: cut-after=0]]'));
    expect(error).toBeInstanceOf(Anthropic.APIConnectionError);
    expect(rehearsal.requests.last?.status).toBe(0);
  });

  it('is cut once with times=1, and whole at the next attempt', async () => {
    const { ask } = await rehearsing();
    const prompt = '[[rehearse: text="whole" cut-after=3 times=1]]';
    await expect(ask(prompt)).rejects.toThrow();
    expect(await ask(prompt)).toMatchObject({ content: [{ text: 'whole' }] });
  });

  it('ends with an error event that the SDK throws', async () => {
    const { ask } = await rehearsing();
    const error = await failure(ask('[[rehearse: text="one" error-after=3 message="Sorry"]]'));
    expect(error).toMatchObject({
      status: undefined,
      type: 'overloaded_error',
      apiMessage: 'Sorry',
    });
  });

  it('stalls until the client gives up, and the server knows that it did', async () => {
    const { client, rehearsal } = await rehearsing();
    const stream = client.messages.stream(paramsFor('[[rehearse: text="one" stall-after=3]]'));
    await new Promise((resolve) => stream.once('text', resolve));
    stream.abort();
    await expect(stream.done()).rejects.toThrow(Anthropic.APIUserAbortError);
    await expect.poll(() => rehearsal.requests.last?.isBroken).toBe(true);
  });

  it('breaks a whole answer in the middle of its body', async () => {
    const { client, rehearsal } = await rehearsing();
    const ask = (prompt: string) => client.messages.create(paramsFor(prompt));
    await expect(ask('[[rehearse: cut-after=2]]')).rejects.toThrow();
    expect(await failure(ask('[[rehearse: error-after=2]]'))).toMatchObject({ status: 529 });
    expect(rehearsal.requests.last?.status).toBe(529);
  });
});

describe('a stream that the rehearsal slows down', () => {
  it('sends each delta on its own', async () => {
    const { client } = await rehearsing();
    const chunks: string[] = [];
    const stream = client.messages.stream(
      paramsFor('[[rehearse: text="abc" chunks=3 delay-ms=1 wait-ms=1]]'),
    );
    stream.on('text', (delta) => chunks.push(delta));
    expect((await stream.finalMessage()).content).toMatchObject([{ text: 'abc' }]);
    expect(chunks).toEqual(['a', 'b', 'c']);
  });

  it('waits at the gate of a script until the test opens it', async () => {
    let open: () => void = () => undefined;
    const until = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { client } = await rehearsing({
      script: () => ({
        kind: 'message',
        content: [{ type: 'text', text: 'ab' }],
        chunks: 2,
        gate: { afterEvents: 3, until },
      }),
    });
    const stream = client.messages.stream(paramsFor('hello'));
    const first = await new Promise((resolve) => stream.once('text', resolve));
    expect(first).toBe('a');
    open();
    expect((await stream.finalMessage()).content).toMatchObject([{ text: 'ab' }]);
  });

  it('is ended by close(), stalled or not', async () => {
    const { client, rehearsal } = await rehearsing();
    const stream = client.messages.stream(paramsFor('[[rehearse: stall-after=1]]'));
    const failed = expect(stream.done()).rejects.toThrow();
    await expect.poll(() => rehearsal.requests.last?.status).toBe(200);
    await rehearsal.close();
    await failed;
  });
});

describe('a request that the rehearsal refuses by itself', () => {
  it('lacks a key, or brings the key `invalid`', async () => {
    const { rehearsal } = await rehearsing();
    const bare = await fetch(`${rehearsal.url}/v1/models`);
    expect(bare.status).toBe(401);
    expect(await bare.json()).toMatchObject({
      type: 'error',
      error: { type: 'authentication_error', message: 'x-api-key header is required' },
      request_id: bare.headers.get('request-id'),
    });
    const client = new Anthropic({ baseURL: rehearsal.url, apiKey: 'invalid', maxRetries: 0 });
    const error = await failure(client.messages.create(paramsFor('hello')));
    expect(error).toBeInstanceOf(Anthropic.AuthenticationError);
  });

  it('goes to a path, a method or a model that does not exist', async () => {
    const { rehearsal, ask } = await rehearsing();
    const call = async (method: string, path: string) =>
      (await fetch(`${rehearsal.url}${path}`, { method, headers: { 'x-api-key': 'any' } })).status;
    expect(await call('GET', '/v1/nothing')).toBe(404);
    expect(await call('GET', '/v1/messages')).toBe(405);
    const error = await failure(ask('hello', { model: 'gpt-9' }));
    expect(error).toMatchObject({ status: 404, apiMessage: 'model: gpt-9' });
    expect(MODEL).toMatch(/^claude-/);
  });

  it('is larger than the limit', async () => {
    const { ask } = await rehearsing({ maxBodyBytes: 1000 });
    expect((await ask('x'.repeat(500))).stop_reason).toBe('end_turn');
    const error = await failure(ask('x'.repeat(200_000)));
    expect(error).toMatchObject({ status: 413, type: 'request_too_large' });
  });

  it('is not JSON, or has no version', async () => {
    const { rehearsal } = await rehearsing();
    const post = async (body: string, headers: Record<string, string>) => {
      const answer = await fetch(`${rehearsal.url}/v1/messages`, { method: 'POST', body, headers });
      return ((await answer.json()) as { error: { message: string } }).error.message;
    };
    const key = { authorization: 'Bearer any' };
    expect(await post('{', { ...key, 'anthropic-version': '1' })).toMatch(/not valid JSON/);
    const half = await post('{"model":"\\ud83d"}', { ...key, 'anthropic-version': '1' });
    expect(half).toMatch(/not valid JSON: no low surrogate in string/);
    expect(await post('{}', key)).toBe('anthropic-version: header is required');
  });
});

/** The SDK wraps a broken connection in its own class, or lets the transport's error through. */
const asApiError = (cause: unknown): unknown =>
  cause instanceof Anthropic.APIError
    ? cause
    : new Anthropic.APIConnectionError({ message: String(cause) });
