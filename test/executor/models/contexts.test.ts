/**
 * Shared memory under steps: none is used again while a thread may still send it. Each test uses what was let go of at once
 * for something else, and looks at what the server got.
 */
import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { carry, openConnections, Sending } from '../../../src/executor/models/http-fetch.ts';
import { Context } from '../../../src/session/context/context.ts';
import { Slabs } from '../../../src/session/memory/slabs.ts';
import { unmarked } from '../../support/unmarked.ts';
import { until } from '../../support/until.ts';
import { executing, stepOf, user, workerFile } from '../executing.ts';

const LENGTH = 30_000;
const contextOf = (slabs: Slabs, letter: string): Context =>
  new Context(slabs, [Buffer.from(JSON.stringify(user(letter.repeat(LENGTH))))]);

describe('a context that is let go of', () => {
  it('is sent as it was, whatever takes its room, while steps are cancelled and threads killed', async () => {
    const { start, pool, rehearsal } = await executing({ workers: 2, minWorkers: 2 });
    const slabs = new Slabs();
    const outcomes: Promise<unknown>[] = [];
    for (let at = 0; at < 60; at += 1) {
      const letter = String.fromCharCode(97 + (at % 26));
      const context = contextOf(slabs, letter);
      const wait = at % 4 === 3 ? '' : '[[rehearse: wait-ms=5]]';
      const step = start(stepOf('', { system: letter + wait, context: context.slice() }));
      context.free();
      if (at % 4 === 1) step.cancel();
      outcomes.push(step.outcome);
      if (at % 20 === 19) await pool.call('killThread', at === 19 ? 1 : 2);
      if (at % 5 === 4) await Promise.race(outcomes.splice(0, 2));
    }
    await Promise.all(outcomes);
    for (const { rawBody } of rehearsal.requests) {
      const { messages, system } = JSON.parse(rawBody.toString());
      const [{ text }] = system;
      expect(unmarked(messages)).toEqual(unmarked([user(text[0].repeat(LENGTH))]));
    }
    expect(rehearsal.requests.toArray().length).toBeGreaterThan(30);
    await until(() => slabs.usedBytes === 0);
  });

  it('stays while its thread is being killed, and goes with it', async () => {
    const { start, pool } = await executing({ workerFile: workerFile('misbehaving') });
    const slabs = new Slabs();
    const context = new Context(slabs, [Buffer.from('\0'.repeat(64))]);
    const step = start(stepOf('', { model: 'mute', maxTokens: 1, context: context.slice() }));
    context.free();
    await step.first('delta');
    await pool.call('killThread', 1);
    expect(slabs.usedBytes).toBeGreaterThan(0);
    await step.outcome;
    await until(() => slabs.usedBytes === 0);
  });

  it('goes with an executor that ends', async () => {
    const { start, pool, system } = await executing();
    const slabs = new Slabs();
    const context = contextOf(slabs, 'x');
    const step = start(
      stepOf('', { system: '[[rehearse: wait-ms=600000]]', context: context.slice() }),
    );
    context.free();
    await until(async () => (await pool.call('status')).threads[0]?.jobs === 1);
    await system.stop(pool, 'shutdown');
    await until(() => slabs.usedBytes === 0);
    step.cancel();
  });
});

it('a thread is given each slab once, and told when it is gone', async () => {
  const { start } = await executing({ workerFile: workerFile('counting') });
  const slabs = new Slabs();
  const told = async (): Promise<string> => {
    const context = contextOf(slabs, 'x');
    const { outcome } = start(stepOf('', { context: context.slice() }));
    context.free();
    const ended = await outcome;
    return ended.type === 'message' ? ended.text : ended.type;
  };
  for (let at = 0; at < 20; at += 1) await told();
  expect(await told()).toBe('1 given, 0 forgotten');
  slabs.dropEmpty(0);
  slabs.dropEmpty(60_000);
  await until(async () => (await told()) === '2 given, 1 forgotten');
});

describe('a request that is answered before it was sent whole', () => {
  it('sends nothing more when its sending has ended', async () => {
    const got = { bytes: 0, isClosed: false };
    const resumed: (() => void)[] = [];
    const server = createServer((socket: Socket) => {
      socket.on('data', (data) => {
        got.bytes += data.byteLength;
        if (got.bytes !== data.byteLength) return;
        socket.pause();
        socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno');
        resumed.push(() => socket.resume());
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        got.isClosed = true;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const connections = openConnections(4);
    onTestFinished(() => {
      connections.close();
      server.close();
    });
    const messages = Buffer.alloc(64 * 1024 * 1024, 'a');
    const sending = new Sending(['[', messages, ']']);
    const response = await connections.fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: '{"messages":[]}',
      ...(carry(sending) as object),
    });
    expect(await response.text()).toBe('no');
    sending.end();
    messages.fill('b');
    for (const resume of resumed) resume();
    await until(() => got.isClosed);
    expect(got.bytes).toBeLessThan(messages.byteLength);
  });
});
