/**
 * Children of `housekeeping` whose time has not come: each has its seat in the tree and starts as
 * `ignore`, with no process behind it, so that the tree can be declared, and read, as it will be.
 */
import type { ChildSpec } from '../otp/child-spec.ts';

const notYet = (id: string): ChildSpec => ({
  id,
  type: 'worker',
  restart: 'permanent',
  shutdownMs: 5_000,
  start: () => ({ kind: 'ignored' }),
});

/** Will back the store up while it is in use, and verify each copy by reading all of it. */
export const snapshotter = (): ChildSpec => notYet('snapshotter');

/** Will move sessions into archives before they are swept, and bring them back. */
export const archiver = (): ChildSpec => notYet('archiver');
