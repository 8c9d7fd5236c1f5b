/** What a stream does with a reader that reads too slowly. */
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { EventStream, SLOW_BYTES, TOO_SLOW_BYTES } from '../../src/http/streams/event-stream.ts';
import { exchangeOf } from '../../src/http/wire/exchange.ts';

/** A response whose reader has left so many bytes unread. */
class Response extends EventEmitter {
  writableLength = 0;
  shouldKeepAlive = true;
  readonly written: string[] = [];
  isEnded = false;
  writeHead(): void {}
  cork(): void {}
  uncork(): void {}
  write(chunk: string | Uint8Array): void {
    this.written.push(String(typeof chunk === 'string' ? chunk : Buffer.from(chunk)));
  }
  end(): void {
    this.isEnded = true;
  }
}

const started = () => {
  const response = new Response();
  const socket = { setTimeout: () => undefined, setNoDelay: () => undefined };
  const message = { method: 'GET', url: '/', headers: {}, socket };
  const stream = new EventStream(exchangeOf(message as never, response as never));
  response.written.length = 0;
  return { stream, response };
};

const delta = { name: 'delta', data: '{}', isDelta: true };
const message = { name: 'message', data: Buffer.from('{"a":\n1}'), id: '2' };

it('drops deltas for it, and nothing else', () => {
  const { stream, response } = started();
  response.writableLength = SLOW_BYTES + 1;
  stream.send(delta);
  stream.send(message);
  expect(response.written).toEqual(['id: 2\nevent: message\ndata: {"a":1}\n\n']);
  response.writableLength = 0;
  stream.send(delta);
  expect(response.written.at(-1)).toBe('event: delta\ndata: {}\n\n');
});

it('ends when even the rest is too much, and says so once', () => {
  const { stream, response } = started();
  let closed = 0;
  stream.onClose(() => {
    closed += 1;
  });
  response.writableLength = TOO_SLOW_BYTES + 1;
  stream.send(message);
  stream.send(message);
  response.emit('close');
  expect([response.written, response.isEnded, closed, stream.isOpen]).toEqual([[], true, 1, false]);
});
