/** Large sessions: what an append, a page, a fork and a waking read and write does not grow with them. */
import { describe, expect, it } from 'vitest';
import { type TestGreenroom, testGreenroom } from '../support/greenroom.ts';

const LARGE = process.env['GREENROOM_FULL'] === '1' ? 100_000 : 20_000;
const SMALL = 10;
const GROUP = 1_000;

const grow = async (test: TestGreenroom, sessionId: string, messages: number): Promise<void> => {
  for (let at = 0; at < messages; at += GROUP)
    await test.sessions.append(
      sessionId,
      Array.from({ length: Math.min(GROUP, messages - at) }, (_, n) => ({
        role: n % 2 === 0 ? ('user' as const) : ('assistant' as const),
        content: `message ${at + n + 1}`,
      })),
    );
};

/** What something costs, in records and entries, with the bytes of what it writes rounded to a kilobyte. */
const costOf = async (test: TestGreenroom, work: () => Promise<unknown>) => {
  const before = test.journal.stats();
  await work();
  const after = test.journal.stats();
  return {
    entriesRead: after.entriesRead - before.entriesRead,
    recordsWritten: after.recordsWritten - before.recordsWritten,
    kilobytes: Math.ceil((after.bytesWritten - before.bytesWritten) / 1_024),
  };
};

describe(`a session with ${LARGE} messages`, () => {
  it('costs what one with ten costs, to append to, to page, to fork, to wake and to delete', async () => {
    const test = await testGreenroom();
    await grow(test, 'large', LARGE);
    await grow(test, 'small', SMALL);
    const costs = async (what: (sessionId: string) => Promise<unknown>) => {
      await test.restart();
      return [
        await costOf(test, () => what('large')),
        await costOf(test, () => what('small')),
      ] as const;
    };
    const same = async (what: (sessionId: string) => Promise<unknown>) => {
      const [large, small] = await costs(what);
      expect(large).toEqual(small);
      return large;
    };
    expect(
      await same((id) => test.sessions.append(id, [{ role: 'user', content: 'one more' }])),
    ).toMatchObject({ entriesRead: 0 });
    await same(async (id) => {
      const { seq } = await test.sessions.get(id);
      const from = Math.floor(seq / 2);
      await test.sessions.messages(id, { from, limit: 5 });
    });
    await same((id) => test.sessions.messages(id, { order: 'desc', limit: 5 }));
    await same((id) => test.sessions.fork(id));
    await same((id) => test.sessions.fork(id, { atSeq: 5 }));
    await same(async (id) =>
      test.sessions.fork(id, { atSeq: (await test.sessions.get(id)).seq - 2 }),
    );
    const last = (await test.sessions.get('large')).seq;
    await test.sessions.compact('large', { throughSeq: last - 9, summary: 'a lot was said' });
    await test.sessions.compact('small', { throughSeq: 2, summary: 'little was said' });
    expect(await same((id) => test.run(id, 'and now?'))).toMatchObject({ entriesRead: 11 });
    await same((id) => test.sessions.delete(id));
  }, 300_000);
});
