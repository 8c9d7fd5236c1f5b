/**
 * Changes that wait for the commit in flight: how many may wait, and which of them share the next one.
 *
 * 1. They leave in the order in which they came.
 * 2. Whoever gave up meanwhile was told that its change was not begun, so it is not.
 */

import type { Head } from '../../model/head.ts';
import type { TurnRecord } from '../../model/turn.ts';
import type { From } from '../../otp/message.ts';
import type { Input } from '../machine/input.ts';
import { kindOf } from '../machine/input-kinds.ts';
import type { Answer } from '../machine/machine.ts';
import { type ForeignRequest, isForeign } from '../prepare/foreign-request.ts';

/** What a caller is told: the answer, and the state that it is true of. */
export interface Answered {
  readonly answer: Answer;
  readonly head: Head;
  /** The record that a turn's answer is about. */
  readonly turn?: TurnRecord;
}

export type SessionRequest = Input | ForeignRequest;

/** A change, and who asked for it; without a `from` it is the session's own. */
export interface Waiting {
  readonly request: SessionRequest;
  readonly from: From<Answered> | undefined;
}
/** Changes that may wait for the commit in flight, and their bytes. */
const MAX_WAITING = 1_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** What shares a commit; a larger request goes alone, so that nobody is refused for another's size. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024;

export class WaitingChanges {
  #waiting: Waiting[] = [];
  #bytes = 0;

  get size(): number {
    return this.#waiting.length;
  }

  hasRoomFor(request: SessionRequest): boolean {
    if (this.size === 0) return true;
    return this.size < MAX_WAITING && this.#bytes + bytesOf(request) <= MAX_WAITING_BYTES;
  }

  push(waiting: Waiting): void {
    this.#bytes += bytesOf(waiting.request);
    this.#waiting.push(waiting);
  }

  /** Before all others: they were taken once and are tried again. */
  putBack(waiting: readonly Waiting[]): void {
    for (const { request } of waiting) this.#bytes += bytesOf(request);
    this.#waiting.unshift(...waiting);
  }

  /** As many as may share a commit. */
  take(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { request } of this.#waiting) {
      const more = bytesOf(request);
      if (count > 0 && (beginsCommit(request) || bytes + more > MAX_BATCH_BYTES)) break;
      bytes += more;
      count += 1;
      if (endsCommit(request)) break;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count).filter(({ from }) => from?.settled !== true);
  }
}

/** A foreign request is computed from what is stored: it has a commit of its own. */
const beginsCommit = (request: SessionRequest): boolean =>
  isForeign(request) || kindOf(request).begins(request);

/** The next ones see what it made. */
const endsCommit = (request: SessionRequest): boolean =>
  isForeign(request) || kindOf(request).ends(request);

/** What a request brings along, roughly: its bodies. */
const bytesOf = (request: SessionRequest): number => {
  if (!isForeign(request)) return kindOf(request).bytes(request);
  const lines = 'lines' in request ? request.lines : [];
  return lines.reduce((sum, line) => sum + line.byteLength, 0);
};
