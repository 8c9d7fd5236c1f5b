/** A child that may not be wanted: it keeps its seat in a literal list, and starts as ignored. */
import type { ChildSpec } from './child-spec.ts';

export const onlyIf = (isWanted: boolean, spec: ChildSpec): ChildSpec =>
  isWanted ? spec : { ...spec, start: () => ({ kind: 'ignored' }) };
