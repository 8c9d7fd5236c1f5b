/** Live queries: a watch is begun, asked for what has changed, and ended. What is refused here would need to be asked again and again. */
import { z } from 'zod';
import { mustNotContradict } from '../../model/contradictions.ts';
import { type CountRequest, MAX_PAGE, requestShape } from '../../model/criteria.ts';
import { LONGEST_WATCH_MS } from '../../model/deadlines.ts';
import { GreenroomError } from '../../model/errors.ts';
import { textsIn } from '../../model/texts.ts';
import { movingTerm } from '../../query/moving.ts';
import { parse } from '../../query/parser.ts';
import { queryError } from '../../query/query-error.ts';
import {
  RESYNC_REASONS,
  type WatchBatch,
  type WatchChange,
  type Watches,
  watchesName,
} from '../ports/watches.ts';
import { filterOf } from './asked-in-words.ts';
import { SessionSummary } from './reply-schemas.ts';
import { leftMs, type SessionsWork, sessionsVerb } from './verb.ts';
import { summaryView } from './views.ts';

const WAIT_MS = 10_000;
/** Left of a request's time for its answer. */
const SPARE_MS = 1_000;

const watchesOf = ({ caller }: SessionsWork): Watches => {
  const watches = caller.system.find(watchesName);
  if (watches !== undefined) return watches;
  throw new GreenroomError('unavailable', 'live queries are restarting', { retryAfterMs: 1_000 });
};

const watchId = z.string().min(1).max(64);

const open = sessionsVerb('watch-open', {
  request: z
    .strictObject({
      ...requestShape,
      present: z
        .boolean()
        .default(true)
        .describe('whether the sessions that meet the criteria now come first'),
    })
    .superRefine(mustNotContradict),
  reply: z.strictObject({
    watchId: z.string(),
    /** Sessions that `watch-next` tells first, as `present`. */
    present: z.int().min(0),
  }),
  run: (work, { present, ...asked }) => {
    mustStay(asked);
    const filter = filterOf(asked, work.caller.system.clock.now());
    mustHaveNoWords(filter);
    return watchesOf(work).open(work.context.tenant, filter, present);
  },
});

/** A moment that moves would change the answer without a change of any session. */
const mustStay = ({ q }: Pick<CountRequest, 'q'>): void => {
  const { where } = q === undefined ? {} : parse(q);
  const moving = where && movingTerm(where);
  if (moving === undefined) return;
  throw queryError(
    moving.column,
    `a live query takes no time that moves on, such as 7d or today: give ${moving.key} a date, such as 2026-11-20`,
  );
};

/** Words are in the text index, which is behind the commits. */
const mustHaveNoWords = (filter: CountRequest): void => {
  if (textsIn(filter).length === 0) return;
  throw new GreenroomError('invalid_criteria', 'a live query takes no words: search for them', {
    details: { field: 'text' },
  });
};

const member = <T extends 'present' | 'entered' | 'changed'>(type: T) =>
  z.strictObject({ type: z.literal(type), sessionId: z.string(), session: SessionSummary });

export const WatchChangeView = z.discriminatedUnion('type', [
  member('present'),
  member('entered'),
  member('changed'),
  z.strictObject({
    type: z.literal('left'),
    sessionId: z.string(),
    /** As it is now; absent: it was deleted. */
    session: SessionSummary.exactOptional(),
  }),
]);
export type WatchChangeView = Readonly<z.output<typeof WatchChangeView>>;

const changeView = ({ type, sessionId, row }: WatchChange): WatchChangeView => {
  if (row === undefined) return { type: 'left', sessionId };
  return { type, sessionId, session: summaryView(row) };
};

const next = sessionsVerb('watch-next', {
  request: z.strictObject({
    watchId,
    after: z
      .int()
      .min(0)
      .default(0)
      .describe('the `n` of the last reply that has arrived; one that was lost comes again'),
    limit: z.int().min(1).max(MAX_PAGE).default(200),
    waitMs: z
      .int()
      .min(0)
      .max(LONGEST_WATCH_MS)
      .default(WAIT_MS)
      .describe('how long to wait for a change; then the reply has none'),
  }),
  reply: z.union([
    z.strictObject({
      n: z.int().min(0),
      changes: z.array(WatchChangeView).readonly(),
      /** Sessions that are yet to be told as `present`. */
      presentLeft: z.int().min(0),
    }),
    z.strictObject({
      /** Changes are missing, and the watch is over: begin another one. */
      resync: z.enum(RESYNC_REASONS),
    }),
  ]),
  run: async (work, { watchId, waitMs, ...wanted }) => {
    const { tenant } = work.context;
    const leastMs = Math.max(0, Math.min(waitMs, leftMs(work) - SPARE_MS));
    return batchView(await watchesOf(work).next(tenant, watchId, { ...wanted, waitMs: leastMs }));
  },
});

const batchView = (batch: WatchBatch) => {
  if (batch.kind === 'resync') return { resync: batch.why };
  const { n, changes, presentLeft } = batch;
  return { n, changes: changes.map(changeView), presentLeft };
};

const close = sessionsVerb('watch-close', {
  request: z.strictObject({ watchId }),
  reply: z.strictObject({ watchId: z.string() }),
  run: (work, { watchId }) => {
    watchesOf(work).close(work.context.tenant, watchId);
    return { watchId };
  },
});

export const watchVerbs = { 'watch-open': open, 'watch-next': next, 'watch-close': close };
