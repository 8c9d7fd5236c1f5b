/** Changing the children of a running supervisor: what an operator or a program asks, and what it answers. */
import { Actor } from './actor.ts';
import type { ChildSpec } from './child-spec.ts';
import type { ControlMessage } from './control-messages.ts';
import { OtpError } from './otp-error.ts';
import type { ActorRef, CallOptions } from './ref.ts';
import { processOf } from './system.ts';

/**
 * Starts a further child, after those that are there, and keeps its declaration. Gives its ref, or nothing for one that
 * is not wanted (`IGNORE`). Rejects `bad_spec`; `already_started` or `already_present` when the id is taken, by a
 * child that lives or by one that does not; `start_failed`: then it is not kept.
 *
 * This and the other orders wait as long as it takes, unless `timeoutMs` is given, and reject as calls do. A child whose
 * own `init` gives orders to its supervisor waits for itself.
 */
export const startChild = <R extends ActorRef>(
  supervisor: ActorRef,
  spec: ChildSpec<R>,
  options?: CallOptions,
): Promise<R | undefined> =>
  order(supervisor, 'startChild', spec, options) as Promise<R | undefined>;

/** Stops a child and keeps its declaration, unless it is temporary. Rejects `not_found`. */
export const terminateChild = (
  supervisor: ActorRef,
  id: string,
  options?: CallOptions,
): Promise<void> => order(supervisor, 'terminateChild', id, options) as Promise<void>;

/**
 * Starts a child that has ended or was stopped; gives its ref, or nothing for one that is not wanted. Rejects
 * `not_found`, `running`, `restarting`, `start_failed`.
 */
export const restartChild = (
  supervisor: ActorRef,
  id: string,
  options?: CallOptions,
): Promise<ActorRef | undefined> =>
  order(supervisor, 'restartChild', id, options) as Promise<ActorRef | undefined>;

/** Forgets the declaration of a child that is not there. Rejects `not_found`, `running`, `restarting`. */
export const deleteChild = (
  supervisor: ActorRef,
  id: string,
  options?: CallOptions,
): Promise<void> => order(supervisor, 'deleteChild', id, options) as Promise<void>;

function order(
  supervisor: ActorRef,
  name: ControlMessage,
  what: ChildSpec | string,
  { timeoutMs = Number.POSITIVE_INFINITY }: CallOptions = {},
): Promise<unknown> {
  const process = processOf(supervisor);
  if (process instanceof Actor && process.program.takesOrders === true)
    return process.call(name, what, { timeoutMs });
  const refusal = `${process.label} has no list of children that could be changed`;
  return Promise.reject(new OtpError('unknown_call', refusal));
}
