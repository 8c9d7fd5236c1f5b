/** What a supervisor with a list of children is told when it is declared. */
import type { AutoShutdown, ChildSpec, Restart } from './child-spec.ts';
import type { Name } from './name.ts';
import type { Shutdown } from './program.ts';
import type { ActorRef } from './ref.ts';

/**
 * Who is restarted with a child: nobody, all, or those declared after it. What comes later in the list may rely on
 * what comes before it.
 */
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one';

export interface SupervisorOptions {
  readonly id: string;
  /** Where it is found, to be given orders. */
  readonly name?: Name<ActorRef>;
  /** Default `permanent`. */
  readonly restart?: Restart;
  readonly strategy: Strategy;
  /** Restarts of its children within `maxSeconds`; one more ends the supervisor. Default 3. */
  readonly maxRestarts?: number;
  /** Default 5. */
  readonly maxSeconds?: number;
  /** A child is started again no sooner than this after its last start, in milliseconds. Default 0. */
  readonly restartGapMs?: number;
  /** Default `infinity`: its children have bounds of their own. */
  readonly shutdownMs?: Shutdown;
  /** Its end may end its own supervisor. Default false. */
  readonly significant?: boolean;
  /** Whether it ends, with `shutdown`, when significant children have. Default `never`. */
  readonly autoShutdown?: AutoShutdown;
  /** In the order of starting; ids are unique. */
  readonly children: readonly ChildSpec[];
}
