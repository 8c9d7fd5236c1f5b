/** What an open turn has said since its last message is kept whole, or not at all, and within bounds. */
import { describe, expect, test } from 'vitest';
import type { TurnEventBody } from '../../../src/model/event.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import { emptyUsage } from '../../../src/model/usage.ts';
import { Publication } from '../../../src/session/events/feed.ts';
import { MAX_BYTES, MAX_EVENTS, RecentEvents } from '../../../src/session/events/recent-events.ts';

const KEY = sessionKey('default', 's');

class Turn {
  readonly #recent: RecentEvents<Publication>;
  readonly #turnId: TurnId;
  #n = 0;
  attempt = 1;

  constructor(recent: RecentEvents<Publication>, turnId: string) {
    this.#recent = recent;
    this.#turnId = turnId as TurnId;
  }

  say(body: TurnEventBody, lastSeq?: number): this {
    this.#n += 1;
    const n = body.type === 'ping' ? 0 : this.#n;
    const event = { key: KEY, turnId: this.#turnId, attempt: this.attempt, n, atMs: 0, body };
    const told = lastSeq === undefined ? event : { ...event, lastSeq };
    this.#recent.note('s', new Publication(told));
    return this;
  }

  accepted = (seq = 1) => this.say({ type: 'turn.accepted', seq });
  started = (lastSeq?: number) => this.say({ type: 'turn.started' }, lastSeq);
  delta = (text: string) => this.say({ type: 'delta', block: 0, text });
  message = (seq: number) => this.say({ type: 'message', seq, body: new Uint8Array() });
  finished = () =>
    this.say({
      ...{ type: 'turn.finished', status: 'completed', stopReason: null, usage: emptyUsage },
      ...{ costUsd: 0, durationMs: 1, text: '' },
    });

  get kept(): readonly string[] | undefined {
    return this.#recent
      .of('s', this.#turnId)
      ?.publications.map(({ event: { body } }) =>
        body.type === 'delta' ? (body.text ?? '') : body.type,
      );
  }

  get after(): number | undefined {
    return this.#recent.of('s', this.#turnId)?.after;
  }
}

describe('what a turn has said since its last message', () => {
  test('is kept in order, from the prompt on and then from each message on', () => {
    const turn = new Turn(new RecentEvents<Publication>(), 't')
      .accepted()
      .started()
      .delta('a')
      .delta('b');
    expect([turn.after, turn.kept]).toEqual([1, ['turn.started', 'a', 'b']]);
    turn.message(2).say({ type: 'ping' });
    expect([turn.after, turn.kept]).toEqual([2, []]);
    turn.delta('c');
    expect([turn.after, turn.kept]).toEqual([2, ['c']]);
  });

  test('goes with its attempt, and all of it with the turn', () => {
    const recent = new RecentEvents<Publication>();
    const turn = new Turn(recent, 't').accepted().started().message(2).delta('lost');
    turn.attempt = 2;
    turn.started().delta('again');
    expect([turn.after, turn.kept]).toEqual([2, ['turn.started', 'again']]);
    turn.finished();
    expect(turn.kept).toBeUndefined();
    expect(recent.bytes).toBe(0);
  });

  test('is not known of a turn whose beginning was not heard, until its next message', () => {
    const turn = new Turn(new RecentEvents<Publication>(), 't').started().delta('a');
    expect(turn.kept).toBeUndefined();
    expect(turn.message(4).delta('b').kept).toEqual(['b']);
  });

  test('is known of an attempt that another process began, from what is stored on', () => {
    const turn = new Turn(new RecentEvents<Publication>(), 't');
    turn.attempt = 2;
    turn.started(4).delta('a');
    expect([turn.after, turn.kept]).toEqual([4, ['turn.started', 'a']]);
  });

  test('goes when the next turn starts, though the end was never said', () => {
    const recent = new RecentEvents<Publication>();
    const one = new Turn(recent, 'one').accepted().started().delta('a');
    const other = new Turn(recent, 'other').accepted(3);
    expect(one.kept).toEqual(['turn.started', 'a']);
    other.started();
    expect([one.kept, other.kept]).toEqual([undefined, ['turn.started']]);
  });

  test('is dropped whole where there is more than is kept of one turn', () => {
    const recent = new RecentEvents<Publication>();
    const turn = new Turn(recent, 't').accepted();
    for (let count = 0; count < MAX_EVENTS; count += 1) turn.delta('x');
    expect(turn.kept).toHaveLength(MAX_EVENTS);
    turn.delta('y').delta('z');
    expect([turn.kept, recent.bytes]).toEqual([undefined, 0]);
    expect(turn.message(2).delta('b').kept).toEqual(['b']);
  });

  test('is dropped where all of them together have more than is kept', () => {
    const recent = new RecentEvents<Publication>();
    const large = 'x'.repeat(MAX_BYTES / 3 - 1_000);
    const one = new Turn(recent, 'one').accepted().delta(large);
    const other = new Turn(recent, 'other').accepted(3).delta(large);
    expect([one.kept, other.kept]).toEqual([[large], undefined]);
    expect(recent.bytes).toBeLessThanOrEqual(MAX_BYTES);
    one.finished();
    expect(other.message(4).delta(large).kept).toEqual([large]);
  });
});
