/** The terminal event of a turn that had closed before its reader came: made from its ledger record. */
import { type ApiMessage, turnFinished } from '../../model/event.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import type { Journal } from '../ports/journal.ts';
import { Publication } from './feed.ts';

export const closedPublication = (
  key: SessionKey,
  turn: ClosedTurn,
  journal: Journal,
  nowMs: number,
): Publication =>
  new Publication({
    key,
    turnId: turn.turnId,
    attempt: turn.attempt,
    n: 0,
    atMs: nowMs,
    body: turnFinished(turn, lastText(journal, key, turn)),
  });

/** What the turn said last, for people. */
const lastText = (journal: Journal, key: SessionKey, turn: ClosedTurn): string => {
  if (turn.lastSeq <= turn.seq) return '';
  const [entry] = journal.entries(key, { from: turn.lastSeq, to: turn.lastSeq, limit: 1 });
  if (entry?.kind !== 'message' || entry.role !== 'assistant') return '';
  const { content } = JSON.parse(Buffer.from(entry.body).toString()) as ApiMessage;
  if (typeof content === 'string') return content;
  return content
    .flatMap((block) => (block.type === 'text' ? [String(block['text'])] : []))
    .join('');
};
