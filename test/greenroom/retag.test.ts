/** Changing tags on many sessions, through the door that all gateways use. */
import { expect, it, vi } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { testGreenroom } from '../support/greenroom.ts';

const rejection = (promise: Promise<unknown>) => promise.catch((error: unknown) => codeOf(error));

it('a tag is renamed on all sessions that meet the query, and their order and transcripts stay', async () => {
  const { sessions } = await testGreenroom();
  for (const [id, tags] of [
    ['a', ['bug', 'team/x']],
    ['b', ['Bug']],
    ['c', ['other']],
  ] as const)
    await sessions.create(id, { tags: [...tags] });
  await sessions.append('a', [{ role: 'user', content: 'Hello' }]);
  const before = await sessions.search({});
  const order = {
    rename: [
      { from: 'bug', to: 'defect' },
      { from: 'team/*', to: 'squad/*' },
    ],
  };
  expect(await sessions.retag({ ...order, dryRun: true })).toEqual({
    ...{ job: null, matched: 2 },
    sessions: [
      { sessionId: 'a', tags: ['bug', 'team/x'], newTags: ['defect', 'squad/x'] },
      { sessionId: 'b', tags: ['Bug'], newTags: ['defect'] },
    ],
  });
  expect(await sessions.retag(order)).toMatchObject({
    job: { state: 'done', matched: 2, changed: 2, failed: 0 },
  });
  const after = await sessions.search({});
  // Which of two that were changed within a millisecond comes first is not said here.
  expect(
    Object.fromEntries(after.sessions.map(({ sessionId, tags }) => [sessionId, tags])),
  ).toEqual({ a: ['defect', 'squad/x'], b: ['defect'], c: ['other'] });
  const plain = ({ sessionId, updatedAt }: { sessionId: string; updatedAt: string }) => [
    sessionId,
    updatedAt,
  ];
  expect(after.sessions.map(plain)).toEqual(before.sessions.map(plain));
  expect((await sessions.messages('a')).entries).toHaveLength(1);
});

it('a dry run shows twenty at most, none that stays as it is, and which would have too many tags', async () => {
  const { sessions } = await testGreenroom();
  const full = Array.from({ length: 100 }, (_, n) => `t${n}`);
  for (const [id, tags] of [
    ['same', ['x']],
    ['full', full],
  ] as const)
    await sessions.create(id, { tags: [...tags] });
  const dry = async () => {
    const rename = [{ from: 'x', to: 'x' }];
    const { sessions: shown = [] } = await sessions.retag({ rename, add: ['y'], dryRun: true });
    return shown.map(({ sessionId, newTags }) => [sessionId, newTags]);
  };
  expect(Object.fromEntries(await dry())).toEqual({ same: ['x', 'y'], full: null });
  await sessions.tag('same', 'y');
  expect(await dry()).toEqual([['full', null]]);
  for (let n = 0; n < 25; n++) await sessions.create(`s${n}`, {});
  const { matched, sessions: shown } = await sessions.retag({ add: ['y'], dryRun: true });
  expect([matched, shown?.length]).toEqual([26, 20]);
});

it('only what meets the query is changed', async () => {
  const { sessions } = await testGreenroom();
  await sessions.create('a', { tags: ['x'], workingDirectory: '/srv/a' });
  await sessions.create('b', { tags: ['x'], workingDirectory: '/srv/b' });
  await sessions.retag({ q: 'dir:/srv/a', remove: ['x'], add: ['y'] });
  expect((await sessions.get('a')).tags).toEqual(['y']);
  expect((await sessions.get('b')).tags).toEqual(['x']);
});

it('an order that names nothing to do, or half a star, is refused', async () => {
  const { sessions } = await testGreenroom();
  expect(await rejection(sessions.retag({ q: 'tag:x' }))).toBe('invalid_criteria');
  expect(await rejection(sessions.retag({ rename: [{ from: 'a*', to: 'b' }] }))).toBe(
    'invalid_criteria',
  );
});

it('a change that nobody waits for is told of, and can be stopped by its id alone', async () => {
  const { sessions } = await testGreenroom();
  await sessions.create('a', { tags: ['x'] });
  const { job } = await sessions.retag({ add: ['y'], wait: false });
  const jobId = job?.jobId ?? '';
  const told = async () => (await sessions.retags()).find((each) => each.jobId === jobId);
  await vi.waitFor(async () => expect(await told()).toMatchObject({ state: 'done', changed: 1 }));
  expect(await sessions.stopRetag(jobId)).toMatchObject({ state: 'done' });
  expect(await sessions.stopRetag('other')).toBeUndefined();
});

it('tags that are renamed are still so after a restart', async () => {
  const greenroom = await testGreenroom();
  await greenroom.sessions.create('a', { tags: ['x'] });
  await greenroom.sessions.retag({ rename: [{ from: 'x', to: 'y' }] });
  await greenroom.restart();
  expect((await greenroom.sessions.get('a')).tags).toEqual(['y']);
  expect((await greenroom.sessions.search({ tags: ['y'] })).sessions).toHaveLength(1);
});
