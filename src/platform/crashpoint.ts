/**
 * Crash points: named places along the order of things where a test can stop the process dead.
 * `GREENROOM_CRASHPOINT=name` or `name:3` kills it with SIGKILL on the first or third passage;
 * without the variable a crash point is an empty function.
 */
import process from 'node:process';

export const CRASHPOINTS = [
  /** A change is computed, nothing is written. */
  'commit.before',
  /** The change is durable, nobody knows. */
  'commit.after',
  /** A turn is durable; its sender has not been told. */
  'turn.accepted',
  /** The model call is under way. */
  'step.started',
  /** The answer is here and not yet committed. */
  'step.outcome',
  /** What is to become of an answer's tool calls is decided and not yet committed. */
  'tools.decided',
  /** A tool call is under way. */
  'tool.started',
  /** Its result is here and not yet committed. */
  'tool.outcome',
  /** A person's decision about a tool call is durable; nobody knows. */
  'approval.decided',
  /** The turn is closed and durable; its readers have not been told. */
  'turn.finished',
  /** A message of the queue is accepted and not yet acknowledged to the broker. */
  'intake.before-ack',
  /** A run of a schedule is due, and has not begun. */
  'schedule.due',
  /** It has begun; the schedule does not know. */
  'schedule.begun',
  /** A batch of the cleaner is deleted, the next is not. */
  'cleanup.batch',
  /** What a deleted session had in folders is removed; its last records are not. */
  'purge.folders',
  /** A chunk of an import is durable. */
  'import.chunk',
  /** A session gave responses up; the one with the better claim does not count them yet. */
  'import.offered',
  /** It counts them; the one that gave them up does not know. */
  'import.counted',
  /** A session to be archived is packed; nothing of it is anywhere else. */
  'archive.packed',
  /** Its archive's record names what will be put; nothing is. */
  'archive.named',
  /** All of it is put and was read back; nobody knows. */
  'archive.put',
  /** The session says that it is archived; its archive's record does not. */
  'archive.noted',
  /** A part of an archived session is back. */
  'archive.lines',
  /** Its folder is back, and has not taken its place. */
  'archive.unpacked',
  /** It has; its archive's record does not say so. */
  'archive.placed',
  /** What an archive had put is removed; its record is there. */
  'archive.removed',
  /** A backup has its copy of the store, and has put nothing. */
  'backup.copied',
  /** A pack of it is put. */
  'backup.pack',
  /** All packs are; no manifest names them. */
  'backup.put',
  /** The backup is there; nothing old is gone. */
  'backup.named',
  /** A manifest has gone; what it alone needed is there. */
  'backup.forgotten',
  /** A directory is copied for a fork; it has not taken its place. */
  'fork.copied',
  /** It has; there is no fork. */
  'fork.placed',
  /** A part of the catalog's snapshot is written. */
  'snapshot.written',
  /** It is on disk, beside the one before. */
  'snapshot.synced',
  /** It has taken its place, which is not on disk yet. */
  'snapshot.renamed',
] as const;
export type Crashpoint = (typeof CRASHPOINTS)[number];

const arm = (setting: string): ((name: Crashpoint) => void) => {
  const [wanted, count = '1'] = setting.split(':');
  let left = Number(count);
  return (name) => {
    if (name === wanted && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
};

const setting = process.env['GREENROOM_CRASHPOINT'];

export const crashpoint: (name: Crashpoint) => void =
  setting === undefined ? () => undefined : arm(setting);
