/** Tools that the API runs itself: what a request says of them, and what rules about the web do to them. */
import { expect, it } from 'vitest';
import { isServerTool, SessionServerTools } from '../../../src/model/server-tools.ts';
import { readRules } from '../../../src/permissions/rule-set.ts';
import { keptServerTools, serverTools } from '../../../src/session/tools/server-tools.ts';

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

const withOptions = (
  options: object,
  deny: readonly string[] = [],
  tools: readonly string[] = [],
) => serverTools({ tools, serverTools: [{ type: SEARCH, ...options }] }, daemon(deny));

it('have their options, and those that are named with options go before newer ones without', () => {
  const options = { max_uses: 3, user_location: { type: 'approximate', city: 'Paris' } } as const;
  expect(withOptions(options, [], [SEARCH, 'web_search_20270101', FETCH])).toEqual([
    { type: FETCH, name: 'web_fetch' },
    { type: SEARCH, name: 'web_search', ...options },
  ]);
});

it.each<[string, object, readonly string[], object | undefined]>([
  [
    'join the domains that it blocks',
    { blocked_domains: ['B.example', 'c.example/x'] },
    ['WebFetch(domain:a.example)'],
    { blocked_domains: ['a.example', 'b.example', 'c.example/x'] },
  ],
  [
    'take away of the domains that it allows those at, below and above them',
    { allowed_domains: ['a.example', 'x.A.example/p', 'b.example', 'up.example', 'notup.example'] },
    ['WebFetch(domain:*.a.example)', 'WebFetch(domain:deep.up.example)'],
    { allowed_domains: ['b.example', 'notup.example'] },
  ],
  [
    'leave the domains that it allows where they are about others',
    { allowed_domains: ['bücher.example.'] },
    ['WebFetch(domain:a.example)'],
    { allowed_domains: ['xn--bcher-kva.example'] },
  ],
  [
    'keep it out where no domain is left',
    { allowed_domains: ['a.example', 'b.a.example/docs'] },
    ['WebFetch(domain:a.example)'],
    undefined,
  ],
])('denied domains %s', (_, options, deny, left) => {
  expect(withOptions(options, deny)).toEqual(
    left === undefined ? [] : [{ type: SEARCH, name: 'web_search', ...left }],
  );
});

it('that are kept out are named with the rule that does it, and where that stands', () => {
  const wish = {
    tools: [CODE, FETCH],
    serverTools: [{ type: SEARCH, allowed_domains: ['a.example'] }],
    disallowedTools: ['WebFetch(domain:a.example)', 'code_execution'],
  };
  expect(keptServerTools(wish, daemon([], ['WebFetch(domain:b*.example)']))).toEqual([
    { type: CODE, rule: 'code_execution', of: 'session' },
    { type: FETCH, rule: 'WebFetch(domain:b*.example)', of: 'daemon' },
    { type: SEARCH, rule: 'WebFetch(domain:b*.example)', of: 'daemon' },
  ]);
  expect(keptServerTools(wish, daemon([]))).toEqual([
    { type: CODE, rule: 'code_execution', of: 'session' },
    { type: SEARCH, rule: 'WebFetch(domain:a.example)', of: 'session' },
  ]);
});

it.each<[string, readonly object[], string]>([
  [
    'an option of another tool',
    [{ type: FETCH, user_location: { type: 'approximate' } }],
    'user_location',
  ],
  ['an option of a newer version', [{ type: 'web_fetch_20250910', use_cache: false }], '20260309'],
  ['options of what has none', [{ type: CODE, max_uses: 1 }], 'code_execution has no option'],
  ['sources of another tool', [{ type: SEARCH, url_sources: {} }], 'web_search has no option'],
  [
    'sources that name no tools',
    [{ type: FETCH, url_sources: { user_input: { type: 'only' } } }],
    'user_input',
  ],
  [
    'both lists',
    [{ type: SEARCH, allowed_domains: ['a.b'], blocked_domains: ['c.d'] }],
    'not both',
  ],
  ['no domain', [{ type: SEARCH, allowed_domains: ['https://a.example'] }], 'without a scheme'],
  ['a star in a host', [{ type: SEARCH, blocked_domains: ['*.a.example'] }], 'a * in its name'],
  ['an empty list', [{ type: SEARCH, allowed_domains: [] }], 'allowed_domains'],
  ['another name', [{ type: SEARCH, name: 'search' }], 'is web_search'],
  ['two versions', [{ type: SEARCH }, { type: 'web_search_20250305' }], 'twice'],
  ['another type', [{ type: 'bash_20250124' }], 'web_search_'],
  [
    'where its cache begins',
    [{ type: SEARCH, cache_control: { type: 'ephemeral' } }],
    'cache_control',
  ],
])('are refused with %s', (_, tools, why) => {
  const { error } = SessionServerTools.safeParse(tools);
  expect(JSON.stringify(error?.issues)).toContain(why);
});

it('are taken in the form of the API', () => {
  const tools = [
    {
      type: SEARCH,
      name: 'web_search',
      response_inclusion: 'excluded',
      allowed_callers: ['direct'],
      strict: true,
    },
    { type: FETCH, citations: { enabled: true }, max_content_tokens: 9_000, use_cache: false },
    { type: 'code_execution_20270101', strict: true },
  ];
  expect(SessionServerTools.parse(tools)).toEqual(tools);
  const named = { type: 'only', tools: [{ type: 'tool_reference', name: 'Read' }] };
  const url_sources = {
    ...{ client_tool_results: named, server_tool_results: { type: 'all' } },
    user_input: { type: 'none' },
  };
  const fetching = [{ type: 'web_fetch_20250910', url_sources }];
  expect(SessionServerTools.parse(fetching)).toEqual(fetching);
});
