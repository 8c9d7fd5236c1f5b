/** A turn whose `AbortSignal` is aborted, in both doors: the reader is told at once, and the turn is cancelled. */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import type { WireEvent } from '../../src/model/event.ts';
import type { SessionsApi } from '../../src/session/verbs/api.ts';
import { holding, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { natsServer, withoutNatsServer } from '../support/nats.ts';
import { gate, until } from '../support/until.ts';

const REASON = new Error('the reader has changed its mind');

const read = async (events: AsyncIterable<WireEvent>, onEvent: (event: WireEvent) => void) => {
  for await (const event of events) onEvent(event);
};

const becomes = (room: TestGreenroom, turnId: string, status: string) =>
  until(async () => {
    const turn = await room.sessions.turnStatus('demo', turnId).catch(() => undefined);
    return turn?.status === status;
  });

interface Door {
  readonly room: TestGreenroom;
  readonly api: SessionsApi;
  readonly close: () => Promise<void>;
}

const embedded = async (): Promise<Door> => {
  const room = await testGreenroom({ script: holding(new Promise(() => undefined)) });
  return { room, api: room.greenroom.api, close: async () => {} };
};

const overTheBus = async (): Promise<Door> => {
  const room = await testGreenroom({
    script: holding(new Promise(() => undefined)),
    nats: { port: 0 },
    natsServerBin: natsServer,
  });
  const servers = room.greenroom.status().broker ?? '';
  const api = await connectClient({ servers });
  return { room, api, close: () => api.close() };
};

const DOORS: readonly (readonly [string, () => Promise<Door>])[] = [
  ['in the same process', embedded],
  ...(withoutNatsServer() ? [] : [['over the bus', overTheBus] as const]),
];

describe.each(DOORS)('a turn %s', (_, open) => {
  test('that runs is cancelled, and the loop throws the reason without waiting for the end', async () => {
    const { room, api, close } = await open();
    const abort = new AbortController();
    const request = { prompt: 'hold', turnId: 'held' };
    const seen: string[] = [];
    const reading = read(api.turn('demo', request, { signal: abort.signal }), ({ type }) => {
      seen.push(type);
      if (type === 'delta') abort.abort(REASON);
    });
    await expect(reading).rejects.toBe(REASON);
    expect(seen.at(-1)).toBe('delta');
    await becomes(room, 'held', 'cancelled');
    await close();
  });

  test('with what is no signal is refused by code, and does not run', async () => {
    const { room, api, close } = await open();
    for (const signal of ['aborted', {}, null, new AbortController()]) {
      const control = { signal } as unknown as { signal: AbortSignal };
      const reading = read(api.turn('demo', { prompt: 'hold' }, control), () => undefined);
      await expect(reading).rejects.toMatchObject({ code: 'invalid_request' });
    }
    expect(await room.sessions.count({})).toMatchObject({ count: 0 });
    await close();
  });

  test('that is only just asked for is cancelled too', async () => {
    const { room, api, close } = await open();
    const abort = new AbortController();
    const request = { prompt: 'hold', turnId: 'early' };
    const events = api.turn('demo', request, { signal: abort.signal })[Symbol.asyncIterator]();
    const first = events.next();
    abort.abort(REASON);
    await expect(first).rejects.toBe(REASON);
    await becomes(room, 'early', 'cancelled');
    await close();
  });

  test('is not asked for when its signal was aborted before', async () => {
    const { room, api, close } = await open();
    const request = { prompt: 'hold', turnId: 'never' };
    const reading = read(
      api.turn('demo', request, { signal: AbortSignal.abort(REASON) }),
      () => {},
    );
    await expect(reading).rejects.toBe(REASON);
    await expect(api.session('demo', 'get', {})).rejects.toMatchObject({
      code: 'session_not_found',
    });
    expect(room.modelCalls).toEqual([]);
    await close();
  });

  test('that has ended is left as it ended, and its signal is let go of', async () => {
    const { room, api, close } = await open();
    const abort = new AbortController();
    const request = { prompt: 'hello', turnId: 'done' };
    await read(api.turn('demo', request, { signal: abort.signal }), () => {});
    abort.abort(REASON);
    await becomes(room, 'done', 'completed');
    await close();
  });
});

describe.each(DOORS)('one signal over many turns %s', (_, open) => {
  test('has one listener while any runs, none afterwards, and cancels all that run', async () => {
    const { room, api, close } = await open();
    const abort = new AbortController();
    const listeners = () => getEventListeners(abort.signal, 'abort').length;
    const ids = Array.from({ length: 12 }, (_each, n) => `many-${n}`);
    const running = new Set<string>();
    const readings = ids.map((turnId) =>
      read(api.turn(turnId, { prompt: 'hold', turnId }, { signal: abort.signal }), ({ type }) => {
        if (type === 'turn.accepted') running.add(turnId);
      }),
    );
    await until(() => running.size === ids.length);
    expect(listeners()).toBe(1);
    abort.abort(REASON);
    const ends = await Promise.allSettled(readings);
    expect(ends).toEqual(ids.map(() => ({ status: 'rejected', reason: REASON })));
    expect(listeners()).toBe(0);
    for (const turnId of ids)
      await until(async () => {
        const turn = await room.sessions.turnStatus(turnId, turnId).catch(() => undefined);
        return turn?.status === 'cancelled';
      });
    await close();
  });

  test('goes on for those that stay when one is left', async () => {
    const { api, close } = await open();
    const abort = new AbortController();
    const listeners = () => getEventListeners(abort.signal, 'abort').length;
    const begin = (id: string) =>
      api.turn(id, { prompt: 'hold' }, { signal: abort.signal })[Symbol.asyncIterator]();
    const [left, stays] = [begin('left'), begin('stays')];
    await Promise.all([left.next(), stays.next()]);
    await left.return?.();
    expect(listeners()).toBe(1);
    abort.abort(REASON);
    await expect(stays.next().then(() => stays.next())).rejects.toBe(REASON);
    expect(listeners()).toBe(0);
    await close();
  });

  test('must be a signal', async () => {
    const { api, close } = await open();
    const signal = 'soon' as unknown as AbortSignal;
    const reading = read(api.turn('demo', { prompt: 'hold' }, { signal }), () => {});
    await expect(reading).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(api.session('demo', 'get', {})).rejects.toMatchObject({
      code: 'session_not_found',
    });
    await close();
  });
});

test('the library takes the signal among the options of a turn', async () => {
  const { opened, open } = gate();
  const room = await testGreenroom({ script: holding(opened) });
  const { signal } = new AbortController();
  const events = await room.run('demo', 'hello', { signal, turnId: 'plain' });
  expect(events.at(-1)?.type).toBe('turn.finished');
  const abort = new AbortController();
  const reading = room.begin('demo', 'hold', { signal: abort.signal, turnId: 'aborted' });
  await reading.saw('delta');
  abort.abort();
  await expect(reading.done).rejects.toMatchObject({ name: 'AbortError' });
  await becomes(room, 'aborted', 'cancelled');
  open();
});
