/** What `greenroom backup` and `backups status` say of backups elsewhere. */
import type { BackupCost } from '../session/ports/backups.ts';
import type { BackupStateView } from '../session/verbs/backup-verbs.ts';
import { ago, bytes, facts, grouped, several } from './format.ts';

export interface Made {
  readonly backupId: string;
  readonly sessions: number;
  readonly entries: number;
  readonly bytes: number;
  readonly cost: BackupCost;
  readonly gone: readonly string[];
  readonly freedBytes: number;
}

export const madeText = (made: Made): string => {
  const { backupId, sessions, entries, bytes: size, cost, gone, freedBytes } = made;
  const asked = costText(cost);
  const lines = [
    `${backupId}: ${several(sessions, 'session')}, ${grouped(entries)} entries, a store of ${bytes(size)}`,
    `new: ${newText(cost)}`,
    ...(asked === undefined ? [] : [`cost: ${asked}`]),
    ...(gone.length === 0
      ? []
      : [`gone by age or number: ${gone.length}, ${bytes(freedBytes)} freed`]),
  ];
  return `${lines.join('\n')}\n`;
};

const newText = ({ storedBytes, storedObjects }: BackupCost): string =>
  `${bytes(storedBytes)} in ${several(storedObjects, 'object')}`;

/** undefined: a folder, which costs no requests. */
const costText = ({ puts, gets, deletes, sentBytes, receivedBytes }: BackupCost) =>
  puts + gets + deletes === 0
    ? undefined
    : `${grouped(puts)} requests that put or list, ${grouped(gets)} that read, ${grouped(deletes)} that delete; ${bytes(sentBytes)} sent, ${bytes(receivedBytes)} received`;

/** Of the place that is set: what was put elsewhere with `--to` is not known here. */
export const stateText = (state: BackupStateView, nowMs: number): string => {
  const { place, every, nextAt, last, unchangedAt } = state;
  return facts({
    place: place ?? 'none is set: GREENROOM_BACKUP_TO names it, or --to of greenroom backup',
    every: place === null ? undefined : (every ?? 'only when one is asked for'),
    keeps: place === null ? undefined : keptText(state),
    now: nowText(state, nowMs),
    next: nextAt ?? undefined,
    last: last && `${last.backupId}, ${ago(last.endedAt, nowMs)}`,
    since: unchangedAt && `nothing has changed: none was made ${ago(unchangedAt, nowMs)}`,
    has:
      last &&
      `${several(last.sessions, 'session')}, ${grouped(last.entries)} entries, a store of ${bytes(last.bytes)}`,
    new: last && newText(last.cost),
    cost: last && costText(last.cost),
    gone:
      last === undefined || last.gone.length === 0
        ? undefined
        : `${several(last.gone.length, 'backup')} by age or number, ${bytes(last.freedBytes)} freed`,
  });
};

const keptText = ({ keepLast, keepDays }: BackupStateView): string => {
  const kept = [
    ...(keepLast === 0 ? [] : [`the newest ${grouped(keepLast)}`]),
    ...(keepDays === 0 ? [] : [`those of ${several(keepDays, 'day')}`]),
  ];
  return kept.length === 0 ? 'all' : kept.join(', and ');
};

const WORDS = { backup: 'making one', verify: 'verifying', delete: 'deleting' } as const;

const nowText = ({ status, tried, error, work }: BackupStateView, nowMs: number): string => {
  if (work?.status === 'in_progress') {
    const { kind, backupId, bytes: done, ofBytes, startedAt } = work;
    const which = backupId === undefined ? '' : ` ${backupId}`;
    const far =
      done === undefined || ofBytes === undefined ? '' : `, ${bytes(done)} of ${bytes(ofBytes)}`;
    return `${WORDS[kind]}${which}, begun ${ago(startedAt, nowMs)}${far}`;
  }
  const why = error === undefined ? '' : `: ${error.message}`;
  if (status === 'failed') return `the last one failed${why}`;
  if (status === 'idle') return 'idle';
  return tried === 0
    ? 'one is about to be made'
    : `failed ${several(tried, 'time')}, tried again${why}`;
};
