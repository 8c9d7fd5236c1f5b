/** A child that may not be wanted: it keeps its seat in a literal list, and starts as ignored. */
import type { ChildSpec } from './child-spec.ts';
import type { ActorRef } from './ref.ts';

export const onlyIf = <R extends ActorRef>(isWanted: boolean, spec: ChildSpec<R>): ChildSpec<R> =>
  isWanted ? spec : { ...spec, start: () => ({ kind: 'ignored' }) };
