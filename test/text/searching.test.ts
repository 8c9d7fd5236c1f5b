/** Words of sessions, through the door that all gateways use: a real index, its thread, and the journal on disk. */
import { expect, it } from 'vitest';
import { sharedGreenroom } from '../support/greenroom.ts';
import { caughtUp } from './caught-up.ts';

const shared = sharedGreenroom({ textSearch: 'talk' });

const withSome = async () => {
  const test = shared();
  const { sessions } = test;
  await sessions.create('a', { title: 'Network trouble', tags: ['ops'] });
  await sessions.append('a', [
    { role: 'user', content: 'Why is there a connection reset by peer?' },
    {
      role: 'assistant',
      content: [{ type: 'text', text: 'See `src/foo_bar.ts`, getUserName().' }],
    },
  ]);
  await sessions.create('b', { description: 'about tea' });
  await sessions.append('b', [{ role: 'user', content: '東京の天気。 Reset the connection now' }]);
  await caughtUp(test);
  const found = async (q: string) => {
    const page = await sessions.search({ q });
    return page.sessions.map(({ sessionId }) => sessionId).toSorted();
  };
  return { test, sessions, found };
};

it('finds words, phrases, beginnings, names and what has no spaces', async () => {
  const { found } = await withSome();
  expect(await found('connection')).toEqual(['a', 'b']);
  expect(await found('connection reset')).toEqual(['a', 'b']);
  expect(await found('"connection reset"')).toEqual(['a']);
  expect(await found('conn* -peer')).toEqual(['b']);
  expect(await found('NETWORK peer')).toEqual(['a']);
  expect(await found('tea OR tag:ops')).toEqual(['a', 'b']);
  expect(await found('foo_bar.ts')).toEqual(['a']);
  expect(await found('bar')).toEqual(['a']);
  expect(await found('username OR getusername')).toEqual(['a']);
  expect(await found('userName')).toEqual(['a']);
  expect(await found('京の')).toEqual(['b']);
  expect(await found('気')).toEqual(['b']);
  expect(await found('天京')).toEqual([]);
  expect(await found('nothing')).toEqual([]);
});

it('shows where the words stand, and messages lands there', async () => {
  const { sessions } = await withSome();
  const page = await sessions.search({ q: 'connection reset' });
  expect(page).toMatchObject({ textLagMs: 0, textWaiting: 0 });
  const hits = page.sessions.map(({ sessionId, hit }) => ({ sessionId, ...hit }));
  for (const { sessionId, seq = 0, snippet = '', marks = [] } of hits) {
    expect(marks.map(([from, to]) => snippet.slice(from, to).toLowerCase()).toSorted()).toEqual([
      'connection',
      'reset',
    ]);
    const { entries } = await sessions.messages(sessionId, { from: seq, limit: 1 });
    expect(JSON.stringify(entries[0])).toContain(snippet.slice(0, 20));
  }
  const [titled] = (await sessions.search({ q: 'network' })).sessions;
  expect(titled?.hit).toEqual({ snippet: 'Network trouble', marks: [[0, 7]] });
});

it('counts and groups by them too', async () => {
  const { sessions } = await withSome();
  expect(await sessions.count({ q: 'connection' })).toMatchObject({ count: 2, textLagMs: 0 });
  const { facets } = await sessions.facets({ text: 'peer', by: 'tag' });
  expect(facets).toMatchObject([{ value: 'ops', sessions: 1 }]);
});

it('follows what is said, renamed and deleted', async () => {
  const { test, sessions, found } = await withSome();
  await sessions.append('b', [{ role: 'user', content: 'and a walrus' }]);
  await sessions.update('a', { title: 'Solved' });
  await sessions.delete('b', { release: true });
  await caughtUp(test);
  expect(await found('walrus OR tea')).toEqual([]);
  expect(await found('network')).toEqual([]);
  expect(await found('solved')).toEqual(['a']);
  await sessions.create('b', { title: 'another walrus' });
  await caughtUp(test);
  expect(await found('walrus')).toEqual(['b']);
});

it('the best come first by relevance, page by page', async () => {
  const { sessions } = shared();
  const say = (id: string, content: string) => sessions.append(id, [{ role: 'user', content }]);
  await say('little', `one kettle among ${'many other things '.repeat(40)}`);
  await say('most', 'kettle kettle kettle');
  await say('some', `a kettle, ${'and more '.repeat(8)}`);
  await say('none', 'tea');
  await caughtUp(shared());
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await sessions.search({
      ...{ q: 'kettle sort:relevance', limit: 2 },
      ...(cursor === undefined ? {} : { cursor }),
    });
    expect(page.isRanked).toBe(true);
    for (const { sessionId, hit } of page.sessions) found.push(hit === undefined ? '' : sessionId);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(found).toEqual(['most', 'some', 'little']);
  await expect(sessions.search({ q: 'tag:a sort:relevance' })).rejects.toMatchObject({
    code: 'invalid_criteria',
  });
});

it('where too many messages are met the newest come first, and the reply says so', async () => {
  const { sessions } = shared();
  const many = Array.from({ length: 1_000 }, () => ({ role: 'user' as const, content: 'pebble' }));
  await sessions.append('before', many);
  await sessions.append('before', many);
  await sessions.append('new', [{ role: 'user', content: 'a pebble among others' }]);
  await caughtUp(shared());
  const page = await sessions.search({ q: 'pebble sort:relevance' });
  expect(page.isRanked).toBe(false);
  expect(page.sessions.map(({ sessionId }) => sessionId)).toEqual(['new', 'before']);
});
