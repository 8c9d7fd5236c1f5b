/** Verbs on a session's transcript: reading it, page by page, and adding messages to it. */
import { z } from 'zod';
import { isPlausibleMoment, isWellFormed } from '../../model/bounds.ts';
import { type Branches, branchOf, sees } from '../../model/branches.ts';
import { MAX_PAGE } from '../../model/criteria.ts';
import type { Entry } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import { type Segment, writerOf } from '../../model/segments.ts';
import type { KnownSession, SessionReader } from '../ports/journal.ts';
import { readPage } from '../ports/pages.ts';
import { EntryView, nextCursor, SessionReply } from './reply-schemas.ts';
import { newMessages } from './requests.ts';
import { placeOf, sealed, sealedCursor } from './sealed-cursor.ts';
import { expectedVersion } from './settings-verbs.ts';
import { change, sessionVerb } from './verb.ts';
import { entryView, sessionView } from './views.ts';

/** Items of a page. */
export const pageLimit = z.int().min(1).max(MAX_PAGE).default(100);

const MessagesRequest = z.strictObject({
  from: z.int().min(1).optional().describe('`seq` of the first entry'),
  limit: pageLimit,
  order: z.enum(['asc', 'desc']).default('asc'),
  subpath: z.string().max(256).default('').describe('a side transcript'),
  includePartial: z
    .boolean()
    .default(false)
    .describe('also what the model had said in turns that were cancelled'),
  branch: z
    .int()
    .min(1)
    .optional()
    .describe('only what that branch has, of a session that two programs went on with'),
});

const messages = sessionVerb('messages', {
  request: MessagesRequest,
  reply: z.strictObject({
    entries: z.array(EntryView),
    nextFrom: z.int().min(1).exactOptional(),
  }),
  run: async (work, request) => page(await work.caller.openKnown(work.key), request),
});

const SidesRequest = z.strictObject({
  limit: pageLimit,
  cursor: sealedCursor,
});

/** What sub-agents said, or another program kept beside the main transcript. */
const SideTranscript = z.strictObject({
  /** What `messages` takes. */
  subpath: z.string(),
  /** Its last `seq`. */
  seq: z.int().min(0),
});

const sideTranscripts = sessionVerb('side-transcripts', {
  request: SidesRequest,
  reply: z.strictObject({ sideTranscripts: z.array(SideTranscript), nextCursor }),
  run: async (work, request) => sidesOf(await work.caller.openKnown(work.key), request),
});

const append = sessionVerb('append', {
  request: z.strictObject({
    messages: z
      .array(
        z.strictObject({
          id: z
            .string()
            .min(1)
            .max(256)
            .refine(isWellFormed, 'holds half of a surrogate pair')
            .optional(),
          role: z.enum(['user', 'assistant']),
          content: z.union([
            z.string().min(1),
            z.array(z.looseObject({ type: z.string().min(1) })).min(1),
          ]),
          timestamp: z.iso
            .datetime({ offset: true })
            .refine((text) => isPlausibleMoment(Date.parse(text)), 'is no plausible moment')
            .optional(),
        }),
      )
      .min(1)
      .max(1000),
    expectedVersion,
  }),
  reply: SessionReply,
  run: async (work, { messages: given, expectedVersion }) => {
    const added = newMessages(given, work.caller.system.clock.now());
    const { head } = await change(work, work.key, {
      type: 'append',
      messages: added,
      expectedVersion,
    });
    return { session: sessionView(head) };
  },
});

export const transcriptVerbs = { messages, 'side-transcripts': sideTranscripts, append };

/** Names of others that the sentence about a wrong name gives. */
const MAX_NAMED = 5;

const sidesOf = async (
  session: SessionReader,
  { limit, cursor }: z.output<typeof SidesRequest>,
) => {
  const list = { name: 'side-transcripts', key: session.key } as const;
  const behind = cursor === undefined ? '' : placeOf(list, cursor);
  const streams = await session.streams();
  const all = streams.filter(({ subpath }) => subpath > behind);
  const page = all.slice(0, limit).map(({ subpath, seq }) => ({ subpath, seq }));
  const last = page.at(-1);
  return {
    sideTranscripts: page,
    ...(last === undefined || all.length <= limit
      ? {}
      : { nextCursor: sealed(list, last.subpath) }),
  };
};

const lastOf = async (session: KnownSession, subpath: string): Promise<number> => {
  if (subpath === '') return session.head.seq;
  const stream = await session.stream(subpath);
  if (stream !== undefined) return stream.seq;
  const { sideTranscripts } = await sidesOf(session, { limit: MAX_NAMED });
  const names = sideTranscripts.map((side) => side.subpath).join(', ');
  throw new GreenroomError(
    'invalid_request',
    `subpath: the session has no side transcript ${subpath}${names === '' ? '' : `; it has ${names}`}`,
  );
};

const page = async (session: KnownSession, request: z.output<typeof MessagesRequest>) => {
  const { subpath, limit, order, includePartial } = request;
  const branches = subpath === '' ? session.head.branches : undefined;
  const wanted = branchNamed(request.branch, branches);
  const last = await lastOf(session, subpath);
  const segments = subpath === '' ? session.head.segments : undefined;
  const reverse = order === 'desc';
  const from = request.from ?? (reverse ? last : 1);
  const range = reverse ? { from: 1, to: from } : { from, to: last };
  const entries = await readPage(session, { subpath, ...range, limit, reverse });
  if (entries.length === 0) await lastOf(session, subpath); // a side transcript may have gone meanwhile
  const end = entries.at(-1)?.seq;
  const nextFrom = end === undefined ? undefined : reverse ? end - 1 : end + 1;
  const shown: EntryView[] = entries
    .filter((entry) => includePartial || entry.kind !== 'message' || entry.isPartial !== true)
    .filter((entry) => wanted === undefined || sees(wanted, entry))
    .map((entry) => showEntry(entry, segments, branches));
  const isMore = nextFrom !== undefined && nextFrom >= 1 && nextFrom <= last;
  return { entries: shown, ...(isMore ? { nextFrom } : {}) };
};

const branchNamed = (number: number | undefined, branches: Branches | undefined) => {
  if (number === undefined) return undefined;
  const found = branches?.all.find((each) => each.number === number);
  if (found !== undefined) return found;
  throw new GreenroomError('invalid_request', `branch: there is no branch ${number}`);
};

const showEntry = (
  entry: Entry,
  segments: readonly Segment[] | undefined,
  branches: Branches | undefined,
): EntryView => {
  const origin = writerOf(segments, entry.seq);
  const branch = branches && branchOf(branches, entry)?.number;
  return {
    ...entryView(entry),
    ...(origin === undefined ? {} : { origin }),
    ...(branch === undefined || branch === branches?.chosen ? {} : { branch }),
  };
};
