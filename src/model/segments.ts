/**
 * Segments: what a fork shares with the sessions that it comes from.
 *
 * A fork copies no entries. Its head names, oldest first, who wrote which part of what it begins with:
 * each segment reaches from the end of the one before it to its `throughSeq`; the fork's own entries
 * follow the last. A chain of forks is flat: a fork of a fork refers to the writers themselves.
 */
import { GreenroomError } from './errors.ts';

export interface Segment {
  /** Who wrote these entries, in the same tenant; perhaps deleted since. */
  readonly sessionId: string;
  /** Last `seq` of the segment. */
  readonly throughSeq: number;
}

/** Most segments of a head: it is rewritten by each commit. A fork of a fork that wrote nothing adds none. */
export const MAX_SEGMENTS = 100;

interface Forkable {
  readonly key: { readonly sessionId: string };
  readonly segments?: readonly Segment[] | undefined;
}

/** The segments of a fork at `atSeq`. Throws `too_large` for a chain of forks that is too long. */
export const segmentsOfFork = (parent: Forkable, atSeq: number): readonly Segment[] => {
  const segments: Segment[] = [];
  let end = 0;
  for (const { sessionId, throughSeq } of parent.segments ?? []) {
    if (end >= atSeq) break;
    end = throughSeq;
    segments.push({ sessionId, throughSeq: Math.min(throughSeq, atSeq) });
  }
  if (end < atSeq) segments.push({ sessionId: parent.key.sessionId, throughSeq: atSeq });
  if (segments.length > MAX_SEGMENTS)
    throw new GreenroomError('too_large', `a fork has at most ${MAX_SEGMENTS} forks before it`);
  return segments;
};

/** Last `seq` that is not the session's own; 0 for one that is no fork. */
export const inheritedThrough = (segments: readonly Segment[] | undefined): number =>
  segments?.at(-1)?.throughSeq ?? 0;

/** Who wrote the entry at `seq`; undefined: the session itself. */
export const writerOf = (
  segments: readonly Segment[] | undefined,
  seq: number,
): string | undefined => segments?.find(({ throughSeq }) => seq <= throughSeq)?.sessionId;
