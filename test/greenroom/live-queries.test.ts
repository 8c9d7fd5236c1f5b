/** Live queries, through the door that all gateways use. */
import { expect, it } from 'vitest';
import type { WatchEvent } from '../../src/index.ts';
import { catalogName } from '../../src/session/ports/catalog.ts';
import { watchesName } from '../../src/session/ports/watches.ts';
import { ownGreenroom, testGreenroom } from '../support/greenroom.ts';
import { until } from '../support/until.ts';
import { Watching } from '../support/watching.ts';

it('a watch tells what is present, and then what enters, changes and leaves', async () => {
  const { sessions } = await testGreenroom();
  await sessions.create('a', { tags: ['x'] });
  await sessions.create('b');
  const end = new AbortController();
  const watching = new Watching(sessions.watch({ q: 'tag:x' }, { signal: end.signal }));
  const said = async (...told: readonly string[]) => {
    await until(() => watching.told.length >= told.length);
    expect(watching.told.splice(0)).toEqual(told);
  };
  await said('present opened 1');
  await sessions.tag('b', 'X');
  await said('entered b');
  await sessions.update('a', { title: 'new' });
  await said('changed a');
  expect(watching.members.get('a')).toBe('new');
  await sessions.untag('a', 'x');
  await said('left a');
  await sessions.delete('b');
  await said('left b');
  end.abort(new Error('enough'));
  await expect(watching.done).rejects.toThrow('enough');
});

it('a watch without what is present tells what changes; whoever leaves it ends it', async () => {
  const { sessions, greenroom } = await testGreenroom();
  await sessions.create('a', { tags: ['x'] });
  const watches = greenroom.system.fetch(watchesName);
  const { watches: before } = watches.stats;
  const events: WatchEvent[] = [];
  for await (const event of sessions.watch({ tags: ['x'], present: false })) {
    events.push(event);
    if (event.type === 'present') await sessions.create('b', { tags: ['x'] });
    else break;
  }
  expect(events).toMatchObject([
    { type: 'present', why: 'opened', sessions: [] },
    { type: 'entered', sessionId: 'b', session: { tags: ['x'], status: 'created' } },
  ]);
  await until(() => watches.stats.watches === before);
});

it.each([
  ['a time that moves on', { q: 'tag:x updated:7d..' }, { details: { column: 15 } }],
  ['another one', { q: 'status:idle -(tag:x created:today)' }, { details: { column: 29 } }],
  ['words', { q: 'tag:x hello' }, { details: { field: 'text' } }],
  ['words elsewhere', { noneOf: [{ text: 'hello' }] }, { details: { field: 'text' } }],
  ['a range that ends before it begins', { minTurns: 2, maxTurns: 1 }, {}],
])('%s is refused', async (_, query, more) => {
  const { sessions } = await testGreenroom();
  await expect(sessions.watch(query).next()).rejects.toMatchObject({
    code: 'invalid_criteria',
    ...more,
  });
});

it('a date stays where it is, and is watched', async () => {
  const { sessions } = await testGreenroom();
  const { watchId, present } = await (await testGreenroom()).greenroom.api.sessions('watch-open', {
    q: 'updated:2026-11-20..',
    updatedAfter: 5,
  });
  expect(present).toBe((await sessions.count({ q: 'updated:2026-11-20..' })).count);
  await (await testGreenroom()).greenroom.api.sessions('watch-close', { watchId });
});

it('a query as deep as queries are is watched', async () => {
  const { sessions, greenroom } = await testGreenroom();
  await sessions.create('a', { tags: ['x'] });
  const q = ['a', 'b', 'c', 'd', 'e'].reduce((q, t) => `(tag:${t} OR (tag:x ${q}))`, 'tag:x');
  const { count } = await sessions.count({ q });
  const { watchId, present } = await greenroom.api.sessions('watch-open', { q });
  expect(present).toBe(count);
  await greenroom.api.sessions('watch-close', { watchId });
});

it('after the catalog has crashed, a watch begins anew with all there is', async () => {
  const test = await ownGreenroom();
  const { sessions, greenroom } = test;
  await sessions.create('a', { tags: ['x'] });
  const watching = new Watching(sessions.watch({ tags: ['x'] }));
  await until(() => watching.told.length === 1);
  const old = greenroom.system.fetch(catalogName);
  const { ref } = test.node('storage', 'catalog');
  if (ref !== undefined) greenroom.system.exit(ref, { crashed: 'test' });
  await until(() => {
    const now = greenroom.system.find(catalogName);
    return now !== undefined && now !== old;
  });
  await sessions.create('b', { tags: ['x'] });
  await until(() => watching.members.has('b'));
  expect(watching.told[1]).toMatch(/^present lost/);
  expect([...watching.members.keys()].toSorted()).toEqual(['a', 'b']);
  await greenroom.stop();
  await expect(watching.done).rejects.toMatchObject({ code: 'unavailable' });
});
