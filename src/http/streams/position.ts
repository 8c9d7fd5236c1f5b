/**
 * Where a reader of a session's events is, as the `id` of each event says it: all messages up to `seq`, all ends of turns up
 * to that of `ended`, and, of the turn that is running, all events up to `n`. The first two are stored with the session, so
 * a reader goes on from there also after the daemon was away.
 *
 * Written `seq`, or `seq.attempt.n.turnId.ended`; of several sessions one behind the other, with commas. A number alone is of
 * a page that has read messages: which ends it knows is not said.
 */
import type { SessionEvent } from '../../model/event.ts';

export interface Running {
  readonly turnId: string;
  readonly attempt: number;
  readonly n: number;
}

export interface Position {
  readonly seq: number;
  /** undefined: no turn runs, or nothing was said by it. */
  readonly running: Running | undefined;
  /** The turn whose end was told last, or `NONE_ENDED`; undefined: it is not known. */
  readonly ended: string | undefined;
}

/** No turn of the session had ended. No id of a turn is written so. */
export const NONE_ENDED = '*';

const FORM = /^(\d{1,15})(?:\.(\d{1,9})\.(\d{1,9})\.([\w-]{0,128})\.([\w-]{0,128}|\*))?$/;

/** undefined: it is not one of ours. */
export const readPosition = (text: string): Position | undefined => {
  const [, seq, attempt, n, turnId, ended] = FORM.exec(text) ?? [];
  if (seq === undefined) return undefined;
  const running = turnId ? { turnId, attempt: Number(attempt), n: Number(n) } : undefined;
  return { seq: Number(seq), running, ended: ended || undefined };
};

export const writtenPosition = ({ seq, running, ended }: Position): string => {
  if (running === undefined && ended === undefined) return String(seq);
  const { attempt = 0, n = 0, turnId = '' } = running ?? {};
  return `${seq}.${attempt}.${n}.${turnId}.${ended ?? ''}`;
};

/** Behind an event. */
export const positionBehind = (
  position: Position,
  { body, turnId, attempt, n }: SessionEvent,
): Position => {
  const { running } = position;
  switch (body.type) {
    case 'turn.accepted': // it may wait behind the one that runs
      return { ...position, seq: Math.max(position.seq, body.seq) };
    case 'message':
      return {
        ...position,
        seq: Math.max(position.seq, body.seq),
        running: { turnId, attempt, n },
      };
    case 'turn.finished':
      return {
        ...position,
        running: running?.turnId === turnId ? undefined : running,
        ended: turnId,
      };
    default:
      return n === 0 ? position : { ...position, running: { turnId, attempt, n } };
  }
};

/** Whether a reader that is there has this event already. */
export const isBehind = (
  running: Running | undefined,
  { turnId, attempt, n }: Pick<SessionEvent, 'turnId' | 'attempt' | 'n'>,
): boolean =>
  running !== undefined &&
  running.turnId === turnId &&
  (attempt < running.attempt || (attempt === running.attempt && n <= running.n));
