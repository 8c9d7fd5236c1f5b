/** Copies of sessions' directories, as verbs see them. Owned here, implemented in `src/archives`. */
import type { SessionKey } from '../../model/ids.ts';
import { nameOf } from '../../otp/name.ts';
import type { Left } from './archives.ts';

export interface CopyLimits {
  /** Files, folders and links. */
  readonly entries: number;
  /** Of all files. */
  readonly bytes: number;
}

export interface LeftOut {
  /** The first of them. */
  readonly left: readonly Left[];
  readonly leftCount: number;
}

export interface CopyWish {
  /** The session whose directory it is. */
  readonly from: SessionKey;
  /** Its directory; undefined: the one that we make for it. */
  readonly directory: string | undefined;
  /** The session that gets the copy: in the folder that we make for it. */
  readonly to: SessionKey;
  readonly timeoutMs: number;
}

export interface CopiedDirectory extends LeftOut {
  /** Where it is, absolute. */
  readonly path: string;
  readonly files: number;
  readonly folders: number;
  readonly links: number;
  readonly bytes: number;
}

export interface Copier {
  /**
   * Copies the directory, then has `commit` make its session; resolves with what that gives. Where one of the two fails,
   * nothing is left of the copy. Rejects with `too_large` beyond the limits, `forbidden` for a directory that is not
   * copied, `invalid_state` where something is at the place, `unavailable` while too many are copied, `deadline_exceeded`.
   */
  copy<T>(wish: CopyWish, commit: (copied: CopiedDirectory) => Promise<T>): Promise<T>;
}

export const copierName = nameOf<Copier>('copier');
