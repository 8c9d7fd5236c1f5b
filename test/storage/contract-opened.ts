/** The journal's contract: a session that is opened is read in many steps, and others write between them. */
import { describe, expect, it } from 'vitest';
import type { Head } from '../../src/model/head.ts';
import type { SessionReader } from '../../src/session/ports/journal.ts';
import type { StoredJournal } from '../../src/storage/journal/stored-journal.ts';
import { eachOnGround, type OpenJournal } from './ground.ts';
import { append, closedTurn, codeOf, keyOf, NOW, remove, textOf, write } from './sessions.ts';

const key = keyOf('s');
const page = { limit: 9 };

/** All that reads records of the session itself. */
const READS: readonly (readonly [string, (session: SessionReader) => Promise<unknown>])[] = [
  ['entries', (session) => session.entries()],
  ['entries of a side transcript', (session) => session.entries({ subpath: 'agent' })],
  ['stream', (session) => session.stream('agent')],
  ['streams', (session) => session.streams()],
  ['turn', (session) => session.turn('t' as never)],
  ['turns', (session) => session.turns(page)],
  ['response', (session) => session.response('r')],
  ['responses', (session) => session.responses(page)],
];

/** A session of two versions, with a record of each kind. */
const made = async (journal: StoredJournal): Promise<Head> => {
  const first = append(key, undefined, 'one', 'two');
  await journal.commit({
    ...first,
    streams: [{ subpath: 'agent', seq: 0 }],
    turns: [closedTurn('t' as never)],
    responses: [{ responseKey: 'r', record: { n: 1 } }],
  });
  const second = write(key, first.head, { head: { title: 'second' } });
  await journal.commit(second);
  return second.head;
};

const deleted = async (journal: StoredJournal, head: Head, tombstoneUntilMs = 0): Promise<void> => {
  await journal.commit(remove(key, head, tombstoneUntilMs));
};

/** Its id is free at once, and another session has it. */
const madeAnew = async (journal: StoredJournal, head: Head, versions: number): Promise<void> => {
  await deleted(journal, head);
  while ((await journal.purge(9)).left);
  let last = append(key, undefined, 'anew');
  await journal.commit(last);
  for (let version = 2; version <= versions; version += 1) {
    last = write(key, last.head, { head: { title: 'second' } });
    await journal.commit(last);
  }
};

export const openedContract = (open: OpenJournal): void => {
  const ground = eachOnGround(open);

  describe('a session that was opened', () => {
    it('has the head of that moment, and names who owned the store then', async () => {
      const journal = await ground().journal();
      const head = await made(journal);
      const session = await journal.open(key);
      await journal.commit(append(key, head, 'three'));
      expect(session.head).toEqual(head);
      expect(session.fence).toEqual(journal.owner());
      expect(session.key).toEqual(key);
    });

    it('is read as it is now, and what its head knew of is still there', async () => {
      const journal = await ground().journal();
      const head = await made(journal);
      const session = await journal.open(key);
      const third = append(key, head, 'three');
      await journal.commit(third);
      await journal.commit(append(key, third.head, 'four'));
      expect(await session.entries()).toHaveLength(4);
      const known = await session.entries({ to: head.seq });
      expect(known.map((entry) => JSON.parse(textOf(entry)).content)).toEqual(['one', 'two']);
    });

    it('gives no more than so many bytes of entries, and at least one', async () => {
      const journal = await ground().journal();
      await made(journal);
      const session = await journal.open(key);
      expect(await session.entries({ maxBytes: 1 })).toHaveLength(1);
      expect(await session.entries({ maxBytes: 1, reverse: true })).toMatchObject([{ seq: 2 }]);
      expect(await session.entries({ maxBytes: 10_000 })).toHaveLength(2);
    });

    it.each(READS)('and deleted meanwhile is told of as deleted: %s', async (_, read) => {
      const journal = await ground().journal();
      const head = await made(journal);
      const session = await journal.open(key);
      await deleted(journal, head, NOW + 1_000);
      expect(await codeOf(read(session))).toBe('session_deleted');
      expect(await session.tombstone()).toMatchObject({ untilMs: NOW + 1_000 });
      expect(await session.audit(page)).toEqual(await (await journal.open(key)).audit(page));
    });

    it.each(READS)('is never read from another one that has its id now: %s', async (_, read) => {
      for (const versions of [1, 2]) {
        const journal = await ground().journal();
        const head = await made(journal);
        const session = await journal.open(key);
        await madeAnew(journal, head, versions);
        expect(await codeOf(read(session)), `version ${versions}`).toBe('session_deleted');
        const now = (await journal.open(key)).head;
        if (now !== undefined) await deleted(journal, now);
        while ((await journal.purge(9)).left);
      }
    });

    it.each(READS)('before it was made has nothing, also when it is made: %s', async (_, read) => {
      const journal = await ground().journal();
      const session = await journal.open(key);
      expect(session.head).toBeUndefined();
      await made(journal);
      expect((await read(session)) ?? []).toEqual([]);
    });
  });
};
