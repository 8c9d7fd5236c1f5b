/**
 * What comes due at a time, also when nobody is awake then. The journal keeps an index of it, ordered by time and
 * written in the same commit as what it is about, which `alarms` reads.
 */

import type { Head } from './head.ts';
import type { ToolsPhase } from './turn.ts';

/**
 * A tombstone ends; a turn's model call is tried again; nobody has answered in time whether a tool may run. A further kind
 * goes here, with its key in the journal.
 */
export const DUE_KINDS = ['tombstone', 'retry', 'approval'] as const;
export type DueKind = (typeof DUE_KINDS)[number];
/** Those that a session is woken for. */
export const RINGING_KINDS = ['retry', 'approval'] as const satisfies readonly DueKind[];

export interface Due {
  /** Of a session that is there; a tombstone's stands with the deletion. */
  readonly kind: Exclude<DueKind, 'tombstone'>;
  readonly atMs: number;
}

const NOTHING: readonly Due[] = [];

/** What is due for a session, by its head: the index holds exactly this of it. */
export const duesOf = ({ openTurns }: Pick<Head, 'openTurns'>): readonly Due[] => {
  const phase = openTurns[0]?.phase;
  if (phase?.kind === 'waiting') return [{ kind: phase.for, atMs: phase.dueMs }];
  const atMs = phase?.kind === 'tools' ? firstDeadline(phase) : undefined;
  return atMs === undefined ? NOTHING : [{ kind: 'approval', atMs }];
};

const firstDeadline = ({ calls }: ToolsPhase): number | undefined => {
  let first: number | undefined;
  for (const call of calls)
    if (call.state === 'asked' && call.asked.dueMs !== undefined)
      first = Math.min(first ?? call.asked.dueMs, call.asked.dueMs);
  return first;
};
