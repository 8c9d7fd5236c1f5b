/** The backups of a running Greenroom, as the verbs of the daemon ask about them. */
import { GreenroomError } from '../model/errors.ts';
import { iso } from '../model/moment.ts';
import type { System } from '../otp/system.ts';
import { backupsName } from '../session/ports/backups.ts';
import type { BackupsFace } from '../session/verbs/backup-verbs.ts';
import type { StatusView } from '../session/verbs/daemon-verbs.ts';

export const backupsFaceOf = (system: System): BackupsFace => ({
  backups: () => {
    const found = system.find(backupsName);
    if (found !== undefined) return found;
    throw new GreenroomError('unavailable', 'what makes backups is being restarted', {
      retryAfterMs: 1_000,
    });
  },
});

/** In short, for the daemon's status; null: there is nothing to say. */
export const backupStatusOf = (system: System): StatusView['backup'] => {
  const { record, nextMs, every } = system.find(backupsName)?.state() ?? {};
  if (record === undefined && every === undefined) return null;
  return {
    status: record?.status ?? 'idle',
    lastAt: record?.last === undefined ? null : iso(record.last.endedAtMs),
    nextAt: nextMs === undefined ? null : iso(nextMs),
    error: record?.error?.message ?? null,
  };
};
