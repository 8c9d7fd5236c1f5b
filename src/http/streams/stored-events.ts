/**
 * What a reader has missed of a session, from what is stored: messages, and ends of turns, as the events that they were.
 * Deltas are stored nowhere; a message has all that they said.
 */
import { given } from '../../model/given.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { RequestContext } from '../../model/request-context.ts';
import type { SessionsDoor } from '../../session/api/door.ts';
import type { SessionReplies } from '../../session/verbs/registry.ts';
import type { MessageView, TurnView } from '../../session/verbs/reply-schemas.ts';
import { NONE_ENDED, type Position } from './position.ts';

/** Messages and turns that are told again; a reader that has missed more reads the session anew. */
export const MAX_MISSED = 1_000;

export interface StoredEvent {
  readonly name: 'message' | 'turn.accepted' | 'turn.finished';
  /** As JSON, for a reader. */
  readonly data: string;
  readonly behind: Position;
}

export interface Missed {
  readonly events: readonly StoredEvent[];
  /** Where a reader is that has them. */
  readonly position: Position;
  /** Turns whose ends are among them, or were known. */
  readonly ended: ReadonlySet<string>;
  /** Turns that are not over. */
  readonly open: readonly string[];
}

export type Reset = 'unknown' | 'behind';

interface Ground {
  readonly door: SessionsDoor;
  readonly context: RequestContext;
  readonly key: SessionKey;
}

/** @param from undefined: nothing was missed, and only the place is asked for. Gives why it cannot be said. */
export const missedSince = async (
  ground: Ground,
  from: Position | undefined,
): Promise<Missed | Reset> => {
  const { door, context, key } = ground;
  // In this order: what a turn said that is over by now has a smaller seq than the session.
  const turns = await allTurns(ground);
  const { session } = await door.session(context, key, 'get', {});
  const closed = turns.filter(({ finishedAt }) => finishedAt !== undefined).toSorted(byEnd);
  const open = turns.filter(({ finishedAt }) => finishedAt === undefined);
  const names = open.map(({ turnId }) => turnId);
  const ended = closed.at(-1)?.turnId ?? NONE_ENDED;
  if (from === undefined) {
    const position = { seq: session.seq, running: undefined, ended };
    return { events: [], position, ended: idsOf(closed), open: names };
  }
  if (from.seq > session.seq) return 'unknown';
  const ends = endsSince(from, closed);
  if (ends === undefined) return 'unknown';
  if (ends.length > MAX_MISSED || session.seq - from.seq > MAX_MISSED) return 'behind';
  const { messages, seq } = await messagesBehind(ground, from.seq, session.seq, idsOf(turns));
  const events = await told(ground, from, messages, ends, turns);
  return {
    events,
    position: { ...(events.at(-1)?.behind ?? from), seq, ended },
    ended: idsOf(closed),
    open: names,
  };
};

const idsOf = (turns: readonly TurnView[]): ReadonlySet<string> =>
  new Set(turns.map(({ turnId }) => turnId));

/**
 * Each once, also one that closes meanwhile. All of them: the ledger of a long session lies in the order of ids, so those
 * that ended last may be anywhere in it.
 */
const allTurns = async ({ door, context, key }: Ground): Promise<readonly TurnView[]> => {
  const found = new Map<string, TurnView>();
  let cursor: string | undefined;
  do {
    const page: SessionReplies['turns'] = await door.session(context, key, 'turns', {
      ...{ limit: MAX_MISSED, ...given({ cursor }) },
    });
    for (const turn of page.turns) if (!found.has(turn.turnId)) found.set(turn.turnId, turn);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return [...found.values()];
};

/** As they ended: of those that ended in one moment, what never began (`seq` 0) ends behind what did. */
const byEnd = (one: TurnView, other: TurnView): number => {
  const [a = '', b = ''] = [one.finishedAt, other.finishedAt];
  if (a !== b) return a < b ? -1 : 1;
  if (one.seq === 0 || other.seq === 0) return other.seq - one.seq;
  return one.seq - other.seq;
};

/** undefined: the last one that the reader was told of is not known here. */
const endsSince = (
  { seq, ended }: Position,
  closed: readonly TurnView[],
): readonly TurnView[] | undefined => {
  if (ended === undefined) return closed.filter(({ lastSeq = 0 }) => lastSeq >= seq && lastSeq > 0);
  if (ended === NONE_ENDED) return closed;
  const at = closed.findIndex(({ turnId }) => turnId === ended);
  return at === -1 ? undefined : closed.slice(at + 1);
};

/** Up to the first one of a turn that is not known yet: that one and all behind it are heard as they happen. */
const messagesBehind = async (
  { door, context, key }: Ground,
  seq: number,
  last: number,
  known: ReadonlySet<string>,
): Promise<{ readonly messages: readonly MessageView[]; readonly seq: number }> => {
  const found: MessageView[] = [];
  for (let from: number | undefined = seq + 1; from !== undefined && from <= last; ) {
    const { entries, nextFrom }: SessionReplies['messages'] = await door.session(
      context,
      key,
      'messages',
      {
        ...{ from, limit: MAX_MISSED, order: 'asc', subpath: '', includePartial: false },
      },
    );
    for (const entry of entries) {
      if (entry.type !== 'message' || entry.turnId === undefined || entry.seq > last) continue;
      if (!known.has(entry.turnId)) return { messages: found, seq: entry.seq - 1 };
      found.push(entry);
    }
    from = nextFrom;
  }
  return { messages: found, seq: Math.max(seq, last) };
};

/** In the order in which it happened: a turn ends behind what it said. */
const told = async (
  ground: Ground,
  from: Position,
  messages: readonly MessageView[],
  ends: readonly TurnView[],
  turns: readonly TurnView[],
): Promise<readonly StoredEvent[]> => {
  const byId = new Map(turns.map((turn) => [turn.turnId, turn]));
  const events: StoredEvent[] = [];
  let position = from;
  let at = 0;
  const endsBefore = async (seq: number) => {
    for (; at < ends.length; at += 1) {
      const turn = ends[at];
      if (turn === undefined || (turn.lastSeq ?? turn.seq) >= seq) return;
      const { running } = position;
      position = {
        ...position,
        running: running?.turnId === turn.turnId ? undefined : running,
        ended: turn.turnId,
      };
      events.push({ name: 'turn.finished', data: await endOf(ground, turn), behind: position });
    }
  };
  for (const message of messages) {
    await endsBefore(message.seq);
    const turn = byId.get(message.turnId ?? '');
    const isPrompt = turn?.seq === message.seq;
    position = isPrompt
      ? { ...position, seq: message.seq }
      : { ...position, seq: message.seq, running: undefined };
    events.push({
      name: isPrompt ? 'turn.accepted' : 'message',
      data: isPrompt ? acceptanceOf(ground.key, turn) : messageOf(ground.key, message, turn),
      behind: position,
    });
  }
  await endsBefore(Number.POSITIVE_INFINITY);
  return events;
};

const acceptanceOf = (
  { tenant, sessionId }: SessionKey,
  { turnId, seq, attempt, acceptedAt, traceId }: TurnView,
): string =>
  JSON.stringify({
    ...{ type: 'turn.accepted', seq, traceId, tenant, sessionId, turnId, attempt, at: acceptedAt },
  });

const messageOf = (
  { tenant, sessionId }: SessionKey,
  { seq, message, turnId, at }: MessageView,
  turn: TurnView | undefined,
): string =>
  JSON.stringify({
    ...{ type: 'message', seq, message, tenant, sessionId, turnId },
    ...{ attempt: turn?.attempt ?? 1, at },
  });

const endOf = async (ground: Ground, turn: TurnView): Promise<string> => {
  const { tenant, sessionId } = ground.key;
  const { turnId, attempt, status, stopReason, error, usage, costUsd, finishedAt } = turn;
  const endedMs = Date.parse(finishedAt ?? turn.acceptedAt);
  const durationMs = endedMs - Date.parse(turn.startedAt ?? turn.acceptedAt);
  return JSON.stringify({
    ...{ type: 'turn.finished', status, stopReason, error, usage, costUsd, durationMs },
    ...{ text: await lastText(ground, turn), tenant, sessionId, turnId, attempt, at: finishedAt },
  });
};

/** What the turn said last, for people. */
export const lastText = async (
  { door, context, key }: Ground,
  { seq, lastSeq = 0 }: TurnView,
): Promise<string> => {
  if (lastSeq <= seq) return '';
  const { entries } = await door.session(context, key, 'messages', {
    ...{ from: lastSeq, limit: 1, order: 'asc', subpath: '', includePartial: false },
  });
  const [entry] = entries;
  if (entry?.type !== 'message' || entry.message.role !== 'assistant') return '';
  const { content } = entry.message;
  if (typeof content === 'string') return content;
  return content
    .flatMap((block) => (block.type === 'text' ? [String(block['text'])] : []))
    .join('');
};
