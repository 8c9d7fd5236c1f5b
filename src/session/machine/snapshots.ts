/**
 * When a session's counters are noted: at the end of each turn that ran, and while one runs with the first commit after
 * the interval. Between two commits no counter changes, so there is nothing that a timer would note.
 */
import { droppedWith, pointOf, type Snapshot } from '../../model/metrics.ts';
import type { SessionState, Write } from './machine.ts';
import type { Rules } from './rules.ts';

/** The snapshot that the commit of these writes has to hold; its number and time go onto the head, which is nobody else's yet. */
export const takeSnapshot = (
  before: SessionState,
  after: SessionState,
  writes: readonly Write[],
  { snapshotMs }: Rules,
  nowMs: number,
): Snapshot | undefined => {
  const { head } = after;
  if (snapshotMs === undefined || head === before.head) return undefined;
  if (!hasTurnEnded(writes) && !isLongAgo(after, snapshotMs, nowMs)) return undefined;
  if (writes.some(({ type }) => type === 'delete')) return undefined;
  const number = (head.snapshots ?? 0) + 1;
  Object.assign(head, { snapshots: number, snapshotAtMs: nowMs });
  return { number, point: pointOf(head, nowMs), drops: droppedWith(number) };
};

const hasTurnEnded = (writes: readonly Write[]): boolean =>
  writes.some((write) => write.type === 'turn' && write.record.startedAtMs !== undefined);

/** Only while a turn is at work: a session that rests changes nothing that counts. */
const isLongAgo = ({ head }: SessionState, snapshotMs: number, nowMs: number): boolean => {
  const { startedAtMs } = head.openTurns[0] ?? {};
  return (
    startedAtMs !== undefined && nowMs - Math.max(startedAtMs, head.snapshotAtMs ?? 0) >= snapshotMs
  );
};
