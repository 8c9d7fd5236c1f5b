/** Records whose links make no sense: whatever follows whatever, there is a view, and the API takes it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { validateMessagesRequest } from '../support/api-rules.ts';
import { rounds } from '../support/rounds.ts';
import { assistant, bytes, call, link, result, said, user } from './records.ts';
import { seenOf } from './views.ts';

const RUNS = process.env['GREENROOM_FULL'] ? 20_000 : rounds(500);

const uuid = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const parent = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'gone', null);
const id = fc.constantFrom('m1', 'm2');
const use = fc.constantFrom('t1', 't2');

const metadata = fc.constantFrom(
  {},
  { preservedSegment: { headUuid: 'a', tailUuid: 'c', anchorUuid: 'd' } },
  { preservedSegment: { headUuid: 'c', tailUuid: 'a', anchorUuid: 'c' } },
  { preservedMessages: { uuids: ['b', 'a', 'b'], anchorUuid: 'b' } },
);

const record = fc.oneof(
  fc.tuple(uuid, parent).map(([u, p]) => user(u, p, `prompt ${u}`)),
  fc.tuple(uuid, parent).map(([u, p]) => user(u, p, 'put in', { isMeta: true })),
  fc.tuple(uuid, parent).map(([u, p]) => user(u, p, 'summary', { isCompactSummary: true })),
  fc.tuple(uuid, parent, use).map(([u, p, t]) => user(u, p, [result(t)])),
  fc.tuple(uuid, parent, id).map(([u, p, m]) => assistant(u, p, m, said(`answer ${u}`))),
  fc.tuple(uuid, parent, id, use).map(([u, p, m, t]) => assistant(u, p, m, call(t))),
  fc
    .tuple(uuid, parent, id)
    .map(([u, p, m]) => assistant(u, p, m, said('x'), { requestId: undefined })),
  fc
    .tuple(uuid, parent, fc.constantFrom('progress', 'attachment'))
    .map(([u, p, type]) => link(u, p, type, { attachment: { type: 'queued_command', prompt: u } })),
  fc
    .tuple(uuid, parent, metadata)
    .map(([u, p, compactMetadata]) =>
      link(u, p, 'system', { subtype: 'compact_boundary', compactMetadata }),
    ),
  fc
    .tuple(fc.constantFrom('enqueue', 'remove', 'dequeue', 'popAll'), uuid)
    .map(([operation, content]) => ({ type: 'queue-operation', operation, content })),
  uuid.map((leafUuid) => ({ type: 'last-prompt', leafUuid })),
);

test('any tangle of records has a view that the API takes', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 25 }), (records) => {
      const messages = seenOf(records.map(bytes));
      const request = {
        model: 'claude-sonnet-5-5',
        max_tokens: 1_024,
        messages: [...messages, { role: 'user', content: 'go on' }],
      };
      expect(validateMessagesRequest(request)).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 600_000);

test('a long transcript in which every record hangs on the first, or keeps everything, has one', () => {
  const boundary = (n: number) =>
    link(`b${n}`, null, 'system', {
      subtype: 'compact_boundary',
      compactMetadata: {
        preservedSegment: { headUuid: 'r0', tailUuid: 'r1999', anchorUuid: 'r1' },
      },
    });
  const chain = Array.from({ length: 2_000 }, (_, n) =>
    user(`r${n}`, n === 0 ? null : `r${n - 1}`, 'continue'),
  );
  const boundaries = Array.from({ length: 2_000 }, (_, n) => boundary(n));
  const flat = Array.from({ length: 2_000 }, (_, n) => user(`f${n}`, 'r0', 'continue'));
  for (const records of [
    [...chain, ...boundaries],
    [...chain, ...flat],
    [...boundaries, ...chain],
  ])
    expect(seenOf(records.map(bytes)).length).toBeGreaterThan(0);
});
