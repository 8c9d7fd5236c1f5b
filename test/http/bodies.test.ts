/** Bodies as they come from senders that go, or that send too much. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { MAX_BODY_BYTES } from '../../src/gateway/body.ts';
import { exchangeOf, readBody } from '../../src/http/wire/exchange.ts';

const received = () => {
  const message = Object.assign(new PassThrough(), {
    ...{ method: 'POST', url: '/', headers: { 'transfer-encoding': 'chunked' } },
    httpVersion: '1.1',
  });
  return { message, exchange: exchangeOf(message as never, {} as never) };
};

test('of a sender that has gone before it is read there is none', async () => {
  const { message, exchange } = received();
  message.destroy();
  await new Promise((resolve) => message.once('close', resolve));
  await expect(readBody(exchange)).rejects.toMatchObject({ code: 'invalid_request' });
});

test('one that is too large is read no further, and its sender can be told so', async () => {
  const { message, exchange } = received();
  const read = readBody(exchange);
  message.write(Buffer.alloc(MAX_BODY_BYTES));
  message.write(Buffer.alloc(1));
  message.write(Buffer.alloc(1024));
  await expect(read).rejects.toMatchObject({ code: 'too_large' });
  expect(message.isPaused()).toBe(true);
  expect(message.destroyed).toBe(false);
});
