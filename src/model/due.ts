/**
 * What comes due at a time, also when nobody is awake then. The journal keeps an index of it, ordered by time and
 * written in the same commit as what it is about, which `alarms` reads.
 */

import type { Head } from './head.ts';
import { isHeld } from './tag-key.ts';
import type { OpenCall, OpenTurn, ToolsPhase } from './turn.ts';
import { hasUnfinished } from './unfinished.ts';
import { hasEnded } from './words.ts';

/**
 * A tombstone ends; a turn's model call is tried again; nobody has answered in time whether a tool may run; nothing has
 * come to a session for as long as it waits; a turn begins at a time; a schedule has a run; an archive is to be worked on,
 * or the store to be backed up, which those who do it look for themselves. A further kind goes here, with its key in the journal.
 */
export const DUE_KINDS = [
  ...(['tombstone', 'retry', 'approval', 'idle', 'delayed', 'schedule'] as const),
  'archive',
  'backup',
] as const;
export type DueKind = (typeof DUE_KINDS)[number];
/** Those that somebody is rung for: a session, or of a schedule who runs it. */
export const RINGING_KINDS = [
  'retry',
  'approval',
  'idle',
  'delayed',
  'schedule',
] as const satisfies readonly DueKind[];

export type RingingKind = (typeof RINGING_KINDS)[number];

export interface Due {
  /** Of a session that is there; a tombstone's stands with the deletion. */
  readonly kind: Exclude<DueKind, 'tombstone'>;
  readonly atMs: number;
}

const NOTHING: readonly Due[] = [];

/** What is due for a session, by its head: the index holds exactly this of it. */
export const duesOf = (head: Head): readonly Due[] => {
  const { delayed } = head;
  if (delayed === undefined) return dueOfOpen(head);
  return [...dueOfOpen(head), { kind: 'delayed', atMs: Math.min(...delayed.map(dueMsOf)) }];
};

const dueMsOf = ({ dueMs }: { readonly dueMs: number }): number => dueMs;

const dueOfOpen = (head: Head): readonly Due[] => {
  const [first] = head.openTurns;
  if (first === undefined) {
    const idleMs = idleEndMs(head);
    return idleMs === undefined ? NOTHING : [{ kind: 'idle', atMs: idleMs }];
  }
  const { phase } = first;
  if (phase?.kind === 'waiting') return [{ kind: phase.for, atMs: phase.dueMs }];
  const atMs = dueOf(phase);
  return atMs === undefined ? NOTHING : [{ kind: 'approval', atMs }];
};

const MINUTE_MS = 60_000;

/** A parked one waits for a person, who would not look at one that has ended. */
const mayEnd = (head: Head): boolean =>
  !hasEnded(head) && head.status !== 'parked' && !isHeld(head);

/** When a session ends to which nothing comes; undefined: it does not. */
export const idleEndMs = (head: Head): number | undefined =>
  head.idleEndMinutes === undefined || hasUnfinished(head) || !mayEnd(head)
    ? undefined
    : head.updatedAtMs + Math.round(head.idleEndMinutes * MINUTE_MS);

/** A person has not answered in time, or a budget's next period begins. */
const dueOf = (phase: OpenTurn['phase']): number | undefined => {
  if (phase?.kind === 'tools') return firstDeadline(phase);
  if (phase?.kind !== 'budget') return undefined;
  const { dueMs = Infinity, endsMs = Infinity } = phase;
  const first = Math.min(dueMs, endsMs);
  return first === Infinity ? undefined : first;
};

const firstDeadline = ({ calls }: ToolsPhase): number | undefined => {
  let first: number | undefined;
  for (const call of calls) {
    const dueMs = deadlineOf(call);
    if (dueMs !== undefined) first = Math.min(first ?? dueMs, dueMs);
  }
  return first;
};

const deadlineOf = (call: OpenCall): number | undefined => {
  if (call.state === 'asked') return call.asked.dueMs;
  return call.state === 'started' ? call.question?.dueMs : undefined;
};
