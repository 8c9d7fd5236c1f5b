/**
 * What a request under way keeps alive: what a socket reads is one large piece for many messages, and a request that
 * held its message would keep all of it until the end of a turn.
 */
import type { Msg } from 'nats';
import { expect, test } from 'vitest';
import { Answers, API_LIMITS } from '../../src/nats/answers.ts';
import type { Outbox } from '../../src/nats/outbox.ts';
import { Subjects } from '../../src/nats/subjects.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { garbageCollector } from '../../src/platform/garbage.ts';

import { FakeDaemon } from '../support/fake-daemon.ts';
import { FakeDoor } from './fake-door.ts';

const READ_BYTES = 64 * 1024;
const subjects = new Subjects('greenroom');

const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A message as the client gives it: a view into what the socket read; and that, weakly. */
const read = (verb: string, body: string): { msg: Msg; piece: WeakRef<ArrayBufferLike> } => {
  const piece = Buffer.allocUnsafeSlow(READ_BYTES);
  const data = piece.subarray(100, 100 + piece.write(body, 100));
  const subject = subjects.session('acme', 's1', verb);
  return {
    msg: { subject, reply: 'inbox.1', data } as unknown as Msg,
    piece: new WeakRef(piece.buffer),
  };
};

const answersOf = (door: FakeDoor): Answers =>
  new Answers({
    ...{ subjects, door, limits: API_LIMITS, daemon: new FakeDaemon(), maxPayloadBytes: 1_000_000 },
    ...{ clock: virtualClock(), outbox: { publish: () => undefined } as unknown as Outbox },
  });

test.each([
  ['append', JSON.stringify({ messages: [{ role: 'user', content: 'hello' }] })],
  ['ask', JSON.stringify({ prompt: 'hello' })],
])(
  'a request to %s that waits for its answer keeps nothing of what the socket read',
  async (verb, body) => {
    const door = new FakeDoor();
    const never = new Promise(() => undefined);
    door.onVerb = () => never;
    door.onTurn = () => never;
    const answers = answersOf(door);
    const receive = () => {
      const { msg, piece } = read(verb, body);
      answers.receive(msg);
      return piece;
    };
    const piece = receive();
    await nextTick(); // a reference that is weak is strong until its tick is over
    garbageCollector()();
    expect(answers.inFlight.size).toBe(1);
    expect(piece.deref()).toBeUndefined();
  },
);
