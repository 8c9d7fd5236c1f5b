/**
 * What a search, a count and a table of values may ask. All given criteria must hold; `allOf`, `anyOf` and `noneOf` put
 * criteria together in other ways.
 */
import { z } from 'zod';
import { mustNotContradict } from './contradictions.ts';
import { ID_PATTERN } from './ids.ts';
import { momentMs } from './moment.ts';
import {
  FACETS,
  hasWord,
  MAX_QUERY_LENGTH,
  MAX_TEXT_LENGTH,
  MODES,
  PERMISSION_MODES,
  STATUSES,
} from './words.ts';

/** A moment: milliseconds since the epoch, or RFC 3339, or a date. */
export const Moment = z.union([z.number(), z.string().max(40)]).transform((value, context) => {
  const ms = typeof value === 'number' ? value : momentMs(value);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'is no date: use 2026-11-20 or RFC 3339' });
  return z.NEVER;
});

const tags = z.array(z.string().min(1).max(64)).max(100);
const usd = z.number().min(0);

/** Items of a page, of whatever. */
export const MAX_PAGE = 1_000;

const plainShape = {
  text: z
    .string()
    .max(MAX_TEXT_LENGTH)
    .refine(hasWord, 'has no word')
    .optional()
    .describe(
      'in which these words stand behind each other in a message, or in the title, description or summary; with a star at the end the last word may go on',
    ),
  tags: tags.optional().describe('with any of these tags'),
  allTags: tags.optional().describe('with all of these tags'),
  noTags: tags.optional().describe('with none of these tags'),
  tagPrefix: z.string().min(1).max(64).optional().describe('with a tag that begins so'),
  createdAfter: Moment.optional().describe('made then or later'),
  createdBefore: Moment.optional().describe('made then or earlier'),
  updatedAfter: Moment.optional().describe('changed then or later'),
  updatedBefore: Moment.optional().describe('changed then or earlier'),
  after: Moment.optional().describe('the same as `createdAfter`'),
  before: Moment.optional().describe('the same as `createdBefore`'),
  minCost: usd.optional().describe('the same as `minCostUsd`'),
  maxCost: usd.optional().describe('the same as `maxCostUsd`'),
  minCostUsd: usd.optional().describe('that cost so much or more'),
  maxCostUsd: usd.optional().describe('that cost so much or less'),
  minTurns: z.int().min(0).optional().describe('with so many turns or more'),
  maxTurns: z.int().min(0).optional().describe('with so many turns or fewer'),
  minTokens: z
    .int()
    .min(0)
    .optional()
    .describe('whose answers took so many tokens or more, the cache included'),
  maxTokens: z.int().min(0).optional().describe('whose answers took so many tokens or fewer'),
  hasErrors: z
    .boolean()
    .optional()
    .describe('in which a turn, a model call or a tool failed; `false`: in which none did'),
  hasArchive: z.boolean().optional().describe('that stand in an archive; `false`: that do not'),
  hasApproval: z
    .boolean()
    .optional()
    .describe('of which something waits for the answer of a person; `false`: nothing does'),
  tool: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('in which that tool was used, by the model or a sub-agent'),
  toolPrefix: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('in which a tool was used whose name begins so'),
  workingDirectory: z
    .string()
    .min(1)
    .max(4_096)
    .optional()
    .describe('that worked in that directory'),
  underDirectory: z
    .string()
    .min(1)
    .max(4_096)
    .optional()
    .describe('that worked in that directory or below it'),
  idPrefix: z.string().regex(ID_PATTERN).optional().describe('whose id begins so'),
  model: z.string().min(1).max(200).optional().describe('with that model'),
  modelPrefix: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('with a model whose name begins so, with `claude-` before it or not'),
  mode: z.enum(MODES).optional().describe('in that mode'),
  status: z
    .union([z.enum(STATUSES), z.array(z.enum(STATUSES)).min(1)])
    .optional()
    .describe('in that status, or in one of a list'),
  parentId: z.string().min(1).optional().describe('that were forked from that session'),
  childOf: z.string().min(1).optional().describe('that are sub-agents of that session'),
  templateId: z.string().min(1).optional().describe('with that `templateId`'),
  permissionMode: z.enum(PERMISSION_MODES).optional().describe('with that permission mode'),
  owner: z.string().min(1).optional().describe('of that owner'),
  externalKey: z.string().min(1).optional().describe('with that `externalKey`'),
  projectKey: z
    .string()
    .min(1)
    .optional()
    .describe('that the Agent SDK keeps here under that project'),
};

type PlainCriteria = z.output<z.ZodObject<typeof plainShape>>;
type PlainCriteriaInput = z.input<z.ZodObject<typeof plainShape>>;

/** Criteria that must all hold, and criteria that are put together in other ways. */
export interface Condition extends PlainCriteria {
  readonly allOf?: readonly Condition[] | undefined;
  readonly anyOf?: readonly Condition[] | undefined;
  readonly noneOf?: readonly Condition[] | undefined;
}
export interface ConditionInput extends PlainCriteriaInput {
  readonly allOf?: readonly ConditionInput[] | undefined;
  readonly anyOf?: readonly ConditionInput[] | undefined;
  readonly noneOf?: readonly ConditionInput[] | undefined;
}

/** How deep criteria may stand in each other. */
const MAX_DEPTH = 6;
/** Criteria beside each other in one list. */
const MAX_BESIDE = 100;
/** Criteria in one list and in all below it: each is asked of each session. */
const MAX_TOGETHER = 250;

const nestedShape = (
  one: z.ZodType<Condition, ConditionInput>,
  guarded = (list: List): List => list,
) => {
  const several = guarded(z.array(one).min(1).max(MAX_BESIDE).readonly()).optional();
  return {
    allOf: several.describe('for which each of these criteria holds'),
    anyOf: several.describe('for which at least one of these criteria holds'),
    noneOf: several.describe('for which none of these criteria holds'),
  };
};

/** One schema for each depth, so that no request can nest until the stack is full. */
const conditionOf = (depth: number): z.ZodType<Condition, ConditionInput> =>
  z
    .strictObject(
      depth === MAX_DEPTH ? plainShape : { ...plainShape, ...nestedShape(conditionOf(depth + 1)) },
    )
    .superRefine(mustNotContradict);

/** Stops at one too many: there may be a million. */
const isTooMany = (list: unknown): boolean => {
  const left = [list];
  let seen = 0;
  while (left.length > 0 && seen <= MAX_TOGETHER) {
    const next = left.pop();
    if (!Array.isArray(next) && next !== null && typeof next === 'object') {
      seen += 1;
      const { allOf, anyOf, noneOf } = next as Readonly<Record<string, unknown>>;
      left.push(allOf, anyOf, noneOf);
    } else if (Array.isArray(next)) left.push(...next.slice(0, MAX_BESIDE + 1));
  }
  return seen > MAX_TOGETHER;
};

type List = z.ZodType<readonly Condition[], readonly ConditionInput[]>;

/** Before each of them is looked at, which takes seconds for as many as a request has room for. */
const notTooMany = (list: List): List =>
  z.preprocess((value: readonly ConditionInput[], context) => {
    if (!isTooMany(value)) return value;
    context.addIssue({ code: 'custom', message: `has more than ${MAX_TOGETHER} criteria in all` });
    return z.NEVER;
  }, list);

export const criteriaShape = { ...plainShape, ...nestedShape(conditionOf(1), notTooMany) };

const wordsShape = {
  q: z
    .string()
    .max(MAX_QUERY_LENGTH)
    .optional()
    .describe('that meet a [query](query.md), such as `tag:review cost:>0.5 -status:parked`'),
  timeZone: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'where days begin, in `q` and by `day`, `week` or `month`; such as `Europe/Berlin`, default UTC',
    ),
};

/** Criteria as they are asked for: beside them a query in words. */
export const requestShape = { ...criteriaShape, ...wordsShape };

const sortBy = z.enum(['updatedAt', 'createdAt', 'cost', 'turns']);
const order = z.enum(['asc', 'desc']);
const page = {
  limit: z.int().min(1).max(MAX_PAGE).default(50),
  cursor: z.string().max(1_000).optional(),
};

/** What a search may ask; all given criteria must hold. Ranges are inclusive. */
export const Criteria = z
  .strictObject({
    ...criteriaShape,
    sortBy: sortBy.default('updatedAt'),
    order: order.default('desc'),
    ...page,
  })
  .superRefine(mustNotContradict);
export type Criteria = z.output<typeof Criteria>;
/** Criteria without paging, for counts and cleanup. */
export const Filter = z.strictObject(criteriaShape).superRefine(mustNotContradict);
export type Filter = z.output<typeof Filter>;

/** A search as it is asked for: `q` may name the order. */
export const SearchRequest = z
  .strictObject({
    ...requestShape,
    sortBy: z.enum([...sortBy.options, 'relevance']).optional(),
    order: order.optional(),
    ...page,
  })
  .superRefine(mustNotContradict);
export type SearchRequest = z.output<typeof SearchRequest>;
export const CountRequest = z.strictObject(requestShape).superRefine(mustNotContradict);
export type CountRequest = z.output<typeof CountRequest>;

/**
 * The values of one field among the sessions that meet the criteria, the most common first; of days, weeks and months
 * in which they were made, the latest first.
 */
export const FacetsRequest = z
  .strictObject({
    ...requestShape,
    by: z.enum(FACETS).describe(`one of ${FACETS.map((field) => `\`${field}\``).join(', ')}`),
    limit: z.int().min(1).max(MAX_PAGE).default(100),
  })
  .superRefine(mustNotContradict);
export type FacetsRequest = z.output<typeof FacetsRequest>;
/** The same for the catalog, which knows no words. */
export type Facets = Omit<FacetsRequest, 'q'>;
