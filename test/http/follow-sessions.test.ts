/** A stream's place in sessions that the daemon answers about in its own time, and in its own order. */
import { expect, it, vi } from 'vitest';
import { followSessions } from '../../src/http/streams/follow-sessions.ts';
import { missedSince } from '../../src/http/streams/stored-events.ts';

const keyOf = (sessionId: string) => ({ tenant: 'default', sessionId });

/** Turns as a long session lists them: by their ids, and a page at a time. */
const longSession = (names: readonly string[]) => {
  const at = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString();
  const turns = names.map((turnId, n) => ({
    ...{ turnId, seq: 2 * n + 1, lastSeq: 2 * n + 2, attempt: 1, status: 'completed' },
    ...{ acceptedAt: at(n), finishedAt: at(n), stopReason: 'end_turn' },
  }));
  const listed = turns.toSorted((a, b) => (a.turnId < b.turnId ? 1 : -1));
  const messages = turns.flatMap(({ turnId, seq, lastSeq }) =>
    [seq, lastSeq].map((one) => {
      const message = { role: one === seq ? 'user' : 'assistant', content: 'x' };
      return { type: 'message', seq: one, turnId, message };
    }),
  );
  const replies = {
    turns: ({ limit, cursor }: { limit: number; cursor?: string }) => {
      const from = listed.findIndex(({ turnId }) => turnId === cursor) + 1;
      const page = listed.slice(from, from + limit);
      const more = page.length === limit ? { nextCursor: page.at(-1)?.turnId } : {};
      return { turns: page, ...more };
    },
    get: () => ({ session: { seq: messages.length } }),
    messages: ({ from, limit }: { from: number; limit: number }) => ({
      entries: messages.slice(from - 1, from - 1 + limit),
    }),
  };
  const session = async (_: unknown, __: unknown, verb: keyof typeof replies, asked: never) =>
    replies[verb](asked);
  return { door: { session }, context: {}, key: keyOf('long') };
};

it('makes up for the newest turns of a long session whatever ids its callers gave them', async () => {
  const names = Array.from({ length: 1_500 }, (_, n) => `job-${9_999 - n}`);
  const from = { seq: 2_998, running: undefined, ended: names.at(-2) };
  const missed = await missedSince(longSession(names) as never, from);
  if (typeof missed === 'string') throw new Error(missed);
  expect(missed.events.map(({ name }) => name)).toEqual([
    ...['turn.accepted', 'message', 'turn.finished'],
  ]);
  expect(missed.position).toEqual({ seq: 3_000, running: undefined, ended: names.at(-1) });
});

it('says no place before it knows that of each session', async () => {
  const sent: { name: string; id?: string }[] = [];
  const heard = new Map<string, (publication: object) => void>();
  const hangs = new Promise<never>(() => undefined);
  let isSlow = true;
  const replies: Record<string, object> = { turns: { turns: [] }, get: { session: { seq: 7 } } };
  const door = {
    session: async (_: unknown, { sessionId }: { sessionId: string }, verb: string) =>
      sessionId === 'slow' && isSlow ? hangs : replies[verb],
  };
  const feed = {
    follow: ({ sessionId }: { sessionId: string }, listener: (publication: object) => void) => {
      heard.set(sessionId, listener);
      return () => undefined;
    },
    recent: () => undefined,
  };
  const stream = { send: (event: never) => sent.push(event), onClose: () => undefined };
  const follow = () =>
    followSessions(
      stream as never,
      {
        ...({ door, feed, context: {}, keys: ['quick', 'slow'].map(keyOf) } as never as object),
        from: [undefined, undefined],
      } as never,
    );
  const tell = () =>
    heard.get('quick')?.({
      event: { turnId: 't', attempt: 1, n: 1, body: { type: 'message', seq: 8 } },
      bytes: '{}',
    });
  follow();
  await vi.waitFor(() => {
    tell();
    expect(sent.length).toBeGreaterThan(0);
  });
  expect(sent.at(-1)).not.toHaveProperty('id');
  isSlow = false;
  follow();
  await vi.waitFor(() => {
    tell();
    expect(sent.at(-1)?.id).toBe('8.1.1.t.*,7.0.0..*');
  });
});
