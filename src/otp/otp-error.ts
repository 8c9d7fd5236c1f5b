/** What the runtime answers when it cannot do what was asked. Judged by `code`, never by `instanceof`. */
import { crashOf, describeReason, type ExitReason } from './exit-reason.ts';
import type { ActorRef } from './ref.ts';

export type OtpErrorCode =
  /** no answer within the call's `timeoutMs`; the work may still be done */
  | 'timeout'
  /** the actor is not alive (any more): nothing was done */
  | 'noproc'
  /** the actor's mailbox is at its limit: nothing was done, try again after `retryAfterMs` */
  | 'mailbox_full'
  /** the actor died before it answered; why is in `reason`; the work may have been done */
  | 'callee_died'
  /** a handler called its own actor, which could only end in a timeout */
  | 'calling_self'
  /** the actor knows no call of this name */
  | 'unknown_call'
  | 'already_registered'
  | 'not_registered'
  /** an actor or a supervisor could not start; why is in `reason` */
  | 'start_failed'
  /** the child said that it is not wanted */
  | 'ignored'
  /** the child is out of its restart budget; its last crash is in `reason` */
  | 'parked'
  /** a supervisor is at its limit of children */
  | 'max_children'
  /** a supervisor or a child is declared in a way that cannot work */
  | 'bad_spec'
  /** there is a child of this id, or an actor of this name, and it is alive or about to be */
  | 'already_started'
  /** there is a child of this id, and it is not alive: it can be restarted or deleted */
  | 'already_present'
  /** the supervisor has no child of this id */
  | 'not_found'
  /** what was asked needs a child that is not running */
  | 'running'
  /** what was asked needs a child that is not about to be restarted */
  | 'restarting';

export interface OtpErrorDetails {
  readonly reason?: ExitReason;
  readonly retryAfterMs?: number;
  readonly ref?: ActorRef;
}

export class OtpError extends Error {
  override readonly name = 'OtpError';
  readonly code: OtpErrorCode;
  /** Why the other side died, did not start, or was parked. */
  readonly reason: ExitReason | undefined;
  /** With `mailbox_full`: when it makes sense to try again. */
  readonly retryAfterMs: number | undefined;
  /** With `already_started`: who has the name. */
  readonly ref: ActorRef | undefined;

  constructor(code: OtpErrorCode, what: string, details: OtpErrorDetails = {}) {
    const { reason, retryAfterMs } = details;
    super(reason === undefined ? what : `${what} (${describeReason(reason)})`, causeOf(reason));
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
    this.ref = details.ref;
  }
}

const causeOf = (reason: ExitReason | undefined): ErrorOptions => {
  const crash = reason && crashOf(reason);
  return crash === undefined ? {} : { cause: crash.crashed };
};
