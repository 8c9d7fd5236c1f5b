/** Catalog rows for tests: plain ones, and arbitrary ones from small alphabets, so that values meet. */
import fc from 'fast-check';
import type { CatalogRow } from '../../src/model/catalog-row.ts';
import { contradictions } from '../../src/model/contradictions.ts';
import { Criteria, type Filter } from '../../src/model/criteria.ts';
import type { SessionId, Tenant } from '../../src/model/ids.ts';
import { isAtTurn, MODES, STATUSES } from '../../src/model/words.ts';
import { MOMENTS } from './moments.ts';

export const tenant = 'default' as Tenant;

export const rowOf = (sessionId: string, fields: Partial<CatalogRow> = {}): CatalogRow => ({
  key: { tenant, sessionId: sessionId as SessionId },
  version: 1,
  createdAtMs: 1_000,
  updatedAtMs: 1_000,
  status: 'idle',
  mode: 'interactive',
  tags: [],
  messageCount: 0,
  numTurns: 0,
  costNanoUsd: 0,
  costIsPartial: false,
  openTurns: 0,
  errorCount: 0,
  tokens: 0,
  ...fields,
});

/** The row as a search gives it: without what it is only found by. */
export const shown = ({ toolsUsed: _, ...row }: CatalogRow): CatalogRow => row;

export const criteriaOf = (input: Parameters<typeof Criteria.parse>[0] = {}): Criteria =>
  Criteria.parse(input);

const few = (...texts: string[]) => fc.option(fc.constantFrom(...texts), { nil: undefined });
const TAGS = ['alpha', 'Alpha', 'alphabet', 'beta', 'proj:a', 'proj:B', 'ünï', 'hold'] as const;
const TOOLS = ['Bash', 'bash', 'Read', 'mcp__github__list', 'mcp__GitHub__get', 'mcp__x'] as const;
const eachOnce = <T extends string>(texts: readonly T[]) =>
  fc.uniqueArray(fc.constantFrom(...texts), {
    maxLength: 4,
    selector: (text) => text.toLowerCase(),
  });
const smallInt = fc.integer({ min: 0, max: 6 });
const moment = fc.constantFrom(...MOMENTS);
export const sessionIds = fc.constantFrom(...Array.from({ length: 12 }, (_, n) => `s${n}`));

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;

export const summaryRows: fc.Arbitrary<CatalogRow> = fc
  .record({
    sessionId: sessionIds,
    version: fc.integer({ min: 1, max: 9 }),
    createdAtMs: moment,
    updatedAtMs: moment,
    importedAtMs: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    status: fc.constantFrom(...STATUSES),
    mode: fc.constantFrom(...MODES),
    title: few('A title', 'Größe', '日本'),
    summary: few('short'),
    description: few('longer'),
    tags: eachOnce(TAGS),
    messageCount: smallInt,
    numTurns: smallInt,
    costNanoUsd: smallInt.map((n) => n * 100_000_000),
    costIsPartial: fc.boolean(),
    model: few('claude-opus-4-1', 'claude-haiku-4-5'),
    workingDirectory: few('/home/a', '/home/b', '/home/a/x', '/home/ab', '/'),
    permissionMode: few('default', 'plan'),
    owner: few('ann', 'bob'),
    templateId: few('t1'),
    externalKey: few('k1', 'k2', 'k3'),
    parentId: few('s1', 's2'),
    childOf: few('s1', 's2'),
    openTurns: fc.constantFrom(0, 0, 1, 2),
    errorCount: fc.constantFrom(0, 0, 1, 3),
    tokens: smallInt,
    toolsUsed: fc.option(eachOnce(TOOLS), { nil: undefined }),
    hasArchive: fc.constantFrom(undefined, true),
    hasApproval: fc.boolean(),
  })
  .map(({ sessionId, hasApproval, ...fields }) => {
    const row = rowOf(sessionId, fields as Partial<CatalogRow>);
    return withoutUndefined(isAtTurn(row.status) ? { ...row, hasApproval } : row);
  });

const tagQuery = fc.option(
  fc.array(fc.constantFrom('alpha', 'ALPHA', 'beta', 'PROJ:b', 'unknown'), {
    minLength: 1,
    maxLength: 3,
  }),
  { nil: undefined },
);
const bound = fc.option(smallInt, { nil: undefined });
const momentBound = fc.option(moment, { nil: undefined });
const usd = fc.option(
  smallInt.map((n) => n / 10),
  { nil: undefined },
);

/** Also such as contradict themselves. */
const anyFilters: fc.Arbitrary<Filter> = fc
  .record({
    tags: tagQuery,
    allTags: tagQuery,
    noTags: tagQuery,
    tagPrefix: few('al', 'PROJ:', 'z'),
    createdAfter: momentBound,
    createdBefore: momentBound,
    updatedAfter: momentBound,
    updatedBefore: momentBound,
    after: momentBound,
    maxCostUsd: usd,
    minCost: usd,
    minTurns: bound,
    maxTurns: bound,
    minTokens: bound,
    maxTokens: bound,
    hasErrors: fc.option(fc.boolean(), { nil: undefined }),
    hasArchive: fc.option(fc.boolean(), { nil: undefined }),
    hasApproval: fc.option(fc.boolean(), { nil: undefined }),
    tool: few('bash', 'READ', 'mcp__github__list', 'Nothing'),
    toolPrefix: few('mcp__', 'MCP__GITHUB__', 'b', 'z'),
    status: fc.option(
      fc.oneof(fc.constantFrom(...STATUSES), fc.subarray([...STATUSES], { minLength: 1 })),
      { nil: undefined },
    ),
    mode: fc.option(fc.constantFrom(...MODES), { nil: undefined }),
    model: few('claude-opus-4-1', 'unknown'),
    modelPrefix: few('opus', 'claude', 'haiku-4-5', 'pus', 'claude-claude'),
    workingDirectory: few('/home/a'),
    underDirectory: few('/home/a', '/home/a/', '/home', '/', '/ho'),
    idPrefix: few('s', 's1', 's11', 's2x', 't'),
    owner: few('ann'),
    parentId: few('s1'),
    childOf: few('s1'),
  })
  .chain((all) => {
    const given = Object.entries(all).filter(([, v]) => v !== undefined);
    return fc.subarray(given, { maxLength: Math.min(3, given.length) });
  })
  .map((entries) => Object.fromEntries(entries));

const isMeetable = (filter: Filter): boolean => contradictions(filter).length === 0;
export const filters = anyFilters.filter(isMeetable);

const anyAround = (inner: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> => {
  const several = fc.option(fc.array(inner, { minLength: 1, maxLength: 2 }), { nil: undefined });
  return fc
    .tuple(anyFilters, several, several, several)
    .map(([plain, allOf, anyOf, noneOf]) => withoutUndefined({ ...plain, allOf, anyOf, noneOf }));
};
export const anyNestedFilters = anyAround(anyFilters);

const around = (inner: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> =>
  anyAround(inner).filter(isMeetable);
/** Criteria in criteria in criteria. */
export const nestedFilters = around(around(filters));

const searchesFor = (filters: fc.Arbitrary<Filter>) =>
  fc
    .record({
      filter: filters,
      sortBy: fc.constantFrom('updatedAt', 'createdAt', 'cost', 'turns'),
      order: fc.constantFrom('asc', 'desc'),
      limit: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ filter, ...rest }) => criteriaOf({ ...filter, ...rest }));

export const searches = searchesFor(filters);
export const nestedSearches = searchesFor(nestedFilters);
