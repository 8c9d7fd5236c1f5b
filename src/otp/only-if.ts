/** A child that may not be wanted: it keeps its slot in a literal list, and starts as ignored. */
import type { ChildSpec } from './child-spec.ts';
import type { ActorRef } from './ref.ts';

/** `spec`, or, where it is not wanted, a child of the same id that is `ignored` and never restarted. */
export const onlyIf = <R extends ActorRef>(isWanted: boolean, spec: ChildSpec<R>): ChildSpec<R> =>
  isWanted ? spec : { ...spec, start: () => ({ kind: 'ignored' }) };
