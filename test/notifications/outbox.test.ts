/** What a target has yet to hear: nothing twice, nothing lost, each session's in order, whatever fails and dies. */
import { describe, expect, it } from 'vitest';
import type { Notice } from '../../src/notifications/notice.ts';
import {
  MAX_DEAD,
  MAX_TRIES,
  MAX_WAITING,
  newOutbox,
  Outbox,
  SETTLED_MS,
} from '../../src/notifications/outbox.ts';
import { savedOutboxIn } from '../../src/notifications/saved-outbox.ts';
import { Dice } from '../../src/testing/dice.ts';

const NOW = 1_000_000_000;

const noticeAt = (n: number, atMs: number, sessionId = `s${n}`): Notice => ({
  ...{ id: `evt_${n}`, type: 'session.completed', atMs, tenant: 'default', sessionId, by: 'x' },
});

describe('the file of an outbox', () => {
  it('gives what was written', () => {
    const outbox = new Outbox(newOutbox(NOW));
    const details = { turnId: 't' };
    outbox.take([{ ...noticeAt(1, NOW), details }, noticeAt(2, NOW)], NOW, NOW);
    for (const { id } of outbox.next(NOW, 9))
      outbox.failed(id, { why: 'no', isFinal: id === 'evt_2' }, NOW, 0);
    const saved = outbox.saved();
    expect(savedOutboxIn(JSON.stringify(saved))).toEqual(saved);
  });

  it.each(['', 'null', '[]', '{}', '{"fromMs":1e999,"done":[],"waiting":[],"dead":[]}'])(
    'is refused where it is none: %s',
    (text) => expect(() => savedOutboxIn(text)).toThrow(),
  );
});

describe('an outbox', () => {
  it('gives what was taken, one at a time of each session', () => {
    const outbox = new Outbox(newOutbox(NOW));
    const notices = [noticeAt(1, NOW, 'a'), noticeAt(2, NOW, 'a'), noticeAt(3, NOW, 'b')];
    outbox.take(notices, NOW, NOW);
    expect(outbox.next(NOW, 9).map(({ id }) => id)).toEqual(['evt_1', 'evt_3']);
    expect(outbox.next(NOW, 9)).toEqual([]);
    outbox.delivered('evt_1');
    expect(outbox.next(NOW, 9).map(({ id }) => id)).toEqual(['evt_2']);
  });

  it('hears what happens after a clock that was ahead was put back', () => {
    const outbox = new Outbox(newOutbox(NOW - 10 * SETTLED_MS));
    const ahead = NOW + 3_600_000;
    outbox.take([noticeAt(1, ahead)], ahead, ahead);
    outbox.delivered(outbox.next(ahead, 1)[0]?.id ?? '');
    outbox.take([], NOW, NOW);
    expect(outbox.readFromMs).toBe(NOW - SETTLED_MS);
    outbox.take([noticeAt(2, NOW), noticeAt(1, ahead)], NOW, NOW);
    expect(outbox.next(NOW, 9).map(({ id }) => id)).toEqual(['evt_2']);
  });

  it('passes over what it knows, and reads back as far as commits may come late', () => {
    const outbox = new Outbox(newOutbox(NOW - 10 * SETTLED_MS));
    const [early, late] = [noticeAt(1, NOW - 5), noticeAt(2, NOW - 9)];
    outbox.take([early], NOW, NOW);
    outbox.delivered(outbox.next(NOW, 1)[0]?.id ?? '');
    expect(outbox.readFromMs).toBe(NOW - SETTLED_MS);
    outbox.take([late, early], NOW + 1, NOW + 1);
    expect(outbox.next(NOW + 1, 9)).toEqual([late]);
  });

  it('leaves a target alone for as long as it wants, six hours at most, and never comes sooner for it', () => {
    const waitOf = (retryAfterMs: number) => {
      const outbox = new Outbox(newOutbox(NOW));
      outbox.take([noticeAt(1, NOW)], NOW, NOW);
      const [notice] = outbox.next(NOW, 1);
      outbox.failed(notice?.id ?? '', { why: 'busy', isFinal: false, retryAfterMs }, NOW, 0);
      return outbox.nextDueMs - NOW;
    };
    expect([60_000, 1, 10 ** 9].map(waitOf)).toEqual([60_000, 5_000, 6 * 3_600_000]);
  });

  it('tries again ever later, and gives up in the end; then it is tried when somebody asks', () => {
    const outbox = new Outbox(newOutbox(NOW));
    outbox.take([noticeAt(1, NOW, 'a'), noticeAt(2, NOW, 'a')], NOW, NOW);
    const waits: number[] = [];
    let nowMs = NOW;
    for (let tried = 0; tried < MAX_TRIES; tried += 1) {
      expect(outbox.next(nowMs, 9).map(({ id }) => id)).toEqual(['evt_1']);
      outbox.failed('evt_1', { why: 'it answered 500', isFinal: false }, nowMs, 0);
      const dueMs = Math.min(outbox.nextDueMs, Number.MAX_SAFE_INTEGER);
      if (tried < MAX_TRIES - 1) {
        const own = outbox.oldest?.dueMs ?? 0;
        waits.push(own - nowMs);
        expect(dueMs).toBeLessThanOrEqual(own);
        nowMs = own;
      }
    }
    expect(waits.slice(0, 4)).toEqual([5_000, 15_000, 45_000, 135_000]);
    expect(Math.max(...waits)).toBe(6 * 3_600_000);
    expect(outbox.dead).toMatchObject([{ notice: { id: 'evt_1' }, why: 'it answered 500' }]);
    expect(outbox.next(nowMs, 9).map(({ id }) => id)).toEqual(['evt_2']);
    expect(outbox.retryDead(nowMs, 'evt_9')).toBe(0);
    expect(outbox.retryDead(nowMs)).toBe(1);
    outbox.delivered('evt_2');
    expect(outbox.next(nowMs, 9).map(({ id }) => id)).toEqual(['evt_1']);
  });

  it('gives up at once what will never be taken, and keeps the latest of those', () => {
    const outbox = new Outbox(newOutbox(NOW));
    for (let n = 0; n < MAX_DEAD + 5; n += 1) {
      outbox.take([noticeAt(n, NOW)], NOW, NOW);
      for (const { id } of outbox.next(NOW, 9))
        outbox.failed(id, { why: 'gone', isFinal: true }, NOW, 0);
    }
    expect(outbox.dead).toHaveLength(MAX_DEAD);
    expect(outbox.dead[0]?.notice.id).toBe('evt_5');
  });

  it('leaves in the journal what it has no room for, and takes it later', () => {
    const outbox = new Outbox(newOutbox(NOW));
    const all = Array.from({ length: MAX_WAITING + 50 }, (_, n) => noticeAt(n, NOW + n));
    const later = NOW + 10 * SETTLED_MS;
    outbox.take(all, later, later);
    expect(outbox.readFromMs).toBeUndefined();
    const got: string[] = [];
    for (let room = 0; room < 200; room += 1) {
      const from = outbox.readFromMs;
      if (from !== undefined)
        outbox.take(
          all.filter(({ atMs }) => atMs >= from),
          later,
          later,
        );
      for (const { id } of outbox.next(later, 8)) {
        outbox.delivered(id);
        got.push(id);
      }
    }
    expect(got).toEqual(all.map(({ id }) => id));
  });
});

/** An outbox of which every third delivery is forgotten. */
class Forgetful extends Outbox {
  #count = 0;
  override delivered(id: string): void {
    this.#count += 1;
    if (this.#count % 3 === 0) this.failed(id, { why: 'it was forgotten', isFinal: true }, 0, 0);
    else super.delivered(id);
  }
}

/** An audit that grows, commits that come late, a target that fails, and crashes: what the target has heard. */
const played = (seed: number, Kind: typeof Outbox) => {
  const dice = new Dice(seed);
  let nowMs = NOW;
  const audit: Notice[] = [];
  const lateOnes: Notice[] = [];
  const heard: string[] = [];
  let saved = newOutbox(NOW);
  let outbox = new Kind(saved);
  const read = () => {
    const from = outbox.readFromMs;
    if (from === undefined) return;
    const found = audit.filter(({ atMs }) => atMs >= from).sort((a, b) => a.atMs - b.atMs);
    outbox.take(found, nowMs, nowMs);
  };
  const send = (mayFail: boolean) => {
    for (const notice of outbox.next(nowMs, 4)) {
      if (mayFail && dice.int(1, 10) <= 3)
        outbox.failed(notice.id, { why: 'no', isFinal: false }, nowMs, 0.5);
      else {
        heard.push(notice.id);
        outbox.delivered(notice.id);
      }
    }
  };
  for (let step = 0; step < 300; step += 1) {
    nowMs += dice.int(0, 8_000);
    const notice = noticeAt(step, nowMs, `s${dice.int(0, 4)}`);
    if (dice.int(1, 10) <= 2) lateOnes.push(notice);
    else audit.push(notice);
    for (const late of lateOnes.splice(0))
      if (nowMs - late.atMs < SETTLED_MS - 8_000 && dice.int(1, 2) === 1) lateOnes.push(late);
      else audit.push(late);
    read();
    send(true);
    if (dice.int(1, 2) === 1) saved = structuredClone(outbox.saved());
    if (dice.int(1, 10) === 1) outbox = new Kind(saved);
  }
  audit.push(...lateOnes);
  for (let round = 0; round < 400; round += 1) {
    nowMs += 60_000;
    read();
    send(false);
  }
  return { all: audit.map(({ id }) => id), heard: new Set(heard), dead: outbox.dead.length };
};

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);

it.each(SEEDS)('whatever fails, comes late or dies, all is heard: seed %i', (seed) => {
  const { all, heard, dead } = played(seed, Outbox);
  expect(dead).toBe(0);
  expect(all.filter((id) => !heard.has(id))).toEqual([]);
});

/** An outbox that takes all commits for settled at once. */
class Hasty extends Outbox {
  override take(notices: readonly Notice[], throughMs: number, nowMs: number): void {
    super.take(notices, throughMs + SETTLED_MS, nowMs + SETTLED_MS);
  }
}

it('an outbox that does not reach back misses what comes late, and is noticed', () => {
  const missed = SEEDS.map((seed) => {
    const { all, heard } = played(seed, Hasty);
    return all.filter((id) => !heard.has(id)).length;
  });
  expect(Math.max(...missed)).toBeGreaterThan(0);
});

it('an outbox that forgets is noticed', () => {
  const { dead } = played(1, Forgetful);
  expect(dead).toBeGreaterThan(0);
});
