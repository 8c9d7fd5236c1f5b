/**
 * What a live session knows of turns that have ended, and who waits for the end of one. Both are bounded: an
 * older record is read from the ledger again, and one waiter too many is refused.
 */

import { GreenroomError } from '../../model/errors.ts';
import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { ClosedTurn } from '../../model/turn.ts';
import type { From } from '../../otp/message.ts';
import { ChurnMap } from '../../platform/churn-map.ts';
import type { Answer } from '../machine/machine.ts';
import type { Answered } from './waiting-changes.ts';

/** Records kept at hand, so that a repeated turn id costs no read. */
const MAX_KNOWN = 32;
/** Callers that may wait for the end of one turn. */
const MAX_CLOSERS = 100;

export class ClosedTurns {
  readonly #known = new Map<TurnId, ClosedTurn>();
  readonly #closers = new ChurnMap<TurnId, From<Answered>[]>();

  get known(): ReadonlyMap<TurnId, ClosedTurn> {
    return this.#known;
  }

  remember(record: ClosedTurn): void {
    this.#known.set(record.turnId, record);
    if (this.#known.size <= MAX_KNOWN) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  /** Answers when the turn has ended. */
  waitFor(turnId: TurnId, from: From<Answered>): void {
    const waiting = this.#closers.get(turnId) ?? [];
    if (waiting.length >= MAX_CLOSERS)
      return from.fail(
        new GreenroomError('mailbox_full', 'too many wait for the end of this turn', {
          retryAfterMs: 1_000,
        }),
      );
    this.#closers.set(turnId, [...waiting, from]);
  }

  /** The turn has ended: whoever waited for that hears. */
  tell(record: ClosedTurn, head: Head): void {
    const { turnId } = record;
    const answer: Answer = { type: 'turn', turnId, isNew: false, closed: record };
    for (const from of this.#closers.get(turnId) ?? []) from.reply({ answer, head, turn: record });
    this.#closers.delete(turnId);
  }
}
