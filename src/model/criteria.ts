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

export const criteriaShape = {
  /** Any of these. */
  tags: tags.optional(),
  allTags: tags.optional(),
  noTags: tags.optional(),
  tagPrefix: z.string().min(1).max(64).optional(),
  createdAfter: Moment.optional(),
  createdBefore: Moment.optional(),
  updatedAfter: Moment.optional(),
  updatedBefore: Moment.optional(),
  /** Aliases of createdAfter, createdBefore, minCostUsd, maxCostUsd. */
  after: Moment.optional(),
  before: Moment.optional(),
  minCost: usd.optional(),
  maxCost: usd.optional(),
  minCostUsd: usd.optional(),
  maxCostUsd: usd.optional(),
  workingDirectory: z.string().min(1).max(4_096).optional(),
  /** That directory and all below it. */
  underDirectory: z.string().min(1).max(4_096).optional(),
  /** The session's id begins so. */
  idPrefix: z.string().regex(ID_PATTERN).optional(),
  model: z.string().min(1).max(200).optional(),
  mode: z.enum(MODES).optional(),
  status: z.union([z.enum(STATUSES), z.array(z.enum(STATUSES)).min(1)]).optional(),
  parentId: z.string().min(1).optional(),
  templateId: z.string().min(1).optional(),
  permissionMode: z.enum(PERMISSION_MODES).optional(),
  owner: z.string().min(1).optional(),
  externalKey: z.string().min(1).optional(),
  /** The Agent SDK's project, of sessions that it keeps here. */
  projectKey: z.string().min(1).optional(),
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
    limit: z.int().min(1).max(1000).default(50),
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
    by: z.enum(FACETS),
    limit: z.int().min(1).max(1000).default(100),
  })
  .superRefine(mustNotContradict);
export type FacetsRequest = z.output<typeof FacetsRequest>;
