/** Faults on order: what a test cannot wait for is made to happen, without a line of it in the program under test. */
import type { ChildSpec } from '../otp/child-spec.ts';
import { pause } from '../otp/clock.ts';
import type { ActorRef } from '../otp/ref.ts';
import { processOf } from '../otp/system.ts';

/**
 * Makes an actor crash as if its next handler threw `error`, after what is in its mailbox already. Neither it nor its
 * supervisor can tell the difference.
 */
export function crash(ref: ActorRef, error: unknown = new Error('a crash on order')): void {
  processOf(ref).later('crash', () => {
    throw error;
  });
}

/** Which starts of a child: its first is 1. */
export type Which = (nth: number) => boolean;

/** The same child; the starts that `which` names fail, as if `init` threw `error`. */
export function failStarts<R extends ActorRef>(
  spec: ChildSpec<R>,
  which: Which,
  error: unknown = new Error('a failed start on order'),
): ChildSpec<R> {
  let nth = 0;
  return {
    ...spec,
    start: (system, place) =>
      which(++nth) ? { kind: 'failed', reason: { crashed: error } } : spec.start(system, place),
  };
}

/** The same child; each start takes `ms` longer. */
export const delayStarts = <R extends ActorRef>(spec: ChildSpec<R>, ms: number): ChildSpec<R> => ({
  ...spec,
  start: async (system, place) => {
    await pause(system.clock, ms);
    return spec.start(system, place);
  },
});
