/** Verbs on all sessions of a tenant: finding, counting, cleaning up. */
import { z } from 'zod';
import type { CatalogRow } from '../../model/catalog-row.ts';
import { mustNotContradict } from '../../model/contradictions.ts';
import {
  CountRequest,
  type Criteria,
  FacetsRequest,
  requestShape,
  SearchRequest,
} from '../../model/criteria.ts';
import type { Tenant } from '../../model/ids.ts';
import { usdOf } from '../../model/money.ts';
import { TELEMETRY } from '../../model/telemetry.ts';
import { type Catalog, catalogName, type Sums } from '../ports/catalog.ts';
import { type CleanupReport, type RetentionReport, sweeperName } from '../ports/sweeper.ts';
import { criteriaOf, filterOf } from './asked-in-words.ts';
import { rankedFor } from './relevance.ts';
import { FoundSession, nextCursor } from './reply-schemas.ts';
import { allTextsFor, hitsFor, lagShape, type Texts, textsFor } from './text-answers.ts';
import { type SessionsWork, sessionsVerb } from './verb.ts';
import { summaryView } from './views.ts';

/** Asks the catalog, and tells how long that took. */
const asked = async <T>(
  { caller, context }: SessionsWork,
  verb: string,
  ask: (catalog: Catalog, tenant: Tenant) => Promise<T>,
): Promise<T> => {
  const { system } = caller;
  const { tenant } = context;
  const catalog = system.fetch(catalogName);
  if (!TELEMETRY.search.isHeard) return ask(catalog, tenant);
  const beganMs = system.clock.monotonic();
  const answer = await ask(catalog, tenant);
  const durationMs = system.clock.monotonic() - beganMs;
  TELEMETRY.search.tell({ tenant, verb, traceId: context.traceId, durationMs });
  return answer;
};

const nowMs = ({ caller }: SessionsWork): number => caller.system.clock.now();

const sumsShape = {
  /** The known part of what they cost. */
  costUsd: z.number().min(0),
  /** Some session's cost is known in part only: the whole is more than `costUsd`. */
  costIsPartial: z.literal(true).exactOptional(),
  /** Of all their answers, the cache included. */
  tokens: z.int().min(0),
  turns: z.int().min(0),
};

const sumsView = ({ costNanoUsd, partial, tokens, turns }: Omit<Sums, 'sessions'>) => ({
  costUsd: usdOf(costNanoUsd),
  ...(partial === 0 ? {} : { costIsPartial: true as const }),
  tokens,
  turns,
});

const finding = {
  request: SearchRequest,
  reply: z.strictObject({
    sessions: z.array(FoundSession),
    nextCursor,
    ...lagShape,
    /** Of a search by relevance: false where too many messages were met, so that the newest come first. */
    isRanked: z.boolean().exactOptional(),
  }),
  run: (work: SessionsWork, request: SearchRequest) => {
    const { isByRelevance, ...criteria } = criteriaOf(request, nowMs(work));
    return isByRelevance ? foundByRelevance(work, criteria) : found(work, criteria);
  },
};

const found = async (work: SessionsWork, criteria: Criteria) => {
  const texts = textsFor(work, criteria);
  const known = texts && (await texts);
  const { rows, nextCursor: next } = await asked(work, 'search', (catalog, tenant) =>
    catalog.search(tenant, criteria, known?.answers),
  );
  const sessions =
    known === undefined
      ? rows.map((row): FoundSession => summaryView(row))
      : await withHits(work, criteria, rows);
  return { sessions, ...(next === undefined ? {} : { nextCursor: next }), ...known?.lag };
};

const withHits = async (work: SessionsWork, criteria: Criteria, rows: readonly CatalogRow[]) => {
  const hits = await hitsFor(work, criteria, rows);
  return rows.map((row, at): FoundSession => {
    const hit = hits[at];
    return hit === undefined ? summaryView(row) : { ...summaryView(row), hit };
  });
};

const foundByRelevance = async (work: SessionsWork, criteria: Criteria) => {
  const page = await rankedFor(work, criteria, (ranked, { answers }: Texts) =>
    asked(work, 'search', (catalog, tenant) => catalog.search(tenant, ranked, answers)),
  );
  if (page === undefined) return { ...(await found(work, criteria)), isRanked: false };
  const { rows, lag, ...more } = page;
  return { sessions: await withHits(work, criteria, rows), ...more, ...lag, isRanked: true };
};

const search = sessionsVerb('search', finding);
const list = sessionsVerb('list', finding);

const count = sessionsVerb('count', {
  request: CountRequest,
  reply: z.strictObject({ count: z.int().min(0), ...sumsShape, ...lagShape }),
  run: async (work, request) => {
    const filter = filterOf(request, nowMs(work));
    const texts = await textsFor(work, filter);
    const sums = await asked(work, 'count', (catalog, tenant) =>
      catalog.count(tenant, filter, texts?.answers),
    );
    return { count: sums.sessions, ...sumsView(sums), ...texts?.lag };
  },
});

const facets = sessionsVerb('facets', {
  request: FacetsRequest,
  reply: z.strictObject({
    facets: z
      .array(
        z.strictObject({ value: z.string(), sessions: z.int().min(0), ...sumsShape }).readonly(),
      )
      .readonly(),
    /** How many values there are, shown or not. */
    values: z.int().min(0),
    ...lagShape,
  }),
  run: async (work, request) => {
    const { by, limit, ...filter } = request;
    const { timeZone } = filter;
    const facetsOf = { ...filterOf(filter, nowMs(work)), by, limit, timeZone };
    const texts = await textsFor(work, facetsOf);
    const page = await asked(work, 'facets', (catalog, tenant) =>
      catalog.facets(tenant, facetsOf, texts?.answers),
    );
    return {
      facets: page.facets.map(({ value, sessions, ...sums }) => ({
        value,
        sessions,
        ...sumsView(sums),
      })),
      values: page.values,
      ...texts?.lag,
    };
  },
});

const cleanupReport = {
  count: z.int().min(0),
  /** What deleting them has freed, with sessions that others deleted meanwhile; with `dryRun`, what it would free. */
  bytes: z.int().min(0),
  sessions: z
    .array(
      z
        .strictObject({
          sessionId: z.string(),
          updatedAt: z.iso.datetime(),
          title: z.string().exactOptional(),
        })
        .readonly(),
    )
    .readonly(),
  dryRun: z.boolean(),
  /** Where archives had a part in it: sessions that are archived first, those deleted that stand in one, what these take and have freed. */
  archives: z
    .strictObject({
      asked: z.int().min(0),
      kept: z.int().min(0),
      storedBytes: z.int().min(0),
      freedBytes: z.int().min(0),
    })
    .exactOptional(),
};

const cleanup = sessionsVerb('cleanup', {
  request: z
    .strictObject({
      ...requestShape,
      maxAgeDays: z
        .number()
        .min(0)
        .max(100_000)
        .optional()
        .describe(
          'days without activity or import; 0 = everything up to now. Default: the configured age',
        ),
      dryRun: z.boolean().default(false),
    })
    .superRefine(mustNotContradict),
  reply: z.strictObject(cleanupReport) satisfies z.ZodType<CleanupReport>,
  run: async (work, { maxAgeDays, dryRun, ...asked }) => {
    const { caller, context } = work;
    const filter = filterOf(asked, nowMs(work));
    const texts = await allTextsFor(work, filter);
    const order = { filter, texts, maxAgeDays, dryRun, by: context.principal };
    return caller.system.fetch(sweeperName).sweep(context.tenant, order);
  },
});

const retention = sessionsVerb('retention', {
  request: z.strictObject({
    rule: z.string().min(1).max(64).optional().describe('only that rule; default: each of them'),
    dryRun: z.boolean().default(false).describe('only say what would be deleted'),
  }),
  reply: z.strictObject({
    reports: z.array(z.strictObject({ rule: z.string(), ...cleanupReport })).readonly(),
  }) satisfies z.ZodType<{ readonly reports: readonly RetentionReport[] }>,
  run: async ({ caller, context }, { rule, dryRun }) => {
    const order = { rule, dryRun, by: context.principal };
    return { reports: await caller.system.fetch(sweeperName).retain(context.tenant, order) };
  },
});

export const searchVerbs = { search, list, count, facets, cleanup, retention };
