/** The tools of a request: deferred where they are large, and known for as long as the transcript names them. */
import { expect, test } from 'vitest';
import type { OfferedTool } from '../../../src/session/ports/tools.ts';
import { foundTools, requestTools } from '../../../src/session/tools/request-tools.ts';

const tool = (name: string, more: Partial<OfferedTool> = {}): OfferedTool => ({
  ...{ name, description: 'x'.repeat(100), inputSchema: { type: 'object' }, effect: 'pure' },
  ...more,
});
const far = (name: string) => tool(name, { isDeferrable: true });
const told = (json: string | undefined) =>
  (JSON.parse(json ?? '[]') as { name: string; defer_loading?: true; description?: string }[]).map(
    ({ name, defer_loading: isDeferred }) => (isDeferred ? `(${name})` : name),
  );
const SEARCH = 'tool_search_tool_bm25';

test('all are loaded up to the size, and where nothing may be deferred', () => {
  const both = [tool('Read'), far('mcp__a__b')];
  const bytes = Buffer.byteLength(requestTools(both));
  expect(told(requestTools(both))).toEqual(['Read', 'mcp__a__b']);
  expect(told(requestTools(both, { deferBytes: bytes }))).toEqual(['Read', 'mcp__a__b']);
  expect(told(requestTools(both, { deferBytes: bytes - 1 }))).toEqual([
    SEARCH,
    'Read',
    '(mcp__a__b)',
  ]);
  expect(told(requestTools([tool('Read'), tool('Write')], { deferBytes: 1 }))).toEqual([
    'Read',
    'Write',
  ]);
});

test('halves of surrogate pairs in what a tool says of itself are replaced: the API would refuse each request', () => {
  const half = { description: 'an \ud83d end, \\ud83d and 😀', inputSchema: { 'a\udc00': 1 } };
  const json = requestTools([tool('a', half), far('b')], { deferBytes: 1 });
  expect(JSON.parse(json)).toContainEqual({
    ...{ name: 'a', description: 'an \ufffd end, \\ud83d and 😀', input_schema: { 'a\ufffd': 1 } },
  });
  expect(json).not.toMatch(/[^\\]\\ud/i);
});

test('what was found is there, deferred or loaded, and named when it is gone', () => {
  const both = [tool('Read'), far('mcp__a__b')];
  expect(told(requestTools(both, { found: ['mcp__a__b'] }))).toEqual([SEARCH, 'Read', 'mcp__a__b']);
  expect(told(requestTools(both, { found: ['mcp__a__c'], deferBytes: 1 }))).toEqual([
    ...[SEARCH, 'Read', '(mcp__a__b)', '(mcp__a__c)'],
  ]);
  const ofServer = [{ type: 'web_search_20260318', name: 'web_search' }];
  expect(told(requestTools(both, { ofServer, found: ['web_search'] }))).toEqual([
    ...[SEARCH, 'Read', 'mcp__a__b', 'web_search'],
  ]);
  expect(requestTools(both, { found: ['mcp__a__c'] })).toContain('not available any more');
});

test('a call without tools names what was found, and nothing else', () => {
  expect(foundTools()).toBeUndefined();
  expect(told(foundTools(['mcp__a__b']))).toEqual([SEARCH, '(mcp__a__b)']);
});
