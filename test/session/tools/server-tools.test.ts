/** Tools that the API runs itself: what a request says of them, and what rules about the web do to them. */
import { expect, it } from 'vitest';
import { readRules } from '../../../src/permissions/rule-set.ts';
import { isServerTool, serverTools } from '../../../src/session/tools/server-tools.ts';

const SEARCH = 'web_search_20260318';
const FETCH = 'web_fetch_20260318';
const CODE = 'code_execution_20260521';
const ALL = [SEARCH, FETCH, CODE];

const daemon = (deny: readonly string[], ask: readonly string[] = []) =>
  readRules({ deny, ask }, { scope: 'daemon' });

/** The types that are offered, with the domains that they are kept from. */
const offered = (
  tools: readonly string[],
  disallowedTools: readonly string[] = [],
  rules = daemon([]),
) =>
  serverTools({ tools, disallowedTools }, rules).map(({ type, blocked_domains: domains }) =>
    domains === undefined ? type : `${type} not ${domains.join(' ')}`,
  );

it('stand in a request by type and name, in the order of their names, the newest of each', () => {
  expect(serverTools({ tools: ['web_search_20250305', 'Read', ...ALL] }, daemon([]))).toEqual([
    { type: CODE, name: 'code_execution' },
    { type: FETCH, name: 'web_fetch' },
    { type: SEARCH, name: 'web_search' },
  ]);
  expect(serverTools({}, daemon([]))).toEqual([]);
  expect(['web_search_20270101', 'web_search', 'bash_20250124'].map(isServerTool)).toEqual([
    ...[true, false, false],
  ]);
});

it.each<[string, readonly string[], readonly string[]]>([
  ['web_search_20260318', ['web_search_20260318'], [CODE, FETCH]],
  ['WebSearch', ['WebSearch'], [CODE, FETCH]],
  ['WebFetch', ['WebFetch'], [CODE, SEARCH]],
  ['the name of the API', ['code_execution'], [FETCH, SEARCH]],
  [
    'domains',
    ['WebFetch(domain:b.example)', 'WebFetch(domain:*.A.example)', 'Bash(rm *)'],
    [CODE, `${FETCH} not a.example b.example`, `${SEARCH} not a.example b.example`],
  ],
  [
    'a domain in other letters',
    ['WebFetch(domain:bücher.example)'],
    [CODE, `${FETCH} not xn--bcher-kva.example`, `${SEARCH} not xn--bcher-kva.example`],
  ],
  ['a pattern that the API does not know', ['WebFetch(domain:a*.example)'], [CODE]],
  ['a rule that cannot be read', ['WebFetch(domain:https://a.example)'], []],
  ['a rule about all tools', ['*'], []],
])('are bound by a deny of %s', (_, deny, left) => {
  expect(offered(ALL, deny)).toEqual(left);
});

it('are bound by the rules of the daemon, and by those that would ask a person', () => {
  expect(offered(ALL, [], daemon(['WebFetch'], ['WebSearch']))).toEqual([CODE]);
  expect(
    offered([FETCH], ['WebFetch(domain:a.example)'], daemon([], ['WebFetch(domain:b.example)'])),
  ).toEqual([`${FETCH} not a.example b.example`]);
});
