/** Verbs that change the tags of many sessions at once, in the background. */
import { z } from 'zod';
import { mustNotContradict } from '../../model/contradictions.ts';
import { requestShape } from '../../model/criteria.ts';
import { affectedBy, isRetag, retagShape } from '../../tags/retag.ts';
import { catalogName } from '../ports/catalog.ts';
import { JOB_STATES, type RetagJob, retaggerName } from '../ports/retagger.ts';
import { filterOf } from './asked-in-words.ts';
import { leftMs, sessionsVerb } from './verb.ts';

const count = z.int().min(0);

const Job = z.strictObject({
  jobId: z.string(),
  state: z.enum(JOB_STATES),
  /** Sessions that it had to look at when it began; null while it waits. */
  matched: count.nullable(),
  changed: count,
  failed: count,
  /** Why it failed, or the first failure of a session. */
  error: z.strictObject({ code: z.string(), message: z.string() }).exactOptional(),
}) satisfies z.ZodType<RetagJob>;

/** Left for the reply, of the time that a request waits for the end. */
const REPLY_MS = 500;

const retag = sessionsVerb('retag', {
  request: z
    .strictObject({
      ...requestShape,
      ...retagShape,
      dryRun: z.boolean().default(false).describe('only count the sessions that it would look at'),
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
  }),
  run: async (work, { rename, remove, add, dryRun, wait, ...asked }) => {
    const { caller, context } = work;
    const { system } = caller;
    const change = { rename, remove, add };
    const filter = filterOf(asked, system.clock.now());
    const { sessions: matched } = await system
      .fetch(catalogName)
      .count(context.tenant, { allOf: [filter, affectedBy(change)] });
    if (dryRun) return { job: null, matched };
    const { tenant, principal: by } = context;
    const retagger = system.fetch(retaggerName);
    const job = await retagger.start(tenant, { filter, retag: change, by });
    const timeoutMs = leftMs(work) - REPLY_MS;
    const ended = wait && timeoutMs > 0 ? retagger.ended(tenant, job.jobId, timeoutMs) : undefined;
    return { job: (await ended) ?? job, matched };
  },
});

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
