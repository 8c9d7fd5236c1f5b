/** Cases of the contract: what a watcher of one session hears, and of all. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { GreenroomApi } from '../../../src/index.ts';
import { until } from '../../support/until.ts';
import type { Place } from './place.ts';

export const watcherCases = (place: () => Place) =>
  describe('what a watcher hears', () => {
    const id = (word: string) => place().id(word);
    let greenroom: GreenroomApi;
    beforeAll(() => {
      greenroom = place().greenroom;
    });
    test('of one session: its events, and of no other', async () => {
      const heard: string[] = [];
      const watching = greenroom.watch(id('watched'))[Symbol.asyncIterator]();
      const next = watching.next();
      // Over the bus another's turn may come before the broker knows of it: until then turns are run.
      let first: Awaited<typeof next> | undefined;
      void next.then((message) => {
        first = message;
      });
      await greenroom.turn(id('unwatched'), 'Hello').text();
      await until(async () => {
        await greenroom.turn(id('watched'), 'Hello').text();
        return first !== undefined;
      });
      for (let message = first; message?.value['type'] !== 'turn.finished'; )
        message = await watching.next().then((each) => {
          heard.push(String(each.value?.['sessionId']));
          return each as typeof first;
        });
      await watching.return?.();
      expect(new Set(heard)).toEqual(new Set([id('watched')]));
    });

    test('what happens between the call and the first read too, and nothing once it has gone', async () => {
      const watching = greenroom.watch(id('read-late'))[Symbol.asyncIterator]();
      await greenroom.turn(id('read-late'), 'Hello').text();
      const first: unknown = (await watching.next()).value;
      expect(first).toMatchObject({ sessionId: id('read-late') });
      await watching.return?.();
      const quiet = greenroom.watch(id('read-late'))[Symbol.asyncIterator]();
      const waiting = quiet.next();
      await quiet.return?.();
      expect(await waiting).toMatchObject({ done: true });
    });

    test('of all: that sessions are made', async () => {
      const news: unknown[] = [];
      const watching = (async () => {
        for await (const piece of greenroom.watch()) {
          news.push(piece['sessionId']);
          if (String(piece['sessionId']).startsWith(id('news'))) return piece;
        }
        return undefined;
      })();
      let made = 0;
      await until(async () => {
        made += 1;
        await greenroom.sessions.create(id(`news-${made}`));
        return news.length > 0;
      });
      expect(await watching).toMatchObject({ tenant: 'default' });
    });
  });
