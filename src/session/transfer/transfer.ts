/** How far an import has come, in the head of the session that it makes. */
import type { Usage } from '../usage.ts';

export interface Transfer {
  readonly lines: number;
  readonly digest: string;
  /** Over the first line. */
  readonly firstDigest: string;
  readonly isDone?: boolean;
  /** Responses of the lines so far that another session counts: the session only inherits them. */
  readonly elsewhere?: {
    readonly usage: Usage;
    readonly costNanoUsd: number;
    readonly unpricedAnswers: number;
  };
}
