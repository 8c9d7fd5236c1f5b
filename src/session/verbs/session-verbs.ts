/** The verbs on one session: what each reads or changes, and how its answer is shown. */
import type { z } from 'zod';
import { EMPTY_DIGEST, nextDigest } from '../../claude-code/digest.ts';
import type { ResponseRecord } from '../../claude-code/response-record.ts';
import type { Entry } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import { newTurnId, type SessionKey, sessionKey, TurnId } from '../../model/ids.ts';
import { type Segment, writerOf } from '../../model/segments.ts';
import { TOMBSTONE_MS } from '../../model/tombstone.ts';
import type { TurnRecord } from '../../model/turn.ts';
import type { Caller } from '../actor/caller.ts';
import type { Answered, SessionRequest } from '../actor/waiting-changes.ts';
import type { Rules } from '../machine/machine.ts';
import type { Slabs } from '../memory/slabs.ts';
import { type Journal, journalName } from '../ports/journal.ts';
import { readPage, resting } from '../ports/pages.ts';
import { cutOf, summarise } from '../prepare/compaction.ts';
import { prepareFork } from '../prepare/fork.ts';
import { importedStream, linesBefore } from '../prepare/import.ts';
import { exportPage } from '../transfer/export.ts';
import type { EntryView, ImportState, SESSION_VERBS, SessionReplies, SessionVerb } from './api.ts';
import { importSettled } from './import-settled.ts';
import { importRequest, newMessages, restoreRequest } from './requests.ts';
import { entryView, sessionView, turnView } from './views.ts';

/** Entries read at once. */
const PAGE = 1_000;

type Request<V extends SessionVerb> = z.output<(typeof SESSION_VERBS)[V]>;
export type SessionVerbs = {
  readonly [V in SessionVerb]: (
    key: SessionKey,
    request: Request<V>,
    timeoutMs: number,
  ) => Promise<SessionReplies[V]>;
};

export const sessionVerbs = (caller: Caller, rules: Rules, slabs: Slabs): SessionVerbs => {
  const journal = () => caller.system.fetch(journalName);
  const change = async (key: SessionKey, request: SessionRequest, timeoutMs: number) => {
    const { head } = await caller.change(key, request, timeoutMs);
    return { session: sessionView(head) };
  };
  return {
    create: (key, settings, timeoutMs) => change(key, { type: 'create', settings }, timeoutMs),
    get: async (key) => ({ session: sessionView(await caller.known(key)) }),
    messages: async (key, request) => page(journal(), key, request, await caller.known(key)),
    'side-transcripts': async (key, request) => {
      await caller.known(key);
      return sidesOf(journal(), key, request);
    },
    update: (key, { expectedVersion, ...settings }, timeoutMs) =>
      change(key, { type: 'settings', settings, expectedVersion }, timeoutMs),
    tag: (key, { tags }, timeoutMs) => change(key, { type: 'tag', tags }, timeoutMs),
    untag: (key, { tags }, timeoutMs) => change(key, { type: 'untag', tags }, timeoutMs),
    append: (key, { messages, expectedVersion }, timeoutMs) =>
      change(
        key,
        {
          type: 'append',
          messages: newMessages(messages, caller.system.clock.now()),
          expectedVersion,
        },
        timeoutMs,
      ),
    fork: (key, request, timeoutMs) => fork(caller, key, request, timeoutMs),
    compact: (key, request, timeoutMs) =>
      compact(caller, { rules, slabs }, key, request, timeoutMs),
    export: async (key, { cursor, maxBytes }) =>
      exportPage(journal(), await caller.known(key), cursor, maxBytes, caller.system.clock.now()),
    'import-session': async (key, chunk, timeoutMs) =>
      restored(await caller.change(key, restoreRequest(chunk), timeoutMs)),
    cancel: async (key, { turnId }, timeoutMs) => ({
      turn: turnView(await cancel(caller, key, turnId, timeoutMs)),
    }),
    delete: async (key, { release }, timeoutMs) => {
      if (release) return releaseId(caller, key, timeoutMs);
      await caller.change(
        key,
        { type: 'delete', by: 'request', ifVersion: undefined, tombstoneMs: TOMBSTONE_MS },
        timeoutMs,
      );
      return { deleted: true };
    },
    turns: async (key, request) => turns(caller, journal(), key, request),
    'turn-status': async (key, { turnId }) => ({
      turn: turnView(await turnOf(caller, journal(), key, turnId)),
    }),
    import: async (key, chunk, timeoutMs) =>
      imported(await importSettled(caller, key, importRequest(chunk), timeoutMs)),
    'import-state': async (key, request) => importState(caller, journal(), key, request),
  };
};

/** The parent is only read, as it is committed; the fork's own actor writes, and the journal looks once more. */
const fork = async (
  caller: Caller,
  key: SessionKey,
  { newSessionId, title, ...place }: Request<'fork'>,
  timeoutMs: number,
): Promise<SessionReplies['fork']> => {
  const { clock } = caller.system;
  const parent = await caller.known(key);
  const journal = caller.system.fetch(journalName);
  const forked = await prepareFork(parent, place, title, journal, resting(clock));
  const child = sessionKey(key.tenant, newSessionId ?? newTurnId(clock.now()));
  const { head } = await caller.change(child, { type: 'fork', fork: forked }, timeoutMs);
  return { session: sessionView(head) };
};

/** What the session's commit leaves of a request's time for the model to make a summary. */
const COMMIT_SHARE_MS = 2_000;

const compact = async (
  caller: Caller,
  { rules, slabs }: { readonly rules: Rules; readonly slabs: Slabs },
  key: SessionKey,
  request: Request<'compact'>,
  timeoutMs: number,
): Promise<SessionReplies['compact']> => {
  const { system } = caller;
  const head = await caller.known(key);
  const journal = system.fetch(journalName);
  const rest = resting(system.clock);
  const throughSeq = await cutOf(head, request.throughSeq, journal, rest);
  const modelMs = Math.max(1, timeoutMs - COMMIT_SHARE_MS);
  const made =
    request.summary === undefined
      ? await summarise({
          system,
          head,
          rules,
          slabs,
          journal,
          throughSeq,
          timeoutMs: modelMs,
          rest,
        })
      : { summary: request.summary };
  const compaction = { ...made, throughSeq, by: 'request' };
  const changed = await caller.change(key, { type: 'compact', compaction }, timeoutMs);
  return { session: sessionView(changed.head) };
};

/** Names of others that the sentence about a wrong name gives. */
const MAX_NAMED = 5;

const sidesOf = (
  journal: Journal,
  key: SessionKey,
  { limit, cursor = '' }: Request<'side-transcripts'>,
): SessionReplies['side-transcripts'] => {
  const all = journal.streams(key).filter(({ subpath }) => subpath > cursor);
  const page = all.slice(0, limit).map(({ subpath, seq }) => ({ subpath, seq }));
  const last = page.at(-1);
  return {
    sideTranscripts: page,
    ...(last === undefined || all.length <= limit ? {} : { nextCursor: last.subpath }),
  };
};

const lastOf = (journal: Journal, { key, seq }: Head, subpath: string): number => {
  if (subpath === '') return seq;
  const stream = journal.stream(key, subpath);
  if (stream !== undefined) return stream.seq;
  const { sideTranscripts } = sidesOf(journal, key, { limit: MAX_NAMED });
  const names = sideTranscripts.map((side) => side.subpath).join(', ');
  throw new GreenroomError(
    'invalid_request',
    `subpath: the session has no side transcript ${subpath}${names === '' ? '' : `; it has ${names}`}`,
  );
};

const page = (journal: Journal, key: SessionKey, request: Request<'messages'>, head: Head) => {
  const { subpath, limit, order, includePartial } = request;
  const last = lastOf(journal, head, subpath);
  const segments = subpath === '' ? head.segments : undefined;
  const reverse = order === 'desc';
  const from = request.from ?? (reverse ? last : 1);
  const range = reverse ? { from: 1, to: from } : { from, to: last };
  const entries = readPage(journal, key, { subpath, ...range, limit, reverse });
  const end = entries.at(-1)?.seq;
  const nextFrom = end === undefined ? undefined : reverse ? end - 1 : end + 1;
  const shown: EntryView[] = entries
    .filter((entry) => includePartial || entry.kind !== 'message' || entry.isPartial !== true)
    .map((entry) => showEntry(entry, segments));
  const isMore = nextFrom !== undefined && nextFrom >= 1 && nextFrom <= last;
  return { entries: shown, ...(isMore ? { nextFrom } : {}) };
};

const showEntry = (entry: Entry, segments: readonly Segment[] | undefined): EntryView => {
  const origin = writerOf(segments, entry.seq);
  return { ...entryView(entry), ...(origin === undefined ? {} : { origin }) };
};

/** Cancelling a turn that has ended already answers with its record. */
const cancel = async (
  caller: Caller,
  key: SessionKey,
  turnId: TurnRecord['turnId'] | undefined,
  timeoutMs: number,
): Promise<TurnRecord> => {
  const closed =
    turnId === undefined ? undefined : caller.system.fetch(journalName).turn(key, turnId);
  if (closed !== undefined) return closed;
  const { turn } = await caller
    .change(key, { type: 'cancel', turnId }, timeoutMs)
    .catch((error: unknown) => endedMeanwhile(caller, key, turnId, error));
  if (turn === undefined)
    throw new GreenroomError('internal', 'a cancel was answered without its turn');
  return turn;
};

/** The turn ended while the request was on its way: its record is the answer. */
const endedMeanwhile = (
  caller: Caller,
  key: SessionKey,
  turnId: TurnRecord['turnId'] | undefined,
  error: unknown,
): { readonly turn: TurnRecord } => {
  const turn =
    turnId === undefined ? undefined : caller.system.fetch(journalName).turn(key, turnId);
  if (turn === undefined) throw error;
  return { turn };
};

const turnOf = async (
  caller: Caller,
  journal: Journal,
  key: SessionKey,
  turnId: TurnRecord['turnId'],
): Promise<TurnRecord> => {
  const head = await caller.known(key);
  const turn = head.openTurns.find((open) => open.turnId === turnId) ?? journal.turn(key, turnId);
  if (turn === undefined)
    throw new GreenroomError('turn_not_found', `session ${key.sessionId} has no turn ${turnId}`);
  return turn;
};

/** Open turns first, newest first, then the closed ones. */
const turns = async (
  caller: Caller,
  journal: Journal,
  key: SessionKey,
  { limit, cursor }: Request<'turns'>,
) => {
  const head = await caller.known(key);
  if (cursor !== undefined) mustBeOfLedger(journal, key, cursor);
  const open = cursor === undefined ? head.openTurns.toReversed() : [];
  const closed = journal.turns(key, { limit, ...(cursor === undefined ? {} : { cursor }) });
  const nextCursor = closed.length === limit ? closed.at(-1)?.turnId : undefined;
  return {
    turns: [...open, ...closed].map(turnView),
    ...(nextCursor === undefined ? {} : { nextCursor }),
  };
};

/** The ledger forgets no turn, so a cursor that it does not know was never given out. */
const mustBeOfLedger = (journal: Journal, key: SessionKey, cursor: string): void => {
  const { success, data } = TurnId.safeParse(cursor);
  if (success && journal.turn(key, data) !== undefined) return;
  throw new GreenroomError('invalid_request', 'cursor: it is not one of this list of turns', {
    details: { field: 'cursor' },
  });
};

const imported = ({ answer, head }: Answered): SessionReplies['import'] => {
  if (answer.type !== 'imported')
    throw new GreenroomError('internal', 'an import was answered with something else');
  return { session: sessionView(head), lines: answer.lines, added: answer.added };
};

const restored = ({ answer, head }: Answered): SessionReplies['import-session'] => {
  if (answer.type !== 'restored')
    throw new GreenroomError('internal', 'an import was answered with something else');
  const { type: _, ...state } = answer;
  return { exists: head.version > 0, ...state };
};

const importState = async (
  caller: Caller,
  journal: Journal,
  key: SessionKey,
  { subpath, lines, inherited, cursor }: Request<'import-state'>,
): Promise<ImportState> => {
  const head = await caller.head(key);
  const externalKey = head?.externalKey;
  const known = {
    exists: head !== undefined,
    ...(externalKey === undefined ? {} : { externalKey }),
    ...(inherited ? inheritedKeys(journal, key, cursor) : {}),
  };
  const stream = journal.stream(key, subpath);
  const stored = importedStream(stream);
  if (stream === undefined || stored === undefined)
    return { ...known, lines: 0, digest: EMPTY_DIGEST };
  const { facts, digest, fragments } = stored;
  const before = linesBefore(stored);
  const isEmpty = subpath === '' && head?.messageCount === 0;
  const more = {
    ...known,
    ...(fragments === undefined ? {} : { fragments }),
    ...(isEmpty ? { emptyThrough: facts.lines } : {}),
  };
  if (lines === undefined || lines >= facts.lines - before)
    return { ...more, lines: facts.lines - before, digest };
  return { ...more, lines, digest: digestOf(journal, key, subpath, stream.seq, before, lines) };
};

/** Responses and marks looked at for one page. */
const INHERITED_PAGE = 4_000;

const inheritedKeys = (journal: Journal, key: SessionKey, cursor: string | undefined) => {
  const options = { limit: INHERITED_PAGE, ...(cursor === undefined ? {} : { cursor }) };
  const page = journal.responses(key, options);
  const last = page.at(-1);
  return {
    inherited: page
      .filter(({ record }) => (record as Partial<ResponseRecord>).isInherited === true)
      .map(({ responseKey }) => responseKey),
    ...(last === undefined || page.length < INHERITED_PAGE ? {} : { nextCursor: last.cursor }),
  };
};

/** Gone whole before the answer: as long as records of it are left, no session can have its id. */
const releaseId = async (
  caller: Caller,
  key: SessionKey,
  timeoutMs: number,
): Promise<SessionReplies['delete']> => {
  const { clock } = caller.system;
  const untilMs = clock.monotonic() + timeoutMs;
  await caller.change(
    key,
    { type: 'delete', by: 'request', ifVersion: undefined, tombstoneMs: 0, mayBeGone: true },
    timeoutMs,
  );
  const journal = caller.system.fetch(journalName);
  while ((await journal.purge(1)).left)
    if (clock.monotonic() >= untilMs)
      throw new GreenroomError('unavailable', 'the session is deleted, and its records still go', {
        retryAfterMs: PURGE_RETRY_MS,
      });
  return { deleted: true };
};

const PURGE_RETRY_MS = 1_000;

/** Read back, for a file that is older than what is stored of it. */
const digestOf = (
  journal: Journal,
  key: SessionKey,
  subpath: string,
  last: number,
  before: number,
  lines: number,
): string => {
  let digest = EMPTY_DIGEST;
  let left = lines;
  let skip = before;
  for (let from = 1; from <= last && left > 0; from += PAGE)
    for (const entry of journal.entries(key, { subpath, from, to: from + PAGE - 1, limit: PAGE })) {
      if (entry.kind !== 'imported' || left === 0 || skip-- > 0) continue;
      digest = nextDigest(digest, entry.body);
      left -= 1;
    }
  return digest;
};
