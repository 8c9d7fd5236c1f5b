/** Verbs on what happened in a session: the records of its turns, and how one is stopped. */
import { z } from 'zod';
import { GreenroomError } from '../../model/errors.ts';
import { TurnId } from '../../model/id-schemas.ts';
import type { ClosedTurn, TurnRecord } from '../../model/turn.ts';
import { unfinishedTurns } from '../../model/unfinished.ts';
import type { KnownSession, SessionReader } from '../ports/journal.ts';
import { nextCursor, TurnReply, TurnView } from './reply-schemas.ts';
import { pageLimit } from './transcript-verbs.ts';
import { TurnTraceReply, traceOf } from './turn-trace.ts';
import { change, journalOf, type SessionWork, sessionVerb } from './verb.ts';
import { turnView } from './views.ts';

const cancel = sessionVerb('cancel', {
  request: z.strictObject({ turnId: TurnId.optional().describe('default: the running one') }),
  reply: TurnReply,
  run: async (work, { turnId }) => ({ turn: turnView(await cancelled(work, turnId)) }),
});

const TurnsRequest = z.strictObject({ limit: pageLimit, cursor: z.string().max(256).optional() });

const turns = sessionVerb('turns', {
  request: TurnsRequest,
  reply: z.strictObject({ turns: z.array(TurnView), nextCursor }),
  run: (work, request) => listed(work, request),
});

const turnStatus = sessionVerb('turn-status', {
  request: z.strictObject({ turnId: TurnId }),
  reply: TurnReply,
  run: async (work, { turnId }) => ({ turn: turnView(await turnOf(work, turnId)) }),
});

const turnTrace = sessionVerb('turn-trace', {
  request: z.strictObject({ turnId: TurnId }),
  reply: TurnTraceReply,
  run: async (work, { turnId }) => {
    const session = await work.caller.openKnown(work.key);
    const turn = await turnIn(session, turnId);
    return traceOf(session, turn, work.caller.trails.read(work.key, turnId));
  },
});

export const turnVerbs = {
  cancel,
  turns,
  'turn-status': turnStatus,
  'turn-trace': turnTrace,
};

/** Cancelling a turn that has ended already answers with its record. */
const cancelled = async (work: SessionWork, turnId: TurnId | undefined): Promise<TurnRecord> => {
  const { key } = work;
  const closed = await closedTurn(work, turnId);
  if (closed !== undefined) return closed;
  const { turn } = await change(work, key, { type: 'cancel', turnId }).catch((error: unknown) =>
    endedMeanwhile(work, turnId, error),
  );
  if (turn === undefined)
    throw new GreenroomError('internal', 'a cancel was answered without its turn');
  return turn;
};

/** The turn ended while the request was on its way: its record is the answer. */
const endedMeanwhile = async (
  work: SessionWork,
  turnId: TurnId | undefined,
  error: unknown,
): Promise<{ readonly turn: TurnRecord }> => {
  const turn = await closedTurn(work, turnId);
  if (turn === undefined) throw error;
  return { turn };
};

const closedTurn = async ({ key, ...work }: SessionWork, turnId: TurnId | undefined) =>
  turnId === undefined ? undefined : (await journalOf(work).open(key)).turn(turnId);

const turnOf = async ({ caller, key }: SessionWork, turnId: TurnId): Promise<TurnRecord> =>
  turnIn(await caller.openKnown(key), turnId);

/** One that was open when the session was opened is in its head, and one that closed before is in the ledger. */
const turnIn = async (session: KnownSession, turnId: TurnId): Promise<TurnRecord> => {
  const open = unfinishedTurns(session.head);
  const turn = open.find((open) => open.turnId === turnId) ?? (await session.turn(turnId));
  if (turn !== undefined) return turn;
  const { sessionId } = session.key;
  throw new GreenroomError('turn_not_found', `session ${sessionId} has no turn ${turnId}`);
};

/** Open turns first, newest first, then the closed ones. One that closes meanwhile is told once, closed. */
const listed = async (work: SessionWork, { limit, cursor }: z.output<typeof TurnsRequest>) => {
  const session = await work.caller.openKnown(work.key);
  if (cursor !== undefined) await mustBeOfLedger(session, cursor);
  const closed = await closedTurns(session, limit, cursor);
  const ended = new Set(closed.map(({ turnId }) => turnId));
  const stillOpen = unfinishedTurns(session.head).filter(({ turnId }) => !ended.has(turnId));
  const open = cursor === undefined ? stillOpen.reverse() : [];
  const nextCursor = closed.length === limit ? closed.at(-1)?.turnId : undefined;
  return {
    turns: [...open, ...closed].map(turnView),
    ...(nextCursor === undefined ? {} : { nextCursor }),
  };
};

/**
 * The ledger lies in the order of ids, which is that of time for ids that were drawn here. For callers' own ids it is
 * not, so the turns of a session with few are put in order.
 */
const closedTurns = async (
  session: KnownSession,
  limit: number,
  cursor: string | undefined,
): Promise<readonly ClosedTurn[]> => {
  const isSmall = session.head.numTurns <= MAX_SORTED;
  const all = isSmall ? await session.turns({ limit: MAX_SORTED + 1 }) : [];
  if (!isSmall || all.length > MAX_SORTED)
    return session.turns({ limit, ...(cursor === undefined ? {} : { cursor }) });
  const sorted = all.toSorted(newestFirst);
  const from = sorted.findIndex(({ turnId }) => turnId === cursor) + 1;
  return sorted.slice(from, from + limit);
};

/** Turns of a session that are put in the order of time. */
const MAX_SORTED = 500;

const newestFirst = (a: ClosedTurn, b: ClosedTurn): number =>
  b.acceptedAtMs - a.acceptedAtMs || b.seq - a.seq || (a.turnId < b.turnId ? 1 : -1);

/** The ledger forgets no turn, so a cursor that it does not know was never given out. */
const mustBeOfLedger = async (session: SessionReader, cursor: string): Promise<void> => {
  const { success, data } = TurnId.safeParse(cursor);
  if (success && (await session.turn(data)) !== undefined) return;
  throw new GreenroomError('invalid_request', 'cursor: it is not one of this list of turns', {
    details: { field: 'cursor' },
  });
};
