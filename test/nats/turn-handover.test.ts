import { describe, expect, test } from 'vitest';
import { type ErrorCode, GreenroomError } from '../../src/model/errors.ts';
import type { SessionKey, TurnId } from '../../src/model/ids.ts';
import { newTraceId } from '../../src/model/request-context.ts';
import type { Item } from '../../src/nats/lane.ts';
import { Handover } from '../../src/nats/turn-handover.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { FakeDoor } from './fake-door.ts';

const key = { tenant: 'acme', sessionId: 's1' } as SessionKey;

const traceId = newTraceId();

const item = (seq: number): Item => ({
  seq,
  key,
  ackSubject: `ack.${seq}`,
  receivedAtMs: 0,
  trace: { traceId },
  loaded: {
    ...{ turnId: `t${seq}` as TurnId, body: new Uint8Array(100), trace: { traceId } },
    request: { prompt: 'x' },
  },
  isRefusalTold: false,
  unkeptSinceMs: undefined,
});

const setUp = () => {
  const clock = virtualClock();
  const door = new FakeDoor();
  const acknowledged: number[] = [];
  const refused: number[] = [];
  const handover = new Handover({
    clock,
    feed: door.feed,
    door,
    acknowledge: ({ seq }) => void acknowledged.push(seq),
    refuse: async ({ seq }) => void refused.push(seq),
    load: async ({ seq }) => item(seq).loaded,
    onRoom: () => undefined,
  });
  return { clock, door, handover, acknowledged, refused };
};

const failing = (code: ErrorCode) => () => {
  throw new GreenroomError(code, 'not now');
};

const HOUR_MS = 3_600_000;

describe('the hand-over', () => {
  test('a message that makes its session fail again and again is refused in the end', async () => {
    const { clock, door, handover, refused, acknowledged } = setUp();
    door.onTurn = failing('unavailable');
    handover.add(item(1));
    await clock.advance(HOUR_MS - 10_000);
    expect(refused).toEqual([]);
    await clock.advance(20_000);
    expect([refused, acknowledged]).toEqual([[1], [1]]);
  });

  test('one failure after a long wait for room is no reason to refuse', async () => {
    const { clock, door, handover, refused, acknowledged } = setUp();
    door.onTurn = failing('unavailable');
    handover.add(item(1));
    await clock.advance(HOUR_MS - 10_000);
    door.onTurn = failing('queue_full');
    await clock.advance(HOUR_MS);
    door.onTurn = failing('unavailable');
    await clock.advance(HOUR_MS - 10_000);
    expect(refused).toEqual([]);
    door.onTurn = () => undefined;
    await clock.advance(10_000);
    expect([refused, acknowledged]).toEqual([[], [1]]);
  });

  test('a message that only needs room waits as long as it takes', async () => {
    const { clock, door, handover, refused } = setUp();
    door.onTurn = failing('queue_full');
    handover.add(item(1));
    await clock.advance(HOUR_MS);
    expect(refused).toEqual([]);
    door.onTurn = () => undefined;
    await clock.advance(10_000);
    expect(door.accepted.map(({ turnId }) => turnId)).toEqual(['t1']);
  });

  test('what a full session has in hand is set aside but for a few, and fetched again', async () => {
    const { clock, door, handover, acknowledged } = setUp();
    door.onTurn = failing('queue_full');
    for (let seq = 1; seq <= 50; seq++) handover.add(item(seq));
    await clock.settle();
    expect([handover.items, handover.loaded, handover.loadedBytes]).toEqual([50, 8, 800]);
    door.onTurn = () => undefined;
    await clock.advance(10_000);
    expect(acknowledged).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
    expect([handover.items, handover.loaded, handover.loadedBytes]).toEqual([0, 0, 0]);
  });

  test('a refusal waits for the turns before it, and not for room', async () => {
    const { clock, door, handover, refused } = setUp();
    let answer: ((error?: Error) => void) | undefined;
    door.onTurn = () => new Promise<void>((_, reject) => (answer = reject));
    const wrong = new GreenroomError('invalid_request', 'wrong');
    const refusal = { turnId: 'r' as TurnId, body: new Uint8Array(0), refusal: wrong };
    handover.add(item(1));
    handover.add({ ...item(2), loaded: refusal });
    await clock.settle();
    expect(refused).toEqual([]);
    answer?.(new GreenroomError('queue_full', 'no room', { retryAfterMs: HOUR_MS }));
    await clock.settle();
    handover.add({ ...item(3), loaded: refusal });
    await clock.settle();
    expect(refused).toEqual([2, 3]);
  });

  test('nothing is begun after it was stopped, and what was begun is finished', async () => {
    const { clock, door, handover, acknowledged } = setUp();
    let release: (() => void) | undefined;
    door.onTurn = () => new Promise<void>((resolve) => (release = resolve));
    handover.add(item(1));
    handover.add(item(2));
    await clock.settle();
    const stopped = handover.stop();
    release?.();
    await stopped;
    await clock.advance(HOUR_MS);
    expect(acknowledged).toEqual([1]);
  });
});
