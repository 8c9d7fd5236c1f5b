/** What a search, a count and a table of values may ask. All given criteria must hold. */
import { z } from 'zod';
import { MODES, PERMISSION_MODES, STATUSES } from './head.ts';
import { ID_PATTERN } from './ids.ts';
import { momentMs } from './moment.ts';

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

export const criteriaShape = {
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
  mode: z.enum(MODES).optional().describe('in that mode'),
  status: z
    .union([z.enum(STATUSES), z.array(z.enum(STATUSES)).min(1)])
    .optional()
    .describe('in that status, or in one of a list'),
  parentId: z.string().min(1).optional().describe('that were forked from that session'),
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

/** Lower bounds with the upper ones of the same thing. */
const RANGES = [
  [
    ['createdAfter', 'after'],
    ['createdBefore', 'before'],
  ],
  [['updatedAfter'], ['updatedBefore']],
  [
    ['minCostUsd', 'minCost'],
    ['maxCostUsd', 'maxCost'],
  ],
] as const;

type Bounds = Partial<Record<(typeof RANGES)[number][number][number], number | undefined>>;

/** Pairs of bounds between which nothing can lie. */
export const contradictions = (criteria: Bounds): readonly { from: string; to: string }[] =>
  RANGES.flatMap(([lowest, highest]) =>
    lowest.flatMap((from) =>
      highest.flatMap((to) =>
        (criteria[from] ?? -Infinity) > (criteria[to] ?? Infinity) ? [{ from, to }] : [],
      ),
    ),
  );

/** For `superRefine`: a range that nothing can lie in is a mistake, and not an empty answer. */
export const mustNotContradict = (criteria: Bounds, context: z.core.$RefinementCtx): void => {
  for (const { from, to } of contradictions(criteria))
    context.addIssue({ code: 'custom', path: [from], message: `is beyond ${to}` });
};

/** What a search may ask; all given criteria must hold. Ranges are inclusive. */
export const Criteria = z
  .strictObject({
    ...criteriaShape,
    sortBy: z.enum(['updatedAt', 'createdAt', 'cost', 'turns']).default('updatedAt'),
    order: z.enum(['asc', 'desc']).default('desc'),
    limit: z.int().min(1).max(MAX_PAGE).default(50),
    cursor: z.string().max(1_000).optional(),
  })
  .superRefine(mustNotContradict);
export type Criteria = z.output<typeof Criteria>;
/** Criteria without paging, for counts and cleanup. */
export const Filter = z.strictObject(criteriaShape).superRefine(mustNotContradict);
export type Filter = z.output<typeof Filter>;

/** What sessions can be counted by. */
export const FACETS = [
  'tag',
  'workingDirectory',
  'model',
  'status',
  'mode',
  'owner',
  'projectKey',
] as const;

/** The values of one field among the sessions that meet the criteria, the most common first. */
export const FacetsRequest = z
  .strictObject({
    ...criteriaShape,
    by: z.enum(FACETS).describe(`one of ${FACETS.map((field) => `\`${field}\``).join(', ')}`),
    limit: z.int().min(1).max(MAX_PAGE).default(100),
  })
  .superRefine(mustNotContradict);
export type FacetsRequest = z.output<typeof FacetsRequest>;
