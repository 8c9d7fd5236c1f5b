/** The summary that is kept of a mirrored session is the one that the official SDK would make. */
import { foldSessionSummary, type SessionStoreEntry } from '@anthropic-ai/claude-agent-sdk';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldSummary } from '../../../src/session/mirror/session-summary.ts';
import { rounds } from '../../support/rounds.ts';

const KEY = { projectKey: 'p', sessionId: 's' };

const theirs = (entries: readonly SessionStoreEntry[]): unknown =>
  foldSessionSummary(undefined, KEY, [...entries], { mtime: 1 }).data;

const user = (content: unknown, fields: object = {}): SessionStoreEntry => ({
  type: 'user',
  message: { role: 'user', content },
  ...fields,
});

/** What prompts are made of: words, and all that the SDK takes away, passes over or cuts. */
const piece = fc.constantFrom(
  ...[
    'Fix the login',
    ' ',
    '\n',
    '\n\n',
    '\r',
    '\t',
    'é',
    '😀',
    'long '.repeat(38),
    'x'.repeat(199),
  ],
  ...['<command-name>', '</command-name>', '/compact', '<command-name></command-name>'],
  ...['<bash-input>', ' ls -la ', '</bash-input>', '<local-command-stdout>', '<p>', '<Not a tag>'],
  ...['[Request interrupted by user]', '[Request interrupted by user for tool use]', '<', '>'],
  ...[
    '<pasted_content id="ab12">\n',
    '\n</pasted_content id="ab12">',
    '<pasted_content id="zz">\n',
  ],
);
const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
const block = fc.oneof(
  text.map((words) => ({ type: 'text', text: words })),
  fc.constantFrom(
    { type: 'tool_result', content: 'x' },
    { type: 'text' },
    { type: 'image' },
    null,
    'a',
    7,
  ),
);
const odd = fc.constantFrom('', 'a', 'b', null, 0, 7, true, undefined);

const entry: fc.Arbitrary<SessionStoreEntry> = fc.oneof(
  fc
    .record({
      content: fc.oneof(text, fc.array(block, { maxLength: 4 }), odd),
      isMeta: odd,
      late: odd,
    })
    .map(({ content, isMeta, late }) => user(content, { isMeta, isCompactSummary: late })),
  fc.record(
    {
      type: fc.constantFrom('user', 'assistant', 'system', 'tag', 'relocated', 'custom-title', 'x'),
      timestamp: fc.constantFrom('2026-11-01T10:00:00.000Z', '2025-01-01', 'never', '', 7, null),
      isSidechain: fc.constantFrom(true, false, 'true', undefined),
      ...{ cwd: odd, gitBranch: odd, customTitle: odd, aiTitle: odd, lastPrompt: odd },
      ...{
        summary: odd,
        tag: odd,
        relocatedCwd: odd,
        message: fc.constantFrom(null, 'text', 7, {}),
      },
    },
    { requiredKeys: ['type'] },
  ) as fc.Arbitrary<SessionStoreEntry>,
);

describe('the summary', () => {
  test("is the official SDK's, whatever the entries hold", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), (entries) => {
        expect(foldSummary(undefined, entries)).toEqual(theirs(entries));
      }),
      { numRuns: rounds(3_000) },
    );
  });

  test('is the same in pieces, cut anywhere, and leaves the one before as it was', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), fc.nat(12), (entries, at) => {
        const first = foldSummary(undefined, entries.slice(0, at));
        const kept = structuredClone(first);
        expect(foldSummary(first, entries.slice(at))).toEqual(foldSummary(undefined, entries));
        expect(first).toEqual(kept);
      }),
      { numRuns: rounds(1_000) },
    );
  });

  test('cuts a long prompt between characters', () => {
    for (const length of [197, 198, 199, 200, 201]) {
      const entries = [user(`${'x'.repeat(length)}😀 and more`)];
      expect(foldSummary(undefined, entries)).toEqual(theirs(entries));
    }
  });

  test('takes a tag off again', () => {
    const tagged = [{ type: 'tag', tag: 'a' }];
    expect(foldSummary(undefined, tagged)).toMatchObject({ tag: 'a' });
    expect(foldSummary(undefined, [...tagged, { type: 'tag', tag: '' }])).not.toHaveProperty('tag');
  });
});
