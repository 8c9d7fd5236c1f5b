/**
 * What comes due at a time, also when nobody is awake then. The journal keeps an index of it, ordered by time and
 * written in the same commit as what it is about, which `alarms` reads.
 */

import type { Head } from './head.ts';

/** A tombstone ends; a turn's model call is tried again. A further kind goes here, with its key in the journal. */
export const DUE_KINDS = ['tombstone', 'retry'] as const;
export type DueKind = (typeof DUE_KINDS)[number];

export interface Due {
  /** Of a session that is there; a tombstone's stands with the deletion. */
  readonly kind: Exclude<DueKind, 'tombstone'>;
  readonly atMs: number;
}

const NOTHING: readonly Due[] = [];

/** What is due for a session, by its head: the index holds exactly this of it. */
export const duesOf = ({ openTurns }: Pick<Head, 'openTurns'>): readonly Due[] => {
  const phase = openTurns[0]?.phase;
  return phase?.kind === 'waiting' ? [{ kind: phase.for, atMs: phase.dueMs }] : NOTHING;
};
