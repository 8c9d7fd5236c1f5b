/** One watch: what it tells its reader, how long it lets a request wait, and how it ends. */
import { describe, expect, it } from 'vitest';
import type { Condition } from '../../../src/model/criteria.ts';
import type { SessionId } from '../../../src/model/ids.ts';
import { LiveWatch, MAX_DUE } from '../../../src/search/live/live-watch.ts';
import { rowOf } from '../summary-row.ts';

const idOf = (id: string) => id as SessionId;
const member = (id: string, title = 'T') => rowOf(id, { tags: ['x'], title });

/** Of the sessions with the tag `x`; it has begun and looks at nothing. */
const begun = (condition: Condition = { tags: ['x'] }) => {
  const watch = new LiveWatch('w', condition, 0);
  watch.beginUntold();
  return watch;
};

const enters = (watch: LiveWatch, ...ids: readonly string[]): void => {
  for (const id of ids) watch.heard(idOf(id), undefined, member(id));
};

/** Whether a promise is settled by now, and with what. */
const now = async <T>(promise: Promise<T>): Promise<T | 'waits'> => {
  await null;
  return Promise.race([promise, Promise.resolve('waits' as const)]);
};

const told = async (watch: LiveWatch, after = 0) => {
  const batch = await watch.next({ after, limit: 100, waitMs: 0 }, 0);
  if (batch.kind !== 'changes') return batch.why;
  return batch.changes.map(({ type, sessionId }) => `${type} ${sessionId}`);
};

describe('a watch that looks at what is present', () => {
  it('tells of a session that changes meanwhile what it has become', async () => {
    const watch = new LiveWatch('w', { tags: ['x'] }, 0);
    watch.note(idOf('changed'), member('changed', 'new'));
    watch.note(idOf('left'), rowOf('left'));
    watch.note(idOf('gone'), undefined);
    watch.note(idOf('come'), rowOf('come'));
    watch.note(idOf('come'), member('come'));
    expect(watch.size).toBe(4);
    watch.begin(['kept', 'changed', 'left', 'gone'].map((id) => member(id)));
    expect([watch.size, watch.present]).toEqual([3, 3]);
    const batch = await watch.next({ after: 0, limit: 9, waitMs: 0 }, 0);
    expect(batch).toEqual({
      ...{ kind: 'changes', n: 1, presentLeft: 0 },
      changes: [
        { type: 'present', sessionId: 'kept', row: member('kept') },
        { type: 'present', sessionId: 'changed', row: member('changed', 'new') },
        { type: 'present', sessionId: 'come', row: member('come') },
      ],
    });
  });

  it('notes nothing any more once it has begun', async () => {
    const watch = begun();
    watch.note(idOf('a'), member('a'));
    expect([watch.size, watch.present, await told(watch)]).toEqual([0, 0, []]);
  });

  it('ends when more changes than it can note', async () => {
    const watch = new LiveWatch('w', {}, 0);
    for (let n = 0; n < MAX_DUE; n += 1) watch.note(idOf(`s${n}`), undefined);
    expect([watch.isOver, watch.size]).toEqual([false, MAX_DUE]);
    watch.note(idOf('more'), undefined);
    expect([watch.isOver, watch.size]).toEqual([true, 0]);
    expect(await told(watch)).toBe('behind');
  });
});

describe('a watch that has begun', () => {
  it('hears of what begins to be a member, is one or ceases to be one, and of nothing else', async () => {
    const watch = begun();
    watch.heard(idOf('enters'), rowOf('enters'), member('enters'));
    watch.heard(idOf('stays'), member('stays'), member('stays', 'new'));
    watch.heard(idOf('leaves'), member('leaves'), rowOf('leaves'));
    watch.heard(idOf('goes'), member('goes'), undefined);
    watch.heard(idOf('other'), rowOf('other'), rowOf('other'));
    watch.heard(idOf('none'), undefined, undefined);
    expect(await told(watch)).toEqual([
      ...['entered enters', 'changed stays', 'left leaves', 'left goes'],
    ]);
  });

  it('ends when more waits for its reader than is kept, with no more than that to be said', async () => {
    const watch = begun();
    for (let n = 0; n < MAX_DUE; n += 1) enters(watch, `s${n}`);
    expect([watch.isOver, watch.size]).toEqual([false, MAX_DUE]);
    enters(watch, 'more');
    enters(watch, 'and more');
    expect([watch.isOver, watch.size, watch.isReady]).toEqual([true, 0, false]);
    expect(await told(watch)).toBe('behind');
  });

  it('costs what it asks of each session, in plain watches', () => {
    const of = (condition: Condition) => begun(condition).cost;
    const some = (count: number) => Array.from({ length: count }, () => ({}));
    expect([
      of({}),
      of({ anyOf: some(3) }),
      of({ anyOf: some(4) }),
      of({ anyOf: some(8) }),
    ]).toEqual([1, 1, 2, 3]);
  });
});

describe('a request', () => {
  const wanted = { after: 0, limit: 10, waitMs: 50 };

  it('waits for a change, and is answered when the watch is woken', async () => {
    const watch = begun();
    const asked = watch.next(wanted, 1_000);
    expect([watch.isWaitedFor, watch.isReady, watch.seenMs]).toEqual([true, false, 1_000]);
    enters(watch, 'a');
    expect([watch.isReady, await now(asked)]).toEqual([true, 'waits']);
    watch.wake(1_020);
    expect(await now(asked)).toMatchObject({ n: 1, changes: [{ sessionId: 'a' }] });
    expect([watch.isWaitedFor, watch.isReady, watch.seenMs]).toEqual([false, false, 1_020]);
    watch.wake(1_030); // nobody waits
    expect(watch.seenMs).toBe(1_020);
  });

  it('does not wait where there is something, where it does not want to, or where there is an error', async () => {
    const watch = begun();
    expect(await now(watch.next({ ...wanted, waitMs: 0 }, 0))).toMatchObject({ changes: [] });
    expect(await now(watch.next({ ...wanted, after: 7 }, 0))).toEqual({
      ...{ kind: 'resync', why: 'unknown' },
    });
    enters(watch, 'a');
    expect(await now(watch.next(wanted, 0))).toMatchObject({ n: 1 });
    expect(watch.isWaitedFor).toBe(false);
  });

  it('is answered without a change when its time is over, and not before', async () => {
    const watch = begun();
    watch.wakeIfLate(5_000);
    const asked = watch.next(wanted, 1_000);
    watch.wakeIfLate(1_049);
    expect(await now(asked)).toBe('waits');
    watch.wakeIfLate(1_050);
    expect(await now(asked)).toEqual({ kind: 'changes', n: 0, changes: [], presentLeft: 0 });
  });

  it('that comes later takes the place of the one that waits, which is told nothing', async () => {
    const watch = new LiveWatch('w', {}, 0);
    watch.begin([member('p'), member('q')]);
    await watch.next({ after: 0, limit: 2, waitMs: 0 }, 0);
    const [first, second] = [
      watch.next({ ...wanted, after: 1 }, 0),
      watch.next({ ...wanted, after: 1 }, 0),
    ];
    expect(await now(first)).toEqual({ kind: 'changes', n: 1, changes: [], presentLeft: 0 });
    expect(await now(second)).toBe('waits');
  });

  it('hears how many are yet to be told as present', async () => {
    const watch = new LiveWatch('w', {}, 0);
    watch.begin(['a', 'b', 'c'].map((id) => member(id)));
    const one = await watch.next({ after: 0, limit: 1, waitMs: 0 }, 0);
    expect(one).toMatchObject({ n: 1, presentLeft: 2 });
  });
});

describe('a watch that ends', () => {
  it('tells whoever waits why, and whoever comes later; the first reason counts', async () => {
    const watch = begun();
    const asked = watch.next({ after: 0, limit: 1, waitMs: 50 }, 0);
    watch.end('behind');
    watch.end('unknown');
    expect(await now(asked)).toEqual({ kind: 'resync', why: 'behind' });
    expect(await told(watch)).toBe('behind');
    expect([watch.isOver, watch.isWaitedFor]).toEqual([true, false]);
  });

  it('keeps nothing for its reader, also of what it has noted', () => {
    const watch = begun();
    enters(watch, 'a');
    const looking = new LiveWatch('w', {}, 0);
    looking.note(idOf('a'), member('a'));
    for (const each of [watch, looking]) {
      expect(each.size).toBe(1);
      each.end('unknown');
      expect(each.size).toBe(0);
    }
  });
});
