/** Tools of servers that the API calls: which a session is offered, and what rules about them do. */
import { expect, it } from 'vitest';
import { readRules } from '../../../src/permissions/rule-set.ts';
import { connectedTools, isConnected } from '../../../src/session/tools/connectors.ts';

const SERVERS = ['docs', 'my_wiki'];
const set = (server: string, ...tools: readonly string[]) => ({
  ...{ type: 'mcp_toolset', mcp_server_name: server },
  ...(tools.length === 0
    ? {}
    : {
        default_config: { enabled: false },
        configs: Object.fromEntries(tools.map((tool) => [tool, { enabled: true }])),
      }),
});

const connected = (
  tools: readonly string[],
  disallowedTools: readonly string[] = [],
  rules: { readonly deny?: readonly string[]; readonly ask?: readonly string[] } = {},
) => connectedTools({ tools, disallowedTools }, SERVERS, readRules(rules, { scope: 'daemon' }));

it('are those that a session names, as a whole or one by one; none by default', () => {
  expect(connectedTools({}, SERVERS, { deny: [], ask: [] })).toEqual({
    ...{ sets: [], names: [], kept: [] },
  });
  expect(connected(['Read', 'mcp__other__x', 'mcp__docsx', 'mcp__docs__']).sets).toEqual([]);
  expect(connected(['mcp__my_wiki', 'mcp__docs__search', 'mcp__docs__get.page'])).toEqual({
    sets: [set('docs', 'get.page', 'search'), set('my_wiki')],
    names: ['mcp__docs__get.page', 'mcp__docs__search', 'mcp__my_wiki'],
    kept: [],
  });
  expect(isConnected('mcp__docs__x', SERVERS)).toBe(true);
  expect(isConnected('mcp__docsx__x', SERVERS)).toBe(false);
});

it.each<[string, readonly string[], readonly object[]]>([
  ['mcp__docs', [], [set('my_wiki')]],
  ['mcp__docs__*', [], [set('my_wiki')]],
  ['mcp__*', [], []],
  ['*', [], []],
  ['*__delete', [], [set('docs', 'search')]],
  ['mcp__docs__delete', [], [set('docs', 'search'), set('my_wiki')]],
  ['mcp__docs__del*', [], [set('docs', 'search'), set('my_wiki')]],
  ['mcp__docs__search(query:secret*)', [], [set('my_wiki')]],
  ['mcp__docs__get_page', ['mcp__docs__get.page'], [set('docs', 'search'), set('my_wiki')]],
  ['Bash(rm *)', ['mcp__docs'], [set('docs'), set('my_wiki')]],
  ['not (a rule', [], []],
])('a deny of %s keeps out what it may be about', (deny, more, left) => {
  const tools = ['mcp__docs__search', 'mcp__my_wiki', ...more];
  expect(connected(tools, [deny]).sets).toEqual(left);
});

it('a server as a whole is kept out by a deny of any of its tools, and its single tools are not', () => {
  const { sets, kept } = connected(['mcp__docs', 'mcp__docs__search'], ['mcp__docs__delete']);
  expect(sets).toEqual([set('docs', 'search')]);
  expect(kept).toEqual([{ type: 'mcp__docs', rule: 'mcp__docs__delete', of: 'session' }]);
});

it('a rule that would ask keeps out as a deny does, because no person can be asked', () => {
  const { sets, kept } = connected(['mcp__docs'], [], { ask: ['mcp__docs__*'] });
  expect(sets).toEqual([]);
  expect(kept).toEqual([{ type: 'mcp__docs', rule: 'mcp__docs__*', of: 'daemon' }]);
});
