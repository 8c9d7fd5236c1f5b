/** The terminal event of a turn that had closed before its reader came: made from its ledger record. */
import { type ApiMessage, turnFinished } from '../../model/event.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import type { SessionReader } from '../ports/journal.ts';
import { Publication } from './feed.ts';

export const closedPublication = async (
  session: SessionReader,
  turn: ClosedTurn,
  nowMs: number,
): Promise<Publication> =>
  new Publication({
    key: session.key,
    turnId: turn.turnId,
    attempt: turn.attempt,
    n: 0,
    atMs: nowMs,
    body: turnFinished(turn, await lastText(session, turn)),
  });

/** What the turn said last, for people. */
const lastText = async (session: SessionReader, turn: ClosedTurn): Promise<string> => {
  if (turn.lastSeq <= turn.seq) return '';
  const [entry] = await session.entries({ from: turn.lastSeq, to: turn.lastSeq, limit: 1 });
  if (entry?.kind !== 'message' || entry.role !== 'assistant') return '';
  const { content } = JSON.parse(Buffer.from(entry.body).toString()) as ApiMessage;
  if (typeof content === 'string') return content;
  return content
    .flatMap((block) => (block.type === 'text' ? [String(block['text'])] : []))
    .join('');
};
