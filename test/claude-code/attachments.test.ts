/** What the model is shown of attachments, kind by kind, and of kinds that are not known. */
import { expect, test } from 'vitest';
import { SHOWN } from '../../src/claude-code/attachment-kinds.ts';
import { attached, NOT_SHOWN } from '../../src/claude-code/attachments.ts';
import { isObject } from '../../src/claude-code/raw-line.ts';
import { objectsOf } from '../../src/claude-code/read-line.ts';
import { loadCorpora } from './corpora.ts';

const textOf = (attachment: unknown): string =>
  attached(attachment)
    .map(({ type, text }) => (type === 'text' ? String(text) : `[${String(type)}]`))
    .join(' ');

/** What must be in the reminder. Kinds with the fields that recordings and reports have. */
const CARRIED: readonly (readonly [string, object, ...string[]])[] = [
  [
    'file',
    { filename: '/a', content: { type: 'text', file: { content: 'let x' } } },
    '/a',
    'let x',
  ],
  ['file', { filename: '/a', content: { type: 'image', file: { base64: 'eA==' } } }, '[image]'],
  ['file', { filename: '/a', content: { type: 'pdf', file: { base64: 'eA==' } } }, '[document]'],
  ['file', { filename: '/a', content: { type: 'notebook', file: { cells: [{ x: 1 }] } } }, '"x":1'],
  ['directory', { path: '/d', content: 'a.ts\nb.ts' }, '/d', 'a.ts\nb.ts'],
  ['edited_text_file', { filename: '/a', snippet: '1\tlet y' }, '/a', 'let y'],
  ['compact_file_reference', { filename: '/a' }, '/a'],
  ['pdf_reference', { filename: '/a', pageCount: 12 }, '/a', '12'],
  ['plan_file_reference', { planFilePath: '/p', planContent: 'first' }, '/p', 'first'],
  [
    'selected_lines_in_ide',
    { filename: '/a', lineStart: 3, lineEnd: 4, content: 'these' },
    ...['/a', '3 to 4', 'these'],
  ],
  ['opened_file_in_ide', { filename: '/a' }, '/a'],
  [
    'diagnostics',
    {
      files: [
        {
          uri: '/a',
          diagnostics: [{ message: 'not so', severity: 'Error', range: { start: { line: 6 } } }],
        },
      ],
    },
    '/a, line 7: Error: not so',
  ],
  ['nested_memory', { path: '/m', content: { path: '/m', content: 'be kind' } }, '/m', 'be kind'],
  ['relevant_memories', { memories: [{ path: '/m', content: 'be kind' }] }, '/m', 'be kind'],
  ['memory', { memories: [{ fullPath: '/m', content: 'be kind' }] }, '/m', 'be kind'],
  ['mcp_resource', { server: 's', uri: 'u', content: { contents: [{ text: 'all' }] } }, 'u', 'all'],
  ['invoked_skills', { skills: [{ name: 'slides', content: 'how to' }] }, 'slides', 'how to'],
  ['skill_listing', { content: '- slides' }, '- slides'],
  ['agent_listing_delta', { addedLines: ['- plan: plans'], removedTypes: ['old'] }, 'plans', 'old'],
  ['deferred_tools_delta', { addedNames: ['Cron'], addedLines: [], removedNames: [] }, 'Cron'],
  ['mcp_instructions_delta', { addedBlocks: ['## db'], removedNames: ['web'] }, '## db', 'web'],
  ['agent_mention', { agentType: 'planner' }, 'planner'],
  ['todo', { content: [{ content: 'sweep', status: 'pending' }] }, '[pending] sweep'],
  ['todo_reminder', { content: [{ content: 'sweep', status: 'done' }] }, '[done] sweep'],
  ['task_reminder', { content: [{ subject: 'sweep', status: 'done' }] }, '[done] sweep'],
  ['task_status', { taskId: 't1', description: 'tests', status: 'running' }, 't1', 'running'],
  ['date_change', { newDate: '2026-08-20' }, '2026-08-20'],
  ['goal_status', { met: false, condition: 'all green' }, 'not met', 'all green'],
  ['total_tokens_reminder', { text: '15 tokens left' }, '15 tokens left'],
  ['token_usage', { used: 5, total: 9 }, '5 of 9'],
  ['budget_usd', { used: 5, total: 9 }, '5 of 9'],
  ['hook_additional_context', { hookName: 'Stop', content: ['one', 'two'] }, 'Stop', 'one\ntwo'],
  ['hook_success', { hookEvent: 'SessionStart', hookName: 'h', content: 'hello' }, 'hello'],
  ['hook_blocking_error', { hookName: 'h', blockingError: { blockingError: 'no' } }, 'no'],
  ['hook_stopped_continuation', { hookName: 'h', message: 'enough' }, 'enough'],
  [
    'async_hook_response',
    { response: { systemMessage: 'one', hookSpecificOutput: { additionalContext: 'two' } } },
    ...['one', 'two'],
  ],
  ['teammate_mailbox', { messages: [{ from: 'ann', text: 'done' }] }, 'ann', 'done'],
];

const cases = CARRIED.map(([type, fields, ...words]) => ({ type, fields, words }));

test.each(cases)('$type is shown with what it carries', ({ type, fields, words }) => {
  const text = textOf({ type, ...fields });
  for (const word of words) expect(text).toContain(word);
  if (!text.startsWith('[')) expect(text).toMatch(/^<system-reminder>\n[\s\S]+<\/system-reminder>/);
});

test('every kind that is shown is tried here', () => {
  expect([...new Set(CARRIED.map(([kind]) => kind))]).toEqual([...SHOWN.keys()]);
});

test.each([...NOT_SHOWN])('of %s nothing is shown', (type) => {
  expect(attached({ type, content: 'for people' })).toEqual([]);
});

test('of a hook that ran at a tool nothing is shown but what it added', () => {
  expect(attached({ type: 'hook_success', hookEvent: 'PreToolUse', content: 'ok' })).toEqual([]);
});

test('what is empty is not shown', () => {
  for (const type of ['todo_reminder', 'skill_listing', 'nested_memory', 'hook_additional_context'])
    expect(attached({ type, content: [] })).toEqual([]);
  expect(attached({ type: 'deferred_tools_delta', addedNames: [], removedNames: [] })).toEqual([]);
});

test('a kind that is not known shows the text that it has', () => {
  expect(textOf({ type: 'brand_new', content: 'read this' })).toContain('read this');
  expect(textOf({ type: 'brand_new', content: [{ type: 'text', text: 'and this' }] })).toContain(
    'and this',
  );
  expect(attached({ type: 'brand_new', level: 3 })).toEqual([]);
});

test('names that objects have by nature are kinds like any other', () => {
  for (const type of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
    expect(textOf({ type, content: 'read this' })).toContain('read this');
});

test.each([null, 'text', 7, [], { type: 'file' }, { type: 'diagnostics', files: [null, 7] }])(
  'nothing is thrown for %j',
  (attachment) => {
    expect(Array.isArray(attached(attachment))).toBe(true);
    for (const type of SHOWN.keys())
      for (const value of [null, 7, 'x', [null], {}])
        expect(() =>
          attached({ type, content: value, files: value, response: value, blockingError: value }),
        ).not.toThrow();
  },
);

test('the kinds in recordings are all known', () => {
  const kinds = loadCorpora()
    .flatMap(({ samples }) => samples.flatMap(({ lines }) => lines.flatMap(objectsOf)))
    .flatMap(({ attachment }) => (isObject(attachment) ? [attachment as { type?: unknown }] : []))
    .map(({ type }) => String(type));
  const known = (kind: string) =>
    kind === 'queued_command' || SHOWN.has(kind) || NOT_SHOWN.has(kind);
  expect([...new Set(kinds)].filter((kind) => !known(kind))).toEqual([]);
});
