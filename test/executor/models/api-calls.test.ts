/** What the API has called by itself, as an answer tells of it. */
import { expect, test } from 'vitest';
import { callsOfApi, toolsRunIn } from '../../../src/executor/models/api-calls.ts';

const search = { type: 'server_tool_use', id: 'a', name: 'web_search', input: {} };
const wiki = { type: 'mcp_tool_use', id: 'b', name: 'find', server_name: 'wiki', input: {} };

test('a call is told of with its result, and has failed where that is an error', () => {
  const content = [
    ...[{ type: 'text', text: 'look' }, search, wiki],
    { type: 'web_search_tool_result', tool_use_id: 'a', content: [] },
    { type: 'mcp_tool_result', tool_use_id: 'b', is_error: true, content: [] },
    { ...search, id: 'c' },
    {
      ...{ type: 'web_search_tool_result', tool_use_id: 'c' },
      content: { type: 'web_search_tool_result_error', error_code: 'max_uses_exceeded' },
    },
  ];
  expect(callsOfApi(content)).toEqual([
    { toolUseId: 'a', name: 'web_search', isError: false },
    { toolUseId: 'b', name: 'mcp__wiki__find', isError: true },
    { toolUseId: 'c', name: 'web_search', isError: true },
  ]);
  expect(toolsRunIn(content)).toEqual(['web_search', 'mcp__wiki__find', 'web_search']);
});

test('a use without its result is no call yet, and a result in a later answer has the name of its kind', () => {
  expect(callsOfApi([search])).toEqual([]);
  const later = { type: 'code_execution_tool_result', tool_use_id: 'z', content: {} };
  expect(callsOfApi([later])).toEqual([{ toolUseId: 'z', name: 'code_execution', isError: false }]);
});

test('tools that the session itself runs are none of them', () => {
  const own = { type: 'tool_use', id: 'x', name: 'Bash', input: {} };
  expect([callsOfApi([own]), toolsRunIn([own])]).toEqual([[], []]);
});
