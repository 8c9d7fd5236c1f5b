/**
 * What goes over a worker thread's port. Plain data in arrays, one array per tick and direction,
 * whatever the number of jobs: posting costs tens of microseconds, an element of an array about two.
 *
 * 1. A job's messages keep their order; its outcome is the last of them.
 * 2. `start` carries all that a job needs (P4), but for what the program has sent before under a number of its own.
 */
import type { Kinds } from './program.ts';

export type ToThread<K extends Kinds> =
  | K['note']
  | { readonly type: 'start'; readonly id: number; readonly job: K['wire'] }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'ping' };

export type FromThread<K extends Kinds> =
  /** The thread has loaded what it needs and takes jobs; sent once. */
  | { readonly type: 'ready' }
  /** `load`: the part of the time since the last ping that the thread worked, 0 to 1. */
  | { readonly type: 'pong'; readonly load: number }
  | { readonly type: 'events'; readonly id: number; readonly events: readonly K['event'][] }
  | { readonly type: 'outcome'; readonly id: number; readonly outcome: K['outcome'] };
