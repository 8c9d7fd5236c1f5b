/** What a fork is made from. It is computed in `fork.ts` and carried out in `apply-views.ts`. */

import type { Branches } from '../../model/branches.ts';
import type { Compaction } from '../../model/compaction.ts';
import type { View } from '../../model/entry.ts';
import type { Head } from '../../model/head.ts';

/** A fork, computed from the parent's committed head and a few of its entries. */
export interface NewFork {
  readonly parent: Head;
  readonly atSeq: number;
  readonly title: string | undefined;
  /** Messages that the fork begins with. */
  readonly messageCount: number;
  readonly compaction: Compaction | undefined;
  /** The branch of the parent that it goes on with; absent: the parent is not divided. */
  readonly branches?: Branches | undefined;
  /** Absent: the parent's. */
  readonly workingDirectory?: string | undefined;
  /** What the model must not see as it stands: prompts that wait in the parent, a tool's use without its result. */
  readonly views: readonly View[];
}
