/** The feed fans out, and the narrator numbers. */
import { describe, expect, it } from 'vitest';
import type { SessionEvent } from '../../../src/model/event.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import { emptyUsage } from '../../../src/model/usage.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';
import { Feed } from '../../../src/session/events/feed.ts';
import { Narrator } from '../../../src/session/events/narrator.ts';
import { TurnReading } from '../../../src/session/events/turn-reading.ts';
import { TurnTrails } from '../../../src/session/events/turn-trails.ts';

const key = sessionKey('default', 's');
const turn = (id: string) => id as TurnId;
const told = (id: string, attempt: number) => ({ turnId: turn(id), attempt, traceId: undefined });
const started = { type: 'turn.started' } as const;
const finished = {
  ...({ type: 'turn.finished', status: 'completed', stopReason: null } as const),
  ...{ usage: emptyUsage, costUsd: 0, durationMs: 0, text: '' },
};

const stage = () => {
  const errors: unknown[] = [];
  const feed = new Feed((error) => errors.push(error));
  const narrator = new Narrator(key, feed, new TurnTrails(), virtualClock());
  const heard: string[] = [];
  const note = ({ event }: { event: SessionEvent }) =>
    void heard.push(`${event.turnId} ${event.body.type} ${event.attempt}.${event.n}`);
  return { feed, narrator, heard, note, errors };
};

describe('the feed', () => {
  it('tells readers of a turn that turn, and subscribers all', () => {
    const { feed, narrator, heard, note } = stage();
    const all: string[] = [];
    feed.watch(key, turn('a'), note);
    feed.subscribe(({ event }) => void all.push(event.turnId));
    narrator.tell(told('a', 1), started);
    narrator.tell(told('b', 1), started);
    expect(heard).toEqual(['a turn.started 1.1']);
    expect(all).toEqual(['a', 'b']);
  });

  it('tells nobody who has left, and keeps nothing of them', () => {
    const { feed, narrator, heard, note } = stage();
    const leave = feed.watch(key, turn('a'), note);
    expect(feed.readTurns(key)).toEqual(['a']);
    expect(feed.readSessions()).toEqual([key]);
    leave();
    narrator.tell(told('a', 1), started);
    expect(heard).toEqual([]);
    expect(feed.readTurns(key)).toEqual([]);
    expect(feed.readSessions()).toEqual([]);
  });

  it('goes on when a listener throws, and says so', () => {
    const { feed, narrator, heard, note, errors } = stage();
    feed.watch(key, turn('a'), () => {
      throw new Error('my own fault');
    });
    feed.watch(key, turn('a'), note);
    narrator.tell(told('a', 1), started);
    expect(heard).toHaveLength(1);
    expect(errors).toEqual([new Error('my own fault')]);
  });

  it('encodes an event once, however many send it', () => {
    const { feed, narrator } = stage();
    const seen = new Set<Uint8Array>();
    for (let times = 0; times < 3; times++) feed.subscribe(({ bytes }) => void seen.add(bytes));
    narrator.tell(told('a', 1), started);
    expect(seen.size).toBe(1);
  });
});

describe('the narrator', () => {
  it('numbers the events of each turn and attempt from 1, pings apart', () => {
    const { feed, narrator, heard, note } = stage();
    feed.subscribe(note);
    narrator.tell(told('a', 1), started);
    narrator.tell(told('b', 1), started);
    narrator.tell(told('a', 1), { type: 'ping' });
    narrator.tell(told('a', 1), finished);
    narrator.tell(told('b', 2), started);
    expect(heard).toEqual([
      'a turn.started 1.1',
      'b turn.started 1.1',
      'a ping 1.0',
      'a turn.finished 1.2',
      'b turn.started 2.1',
    ]);
  });
});

describe('a reading', () => {
  it('passes nothing on before the turn is its own, then what came meanwhile first', () => {
    const { feed, narrator, heard, note } = stage();
    const reading = new TurnReading(feed, key, turn('a'), note);
    narrator.tell(told('a', 1), started);
    expect(heard).toEqual([]);
    reading.begin();
    narrator.tell(told('a', 1), finished);
    expect(heard).toEqual(['a turn.started 1.1', 'a turn.finished 1.2']);
  });

  it('hears the end once and nothing after it', () => {
    const { feed, narrator, heard, note } = stage();
    const reading = new TurnReading(feed, key, turn('a'), note);
    reading.begin();
    narrator.tell(told('a', 1), finished);
    narrator.tell(told('a', 2), finished);
    expect(heard).toHaveLength(1);
    expect(feed.readTurns(key)).toEqual([]);
  });

  it('that was refused hears nothing at all', () => {
    const { feed, narrator, heard, note } = stage();
    const reading = new TurnReading(feed, key, turn('a'), note);
    narrator.tell(told('a', 1), started);
    reading.stop();
    narrator.tell(told('a', 1), finished);
    expect(heard).toEqual([]);
  });
});
