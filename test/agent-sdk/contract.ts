/** What the Agent SDK expects of a session store, for whatever the store stands on. */
import { describe, expect, test } from 'vitest';
import type { TranscriptEntry, TranscriptKey } from '../../src/agent-sdk/index.ts';
import type { Host } from './hosts.ts';

export const KEY: TranscriptKey = { projectKey: '-home-me-app', sessionId: 'session-1' };
const side = (subpath: string, key = KEY): TranscriptKey => ({ ...key, subpath });
const SIDE = side('subagents/agent-a1');

export const entry = (uuid: string, fields: Record<string, unknown> = {}): TranscriptEntry => ({
  type: 'user',
  uuid,
  timestamp: '2026-11-01T10:00:00.000Z',
  message: { role: 'user', content: `prompt ${uuid}` },
  ...fields,
});

const title = (customTitle: string): TranscriptEntry => ({ type: 'custom-title', customTitle });

/** Names that differ, and would be one if they were joined, folded or cut carelessly. */
const CONFUSABLE: readonly (readonly [string, string])[] = [
  ...(['a/b', 'a', 'a,b', 'a"', '', 'A', 'é', 'e\u0301', 'a\0', 'a\u0001'] as const).map(
    (project) => [project, 'c'] as const,
  ),
  ['a', 'b/c'],
  ['a', 'b","c'],
  ['a","b', 'c'],
  ['a', '..'],
  ['a', '*.>'],
  ['a', 'C'],
  ['a', 'c '],
  ['a', 'c\ud800'],
  ['a', 'c\ud801'],
  ['a', 'c\ufffd'],
  ['a', 'x'.repeat(400)],
  ['a', `${'x'.repeat(399)}y`],
  ['a'.repeat(400), 'c'],
];

export const sessionStoreContract = (open: () => Promise<Host>): void => {
  describe('append and load', () => {
    test('a transcript that was never written is null', async () => {
      const { store } = await open();
      expect(await store.load(KEY)).toBeNull();
      expect(await store.load(SIDE)).toBeNull();
      await store.append(KEY, [entry('1')]);
      expect(await store.load(SIDE)).toBeNull();
      expect(await store.load({ ...KEY, sessionId: 'other' })).toBeNull();
    });

    test('entries come back deeply equal, in the order in which they were stored', async () => {
      const { store } = await open();
      const entries = [
        entry('z', { z: 1, a: [null, true, 1e300, -0.5], nested: { b: {}, a: [] } }),
        title('late'),
        entry('a', { text: 'é 😀 \u2028 \0 \ud800 "quoted" \\', 10: 'ten', 9: 'nine' }),
        JSON.parse('{"type":"odd","__proto__":{"x":1},"constructor":"c","":"empty"}'),
      ];
      await store.append(KEY, entries.slice(0, 2));
      await store.append(KEY, entries.slice(2));
      const loaded = await store.load(KEY);
      expect(loaded).toEqual(entries);
      expect(JSON.stringify(loaded)).toBe(JSON.stringify(entries));
    });

    test('order is ours: neither a uuid nor a time moves an entry', async () => {
      const { store } = await open();
      const late = entry('b', { timestamp: '2026-11-01T12:00:00.000Z' });
      const early = entry('a', { timestamp: '2025-01-01T00:00:00.000Z' });
      await store.append(KEY, [late]);
      await store.append(KEY, [early]);
      expect(await store.load(KEY)).toEqual([late, early]);
    });

    test('a uuid is stored once, in one append and over several', async () => {
      const { store } = await open();
      await store.append(KEY, [entry('1'), entry('1', { changed: true }), entry('2')]);
      await store.append(KEY, [entry('2', { changed: true }), entry('3')]);
      expect(await store.load(KEY)).toEqual([entry('1'), entry('2'), entry('3')]);
    });

    test('strange uuids are told apart too', async () => {
      const { store } = await open();
      const uuids = ['a/b', 'a', '#', '\ud800', '\ud801', 'x'.repeat(300), `${'x'.repeat(299)}y`];
      const entries = uuids.map((uuid) => entry(uuid));
      await store.append(KEY, entries);
      await store.append(KEY, entries);
      expect(await store.load(KEY)).toEqual(entries);
    });

    test('the same uuid in another transcript is another entry', async () => {
      const { store } = await open();
      await store.append(KEY, [entry('1')]);
      await store.append(SIDE, [entry('1')]);
      await store.append(side('subagents/agent-b2'), [entry('1')]);
      expect(await store.load(SIDE)).toEqual([entry('1')]);
      expect(await store.load(side('subagents/agent-b2'))).toEqual([entry('1')]);
    });

    test('entries without a uuid are always stored', async () => {
      const { store } = await open();
      await store.append(KEY, [title('one'), title('one')]);
      await store.append(KEY, [title('one'), entry(''), entry('')]);
      expect(await store.load(KEY)).toEqual([
        ...[title('one'), title('one'), title('one')],
        ...[entry(''), entry('')],
      ]);
    });

    test('an append of nothing changes nothing', async () => {
      const { store } = await open();
      await store.append(KEY, []);
      expect(await store.load(KEY)).toBeNull();
      expect(await store.listSessions(KEY.projectKey)).toEqual([]);
      await store.append(KEY, [entry('1')]);
      const before = await store.listSessionSummaries(KEY.projectKey);
      await store.append(KEY, []);
      await store.append(KEY, [entry('1')]);
      expect(await store.listSessionSummaries(KEY.projectKey)).toEqual(before);
    });

    test('JSON that is no object is kept too', async () => {
      const { store } = await open();
      const odd = [null, 7, 'text', [1, '2'], true, entry('1')] as TranscriptEntry[];
      await store.append(KEY, odd);
      expect(await store.load(KEY)).toEqual(odd);
    });

    test('neither side holds objects of the other', async () => {
      const { store } = await open();
      const given = entry('1');
      const appending = store.append(KEY, [given]);
      given['message'] = 'changed while it was stored';
      await appending;
      const loaded = await store.load(KEY);
      expect(loaded).toEqual([entry('1')]);
      if (loaded?.[0] !== undefined) loaded[0].type = 'changed';
      expect(await store.load(KEY)).toEqual([entry('1')]);
    });

    test('appends that are not awaited are stored in the order in which they were called', async () => {
      const { store } = await open();
      const entries = Array.from({ length: 30 }, (_, n) => entry(`${n}`));
      await Promise.all(entries.map((one) => store.append(KEY, [one])));
      expect(await store.load(KEY)).toEqual(entries);
    });

    test('two programs append to one transcript: nothing is lost, and what each wrote keeps its order', async () => {
      const { store, another } = await open();
      const other = await another();
      const numbers = Array.from({ length: 20 }, (_, n) => n);
      await Promise.all([
        ...numbers.map((n) => store.append(KEY, [entry(`a${n}`), title(`a${n}`)])),
        ...numbers.map((n) => other.append(KEY, [entry(`b${n}`)])),
      ]);
      const loaded = (await other.load(KEY)) ?? [];
      expect(loaded).toHaveLength(60);
      for (const who of ['a', 'b'])
        expect(loaded.flatMap(({ uuid }) => (uuid?.startsWith(who) ? [uuid] : []))).toEqual(
          numbers.map((n) => `${who}${n}`),
        );
    });

    test('two programs that append the same entries at once store each once', async () => {
      const { store, another } = await open();
      const other = await another();
      const entries = Array.from({ length: 10 }, (_, n) => entry(`${n}`));
      const both = entries.flatMap((one) => [store, other].map((each) => each.append(KEY, [one])));
      await Promise.all(both);
      const loaded = (await store.load(KEY)) ?? [];
      expect(loaded).toHaveLength(10);
      expect(loaded).toEqual(expect.arrayContaining(entries));
    });

    test('a transcript of many pages comes whole', async () => {
      const { store } = await open();
      const filler = 'x'.repeat(2_000);
      const entries = Array.from({ length: 2_600 }, (_, n) => entry(`${n}`, { filler }));
      await store.append(KEY, entries);
      expect(await store.load(KEY)).toEqual(entries);
    });

    test('what is no JSON, an empty subpath and names too long are refused', async () => {
      const { store } = await open();
      const refused = { code: 'invalid_request' };
      const circle: Record<string, unknown> = { type: 'x' };
      circle['self'] = circle;
      for (const wrong of [undefined, () => 0, circle, { type: 'x', big: 1n }])
        await expect(store.append(KEY, [wrong as TranscriptEntry])).rejects.toMatchObject(refused);
      await expect(store.append(side(''), [entry('1')])).rejects.toMatchObject(refused);
      await expect(store.load(side(''))).rejects.toMatchObject(refused);
      await expect(store.delete(side(''))).rejects.toMatchObject(refused);
      const long = { projectKey: 'p'.repeat(900), sessionId: 's'.repeat(200) };
      await expect(store.append(long, [entry('1')])).rejects.toMatchObject(refused);
      expect(await store.load(KEY)).toBeNull();
    });
  });

  describe('keys', () => {
    test('never collide, whatever characters they hold', async () => {
      const { store } = await open();
      const keys = CONFUSABLE.map(([projectKey, sessionId]) => ({ projectKey, sessionId }));
      for (const [n, key] of keys.entries()) await store.append(key, [entry(`${n}`)]);
      for (const [n, key] of keys.entries()) expect(await store.load(key)).toEqual([entry(`${n}`)]);
      for (const [projectKey] of CONFUSABLE)
        expect(
          (await store.listSessions(projectKey)).map(({ sessionId }) => sessionId).toSorted(),
        ).toEqual(
          CONFUSABLE.filter(([project]) => project === projectKey)
            .map(([, sessionId]) => sessionId)
            .toSorted(),
        );
    });

    test('neither do subpaths', async () => {
      const { store } = await open();
      const subpaths = [
        'a',
        'a/b',
        'a\0',
        '"a"',
        'A',
        '\ud800',
        '\ud801',
        'é',
        'e\u0301',
        'x'.repeat(300),
      ];
      for (const subpath of subpaths) await store.append(side(subpath), [entry(subpath)]);
      for (const subpath of subpaths)
        expect(await store.load(side(subpath))).toEqual([entry(subpath)]);
      expect((await store.listSubkeys(KEY)).toSorted()).toEqual(subpaths.toSorted());
    });
  });

  describe('lists', () => {
    test('name the sessions of a project that have a main transcript', async () => {
      const { store } = await open();
      await store.append(KEY, [entry('1')]);
      await store.append({ ...KEY, sessionId: 'session-2' }, [entry('1')]);
      await store.append(side('subagents/agent-a1', { ...KEY, sessionId: 'only-side' }), [
        entry('1'),
      ]);
      await store.append({ ...KEY, projectKey: 'elsewhere' }, [entry('1')]);
      const ids = (await store.listSessions(KEY.projectKey)).map(({ sessionId }) => sessionId);
      expect(ids.toSorted()).toEqual(['session-1', 'session-2']);
      expect(await store.listSessions('nowhere')).toEqual([]);
      await store.append({ ...KEY, sessionId: 'only-side' }, [entry('2')]);
      expect(await store.listSessions(KEY.projectKey)).toHaveLength(3);
    });

    test('a time of writing is an integer and grows with each append to the main transcript', async () => {
      const { store } = await open();
      const times: number[] = [];
      for (let n = 0; n < 20; n += 1) {
        await store.append(KEY, [entry(`${n}`)]);
        await store.append(SIDE, [entry(`${n}`)]);
        const [listed] = await store.listSessions(KEY.projectKey);
        const [summary] = await store.listSessionSummaries(KEY.projectKey);
        expect(summary?.mtime).toBe(listed?.mtime);
        times.push(listed?.mtime ?? 0);
      }
      expect(times.every(Number.isSafeInteger)).toBe(true);
      expect(times.every((time, n) => n === 0 || time > (times[n - 1] ?? 0))).toBe(true);
    });

    test('come page by page, each session once, while sessions are written to', async () => {
      const { store, api } = await open();
      const { projectKey } = KEY;
      const ids = Array.from({ length: 12 }, (_, n) => `s${n}`);
      for (const sessionId of ids) await store.append({ projectKey, sessionId }, [entry('1')]);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const at = cursor === undefined ? {} : { cursor };
        const request = { projectKey, limit: 5, ...at };
        const page = await api.sessions('mirror-list', request);
        seen.push(...page.sessions.map(({ sessionId }) => sessionId));
        for (const sessionId of ids.slice(0, 6))
          await store.append({ projectKey, sessionId }, [entry(`${seen.length}`)]);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen.toSorted()).toEqual(ids.toSorted());
    });
  });

  describe('delete', () => {
    const three = async (host: Host): Promise<void> => {
      for (const key of [KEY, SIDE, side('subagents/agent-b2')])
        await host.store.append(key, [entry('1')]);
      await host.store.append({ ...KEY, sessionId: 'session-10' }, [entry('1')]);
      await host.store.append(side('subagents/agent-a1', { ...KEY, sessionId: 'session-10' }), [
        entry('1'),
      ]);
    };

    test('of the main transcript takes its side transcripts along and nothing else', async () => {
      const host = await open();
      await three(host);
      const { store } = host;
      await store.delete(KEY);
      expect(await store.load(KEY)).toBeNull();
      expect(await store.load(SIDE)).toBeNull();
      expect(await store.listSubkeys(KEY)).toEqual([]);
      const other = { ...KEY, sessionId: 'session-10' };
      expect(await store.load(other)).toEqual([entry('1')]);
      expect(await store.listSubkeys(other)).toEqual(['subagents/agent-a1']);
      expect(await store.listSessions(KEY.projectKey)).toHaveLength(1);
    });

    test('of a side transcript takes that one', async () => {
      const host = await open();
      await three(host);
      const { store } = host;
      await store.delete(SIDE);
      expect(await store.load(SIDE)).toBeNull();
      expect(await store.load(KEY)).toEqual([entry('1')]);
      expect(await store.listSubkeys(KEY)).toEqual(['subagents/agent-b2']);
      await store.append(SIDE, [entry('2'), entry('1')]);
      expect(await store.load(SIDE)).toEqual([entry('2'), entry('1')]);
    });

    test('of what is not there does nothing', async () => {
      const { store } = await open();
      await store.delete(KEY);
      await store.delete(SIDE);
      await store.append(KEY, [entry('1')]);
      await store.delete(SIDE);
      expect(await store.load(KEY)).toEqual([entry('1')]);
    });

    test('a session that was deleted begins anew under its key, as often as that happens', async () => {
      const { store, another } = await open();
      const other = await another();
      for (let life = 1; life <= 4; life += 1) {
        await store.append(KEY, [entry('1', { life })]);
        await other.append(SIDE, [entry('1', { life })]);
        expect(await other.load(KEY)).toEqual([entry('1', { life })]);
        expect(await store.load(SIDE)).toEqual([entry('1', { life })]);
        expect(await store.listSessions(KEY.projectKey)).toHaveLength(1);
        await other.delete(KEY);
        expect(await store.load(KEY)).toBeNull();
      }
    });
  });
};
