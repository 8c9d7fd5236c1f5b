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
  writableEnded = false;
  writeHead(): void {}
  write(chunk: string | Uint8Array): void {
    this.written.push(String(typeof chunk === 'string' ? chunk : Buffer.from(chunk)));
  }
  end(last: Uint8Array | string = ''): void {
    if (last.length > 0) this.write(last);
    this.isEnded = true;
  }
}

const started = () => {
  const response = new Response();
  const socket = { setTimeout: () => undefined, setNoDelay: () => undefined };
  const message = { method: 'GET', url: '/', headers: {}, socket };
  const deferred: (() => void)[] = [];
  const defer = (fn: () => void) => void deferred.push(fn);
  const stream = new EventStream(exchangeOf(message as never, response as never), { defer });
  const turnOfTheLoop = () => {
    for (const fn of deferred.splice(0)) fn();
  };
  turnOfTheLoop();
  response.written.length = 0;
  return { stream, response, turnOfTheLoop };
};

const delta = { name: 'delta', data: '{}', isDelta: true };
const message = { name: 'message', data: Buffer.from('{"a":\n1}'), id: '2' };

it('drops deltas for it, and nothing else', () => {
  const { stream, response, turnOfTheLoop } = started();
  response.writableLength = SLOW_BYTES + 1;
  stream.send(delta);
  stream.send(message);
  turnOfTheLoop();
  expect(response.written).toEqual(['id: 2\nevent: message\ndata: {"a":1}\n\n']);
  response.writableLength = 0;
  stream.send(delta);
  turnOfTheLoop();
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

it('sends what is said in one turn of the loop as one, and with the end what still waits', () => {
  const { stream, response, turnOfTheLoop } = started();
  stream.send(delta);
  stream.send(delta);
  turnOfTheLoop();
  stream.send(message);
  stream.end();
  turnOfTheLoop();
  const said = 'event: delta\ndata: {}\n\n';
  expect(response.written).toEqual([said + said, 'id: 2\nevent: message\ndata: {"a":1}\n\n']);
});

it('ends soon with what is said in this turn of the loop, in one, and is open until then', () => {
  const { stream, response, turnOfTheLoop } = started();
  let closed = 0;
  stream.onClose(() => {
    closed += 1;
  });
  stream.send(message);
  stream.endSoon();
  stream.endSoon();
  expect([response.isEnded, stream.isOpen, closed]).toEqual([false, true, 0]);
  turnOfTheLoop();
  expect([response.isEnded, stream.isOpen, closed]).toEqual([true, false, 1]);
  expect(response.written).toEqual(['id: 2\nevent: message\ndata: {"a":1}\n\n']);
});

it.each(['a reader who goes', 'an end at once'])('which %s comes before', (what) => {
  const { stream, response, turnOfTheLoop } = started();
  stream.send(message);
  stream.endSoon();
  if (what === 'an end at once') stream.end();
  else response.emit('close');
  expect([response.isEnded, stream.isOpen]).toEqual([what === 'an end at once', false]);
  const written = [...response.written];
  turnOfTheLoop();
  expect(response.written).toEqual(written);
});

it('counts what waits in this turn of the loop as unread', () => {
  const { stream, response, turnOfTheLoop } = started();
  stream.send({ ...message, data: Buffer.alloc(SLOW_BYTES + 1, 0x20) });
  stream.send(delta);
  turnOfTheLoop();
  expect(response.written).toHaveLength(1);
  expect(response.written[0]).not.toContain('delta');
});

it('says no more once another has ended the response', () => {
  const { stream, response, turnOfTheLoop } = started();
  stream.send(message);
  response.writableEnded = true;
  turnOfTheLoop();
  expect(response.written).toEqual([]);
});
