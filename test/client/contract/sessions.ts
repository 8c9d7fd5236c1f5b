/** Cases of the contract: sessions as they are made, changed, found, refused and carried elsewhere. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { GreenroomApi } from '../../../src/index.ts';
import { all, type Place } from './place.ts';

export const sessionCases = (place: () => Place) =>
  describe('sessions', () => {
    const id = (word: string) => place().id(word);
    let greenroom: GreenroomApi;
    beforeAll(() => {
      greenroom = place().greenroom;
    });
    test('are made, shown, changed, forked, compacted and deleted', async () => {
      const { sessions } = greenroom;
      const made = await sessions.create(id('crud'), { title: 'Notes', tags: ['a'] });
      expect(made).toMatchObject({ sessionId: id('crud'), title: 'Notes', tags: ['a'] });
      await sessions.append(id('crud'), [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hi' },
      ]);
      expect(await sessions.update(id('crud'), { title: 'More' })).toMatchObject({ title: 'More' });
      expect((await sessions.tag(id('crud'), 'b', 'c')).tags).toEqual(['a', 'b', 'c']);
      expect((await sessions.untag(id('crud'), 'a')).tags).toEqual(['b', 'c']);
      expect((await sessions.hold(id('crud'), 'why')).tags).toContain('hold');
      expect((await sessions.release(id('crud'))).tags).not.toContain('hold');
      const { entries } = await sessions.messages(id('crud'));
      expect(entries.map(({ seq }) => seq)).toEqual([1, 2]);
      const fork = await sessions.fork(id('crud'), { newSessionId: id('fork'), atSeq: 1 });
      expect(fork.parent).toEqual({ sessionId: id('crud'), seq: 1 });
      const compacted = await sessions.compact(id('crud'), { summary: 'We greeted.' });
      expect(compacted.compaction).toMatchObject({ throughSeq: 2 });
      expect(await sessions.explain(id('crud'))).toMatchObject({ sessionId: id('crud') });
      expect((await sessions.turns(id('crud'))).turns).toEqual([]);
      await sessions.delete(id('crud'));
      await expect(sessions.get(id('crud'))).rejects.toMatchObject({ code: 'session_deleted' });
    });

    test('that changed since the named version are left alone', async () => {
      const { sessions } = greenroom;
      const { version } = await sessions.create(id('version'));
      await sessions.update(id('version'), { title: 'One', expectedVersion: version });
      const stale = { expectedVersion: version };
      const message = { role: 'user', content: 'x' } as const;
      for (const change of [
        () => sessions.update(id('version'), { title: 'Two', ...stale }),
        () => sessions.append(id('version'), [message], version),
        () => sessions.delete(id('version'), stale),
      ])
        await expect(change()).rejects.toMatchObject({ code: 'version_conflict' });
      expect(await sessions.get(id('version'))).toMatchObject({ title: 'One', messageCount: 0 });
    });

    test('are found, counted and tabled', async () => {
      const { sessions } = greenroom;
      // In the same order by time and by name: two may be of one millisecond.
      for (const word of ['first', 'second', 'third'])
        await sessions.create(id(`find-${word}`), { tags: [id('found'), word] });
      const tags = [id('found')];
      const first = await greenroom.search({ tags, limit: 2 });
      expect(first.sessions.map(({ sessionId }) => sessionId)).toEqual(
        ['third', 'second'].map((word) => id(`find-${word}`)),
      );
      const cursor = first.nextCursor ?? '';
      const rest = await sessions.search({ tags, limit: 2, cursor });
      expect(rest.sessions.map(({ sessionId }) => sessionId)).toEqual([id('find-first')]);
      expect(
        (await greenroom.search({ q: `tag:${id('found')} tag:second` })).sessions,
      ).toHaveLength(1);
      expect(await sessions.count({ tags })).toMatchObject({ count: 3, costUsd: 0 });
      const { facets } = await sessions.facets({ tags, by: 'tag' });
      expect(facets[0]).toMatchObject({ value: id('found'), sessions: 3 });
      expect(await sessions.cleanup({ ...{ maxAgeDays: 1, dryRun: true }, tags })).toMatchObject({
        count: 0,
      });
    });

    test('that cannot be are refused with the code of the table', async () => {
      const { sessions } = greenroom;
      const wrong = { ...{ title: 1 } } as object;
      const refused: readonly (readonly [() => Promise<unknown>, string])[] = [
        [() => sessions.get(id('nothing')), 'session_not_found'],
        [() => sessions.get('a.b'), 'invalid_session_id'],
        [() => sessions.create(id('wrong'), wrong), 'invalid_request'],
        [() => sessions.create(id('wrong'), { tags: [''] }), 'invalid_settings'],
        [() => greenroom.search({ q: 'cost:>much' }), 'invalid_criteria'],
        [() => sessions.turnStatus(id('nothing'), 'x'), 'session_not_found'],
        [() => greenroom.api.session('s', 'no-verb' as 'get', {}), 'unknown_verb'],
      ];
      for (const [ask, code] of refused) await expect(ask()).rejects.toMatchObject({ code });
    });

    test('go out as text and come back the same, under another id too', async () => {
      const { sessions } = greenroom;
      await greenroom.turn(id('export'), 'Hello', { tags: ['kept'] }).text();
      const text = (await all(sessions.exportSession(id('export')))).join('');
      const lines = (async function* () {
        yield text;
      })();
      const made = await sessions.importSession(lines, { as: id('imported') });
      expect(made).toMatchObject({ sessionId: id('imported'), status: 'new' });
      expect(await sessions.get(id('imported'))).toMatchObject({ numTurns: 1, tags: ['kept'] });
    });
  });
