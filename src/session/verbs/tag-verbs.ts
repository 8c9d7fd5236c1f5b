/** Verbs that change the tags of many sessions at once, in the background. */
import { z } from 'zod';
import type { CatalogRow } from '../../model/catalog-row.ts';
import { mustNotContradict } from '../../model/contradictions.ts';
import { requestShape } from '../../model/criteria.ts';
import { codeOf } from '../../model/errors.ts';
import { affectedBy, isRetag, type Retag, retagged, retagShape } from '../../tags/retag.ts';
import { catalogName } from '../ports/catalog.ts';
import { JOB_STATES, type RetagJob, retaggerName } from '../ports/retagger.ts';
import { filterOf } from './asked-in-words.ts';
import { leftMs, sessionsVerb } from './verb.ts';

const count = z.int().min(0);

const texts = z.array(z.string()).readonly();

const Change = z.strictObject({
  rename: z
    .array(z.strictObject({ from: z.string(), to: z.string() }))
    .readonly()
    .optional(),
  remove: texts.optional(),
  add: texts.optional(),
}) satisfies z.ZodType<Retag>;

const Job = z.strictObject({
  jobId: z.string(),
  state: z.enum(JOB_STATES),
  askedAt: z.string(),
  /** Who asked for it. */
  by: z.string(),
  change: Change,
  /** As they were asked for, `q` among them. */
  criteria: z.record(z.string(), z.unknown()),
  /** Sessions that it had to look at when it began; null while it waits. */
  matched: count.nullable(),
  changed: count,
  failed: count,
  /** Why it failed, or the first failure of a session. */
  error: z.strictObject({ code: z.string(), message: z.string() }).exactOptional(),
}) satisfies z.ZodType<RetagJob>;

/** Of a dry run: one of the first sessions, as it is and as it would be. */
const Preview = z.strictObject({
  sessionId: z.string(),
  title: z.string().exactOptional(),
  tags: texts,
  /** null: it would have more tags than a session takes. */
  newTags: texts.nullable(),
});
type Preview = z.output<typeof Preview>;
/** Sessions that a dry run looks at. */
const MAX_PREVIEWS = 20;

/** Left for the reply, of the time that a request waits for the end. */
const REPLY_MS = 500;

const retag = sessionsVerb('retag', {
  request: z
    .strictObject({
      ...requestShape,
      ...retagShape,
      dryRun: z
        .boolean()
        .default(false)
        .describe(
          `only count the sessions that it would look at, and show what would become of the first ${MAX_PREVIEWS}`,
        ),
      wait: z
        .boolean()
        .default(true)
        .describe('`false`: answer as soon as it has its place in the line'),
    })
    .superRefine(mustNotContradict)
    .refine(isRetag, 'names nothing to rename, remove or add'),
  reply: z.strictObject({
    /** null: a dry run. */
    job: Job.nullable(),
    matched: count,
    /** Only of a dry run: the first of those whose tags would be others. */
    sessions: z.array(Preview).exactOptional(),
  }),
  run: async (work, { rename, remove, add, dryRun, wait, ...asked }) => {
    const { caller, context } = work;
    const { system } = caller;
    const change = { rename, remove, add };
    const filter = filterOf(asked, system.clock.now());
    const { tenant, principal: by } = context;
    const catalog = system.fetch(catalogName);
    const affected = { allOf: [filter, affectedBy(change)] };
    const { sessions: matched } = await catalog.count(tenant, affected);
    if (dryRun) {
      const page = { limit: MAX_PREVIEWS, sortBy: 'createdAt', order: 'asc' } as const;
      const { rows } = await catalog.search(tenant, { ...affected, ...page });
      return { job: null, matched, sessions: rows.flatMap((row) => previewOf(row, change)) };
    }
    const retagger = system.fetch(retaggerName);
    const job = await retagger.start(tenant, { filter, retag: change, criteria: asked, by });
    const timeoutMs = leftMs(work) - REPLY_MS;
    const ended = wait && timeoutMs > 0 ? retagger.ended(tenant, job.jobId, timeoutMs) : undefined;
    return { job: (await ended) ?? job, matched };
  },
});

/** None where nothing would change. */
const previewOf = ({ key, title, tags }: CatalogRow, change: Retag): readonly Preview[] => {
  const newTags = tagsAfter(tags, change);
  if (newTags === tags) return [];
  const shownTitle = title === undefined ? {} : { title };
  return [{ sessionId: key.sessionId, ...shownTitle, tags, newTags }];
};

const tagsAfter = (tags: readonly string[], change: Retag): readonly string[] | null => {
  try {
    return retagged(tags, change);
  } catch (error) {
    if (codeOf(error) === 'invalid_settings') return null;
    throw error;
  }
};

const named = z.strictObject({ jobId: z.string().min(1).max(100) });
const Jobs = z.strictObject({ jobs: z.array(Job).readonly() });

const retags = sessionsVerb('retags', {
  request: z.strictObject({}),
  reply: Jobs,
  run: async ({ caller, context }) => ({
    jobs: await caller.system.fetch(retaggerName).list(context.tenant),
  }),
});

const stopRetag = sessionsVerb('stop-retag', {
  request: named,
  reply: Jobs,
  run: async ({ caller, context }, { jobId }) => {
    const job = await caller.system.fetch(retaggerName).stop(context.tenant, jobId);
    return { jobs: job === undefined ? [] : [job] };
  },
});

export const tagVerbs = { retag, retags, 'stop-retag': stopRetag };
