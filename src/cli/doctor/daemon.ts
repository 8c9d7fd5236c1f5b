/** What the running daemon tells about itself and its store. */
import {
  type BackupStatus,
  type DaemonStatus,
  daemonStatusIn,
  type StoreStatus,
  storeText,
} from '../daemon-status.ts';
import { failureOf } from '../failure.ts';
import { ago, several } from '../format.ts';
import type { Invocation } from '../invocation.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** A daemon looks every second whether one is due; a clock that was put right, or one that is at other work, is no fault yet. */
const LATE_MS = 3_600_000;

export const checkDaemon = async (run: Invocation): Promise<readonly Check[]> => {
  try {
    const answer = await run.withDaemon((daemon) => daemon.daemon('status', {}));
    return judge(daemonStatusIn(answer), run.shell.nowMs());
  } catch (error) {
    const { exitCode, message, nextStep = 'greenroom start' } = failureOf(error);
    const isAway = exitCode === 5;
    return [(isAway ? warn : fail)('daemon', message, nextStep)];
  }
};

const judge = (status: DaemonStatus, nowMs: number): readonly Check[] => [
  ok(
    'daemon',
    `runs: process ${status.pid ?? '?'}, version ${status.version ?? '?'}, since ${status.startedAt ?? '?'}`,
  ),
  ...status.warnings.map((finding) => warn('daemon', finding, 'correct it and restart the daemon')),
  ...(status.journal ? [judgeStore(status.journal)] : []),
  ...(status.backup ? [judgeBackup(status.backup, nowMs)] : []),
];

const judgeStore = (journal: StoreStatus): Check => {
  const { readOnlyBecause, failedCommits = 0 } = journal;
  if (readOnlyBecause)
    return fail(
      'store',
      `takes no new work: ${readOnlyBecause}`,
      readOnlyBecause === 'disk_low'
        ? 'free some space, or delete with greenroom cleanup'
        : 'look into the log, then restart the daemon',
    );
  const finding = storeText(journal);
  return failedCommits === 0
    ? ok('store', finding)
    : warn(
        'store',
        `${finding}, ${several(failedCommits, 'commit')} met a broken record`,
        'greenroom doctor --verify lists what is broken',
      );
};

const judgeBackup = (backup: BackupStatus, nowMs: number): Check => {
  const { status, lastAt, nextAt, error } = backup;
  const last =
    lastAt === undefined ? 'none was made yet' : `the last one was made ${ago(lastAt, nowMs)}`;
  if (error !== undefined)
    return warn(
      'backup',
      `the last attempt failed: ${error}; ${last}`,
      status === 'failed'
        ? 'correct what it says, then greenroom backup'
        : 'correct what it says; it is tried again by itself, or at once with greenroom backup',
    );
  const isLate =
    status !== 'in_progress' && nextAt !== undefined && Date.parse(nextAt) + LATE_MS < nowMs;
  return isLate
    ? warn(
        'backup',
        `one has been due since ${nextAt} and is not made; ${last}`,
        'greenroom backups status says what is at work; greenroom backup makes one',
      )
    : ok('backup', nextAt === undefined ? last : `${last}, the next one is due at ${nextAt}`);
};
