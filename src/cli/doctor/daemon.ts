/** What the running daemon tells about itself and its store. */
import {
  type DaemonStatus,
  daemonStatusIn,
  type StoreStatus,
  storeText,
} from '../daemon-status.ts';
import { failureOf } from '../failure.ts';
import { several } from '../format.ts';
import type { Invocation } from '../invocation.ts';
import { type Check, fail, ok, warn } from './check.ts';

export const checkDaemon = async (run: Invocation): Promise<readonly Check[]> => {
  try {
    const answer = await run.withDaemon((daemon) => daemon.daemon('status', {}));
    return judge(daemonStatusIn(answer));
  } catch (error) {
    const { exitCode, message, nextStep = 'greenroom start' } = failureOf(error);
    const isAway = exitCode === 5;
    return [(isAway ? warn : fail)('daemon', message, nextStep)];
  }
};

const judge = (status: DaemonStatus): readonly Check[] => [
  ok(
    'daemon',
    `runs: process ${status.pid ?? '?'}, version ${status.version ?? '?'}, since ${status.startedAt ?? '?'}`,
  ),
  ...status.warnings.map((finding) => warn('daemon', finding, 'correct it and restart the daemon')),
  ...(status.journal ? [judgeStore(status.journal)] : []),
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
