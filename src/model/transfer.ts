/** How far an import has come, in the head of the session that it makes. */
import type { Usage } from './usage.ts';

export interface Transfer {
  readonly lines: number;
  readonly digest: string;
  /** Over the first line. */
  readonly firstDigest: string;
  readonly isDone?: boolean;
  /** What the lines so far add up to; absent when it is done, and of an import that an older version began. */
  readonly tally?: Tally | undefined;
  /** Responses of the lines so far that another session counts: the session only inherits them. */
  readonly elsewhere?: {
    readonly usage: Usage;
    readonly costNanoUsd: number;
    readonly unpricedAnswers: number;
  };
}

/** Imported lines of a transcript, and the digest over them. */
export interface Lines {
  readonly lines: number;
  readonly digest: string;
}

/** What the lines of an export add up to: see `tally.ts`. */
export interface Tally {
  readonly sideTranscripts: number;
  /** Of the main transcript, those that count. */
  readonly messages: number;
  readonly main: Lines;
  /** Of the side transcript whose entries came last. */
  readonly side: Lines & { readonly subpath: string };
}
