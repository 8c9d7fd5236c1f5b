/** A process that compacts again writes once more what the compaction before had summed up. */
import { expect, test } from 'vitest';
import { assistant, bytes, link, said, user } from './records.ts';
import { seenOf, short } from './views.ts';

const turn = (n: number, parent: string | null) => [
  user(`u${n}`, parent, `ask ${n}`),
  assistant(`a${n}`, `u${n}`, `msg_${n}`, said(`answer ${n}`)),
];
const boundary = (n: number, compactMetadata: object = {}) =>
  link(`boundary${n}`, null, 'system', { subtype: 'compact_boundary', compactMetadata });
const summary = (n: number) =>
  user(`summary${n}`, `boundary${n}`, `SUMMARY ${n}`, { isCompactSummary: true });
const hook = (parent: string) => link('hook', parent, 'system', { subtype: 'stop_hook_summary' });

const summedUp = [...turn(1, null), ...turn(2, 'a1')];
const sinceThen = [boundary(1), summary(1), ...turn(3, 'summary1'), ...turn(4, 'a3')];
const replayed = [...summedUp, ...sinceThen, ...summedUp];

const views = (records: readonly object[]) => short(seenOf(records.map(bytes)));

const conversation = [
  'user SUMMARY 1 ask 3',
  'assistant answer 3',
  'user ask 4',
  'assistant answer 4',
];

test('a transcript that ends in a replay stands where it stood before', () => {
  expect(views(replayed)).toEqual(conversation);
});

test('a record that hangs on a replayed one follows what was said last', () => {
  expect(views([...replayed, hook('a2')])).toEqual(conversation);
  const goesOn = [...conversation, 'user ask 5', 'assistant answer 5'];
  expect(views([...replayed, hook('a2'), ...turn(5, 'hook')])).toEqual(goesOn);
  expect(views([...replayed, ...turn(5, 'a2')])).toEqual(goesOn);
});

test('what the second compaction keeps is found, though a replay stands in its midst', () => {
  const preservedSegment = { headUuid: 'a4', tailUuid: 'hook', anchorUuid: 'summary2' };
  const again = [hook('a2'), boundary(2, { preservedSegment }), summary(2), ...turn(5, 'summary2')];
  expect(views([...replayed, ...again])).toEqual([
    'user SUMMARY 2',
    'assistant answer 4',
    'user ask 5',
    'assistant answer 5',
  ]);
});

test('a history that is written again with its boundary goes on where it ended', () => {
  const history = [...summedUp, ...sinceThen];
  const goesOn = [...conversation, 'user ask 5', 'assistant answer 5'];
  expect(views([...history, ...history])).toEqual(conversation);
  expect(views([...history, ...history, ...turn(5, 'a4')])).toEqual(goesOn);
  expect(views([...history, ...sinceThen, ...turn(5, 'a4')])).toEqual(goesOn);
});

test('another record of the same uuid is no copy', () => {
  const saved = link('u5', null, 'file-history-snapshot');
  const records = [saved, ...summedUp, ...sinceThen, ...turn(5, 'a4')];
  expect(views(records)).toEqual([...conversation, 'user ask 5', 'assistant answer 5']);
});
