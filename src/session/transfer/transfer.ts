import type { Tally } from './tally.ts';

/** How far an import has come, in the head of the session that it makes. */
export interface Transfer {
  readonly lines: number;
  readonly digest: string;
  /** Over the first line. */
  readonly firstDigest: string;
  readonly isDone?: boolean;
  /** What the lines so far add up to; absent when it is done, and of an import that an older version began. */
  readonly tally?: Tally | undefined;
}
