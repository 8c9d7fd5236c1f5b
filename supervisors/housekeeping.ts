/** What is done now and then, on what is stored. Each on its own: a cleaner that fails disturbs nobody. */
import { alarms } from '../src/housekeeping/alarms.ts';
import { cleaner } from '../src/housekeeping/cleaner.ts';
import { hibernator } from '../src/housekeeping/hibernator.ts';
import { retagger } from '../src/housekeeping/retagger.ts';
import { supervisor } from '../src/otp/supervisor.ts';
import { keepCopy } from '../src/storage/files/kept-copies.ts';
import { archives } from './archives.ts';
import { backupsOf } from './backups.ts';
import { copies } from './copies.ts';
import { notifications } from './notifications.ts';
import type { Parts } from './parts.ts';
import { snapshot } from './snapshot.ts';

export const housekeeping = (parts: Parts) => {
  const { config, log, sessions, feed, runtime, retentionRules, collectGarbage } = parts;
  return supervisor({
    id: 'housekeeping',
    strategy: 'one_for_one',
    maxRestarts: 9, // each once
    maxSeconds: 60,
    children: [
      cleaner({
        intervalHours: config.cleanupIntervalHours,
        maxAgeDays: config.cleanupMaxAgeDays,
        rules: retentionRules,
        archiveDays: config.autoArchiveDays,
        archive: (key, by) => sessions.archived.request(key, { by }),
        stored: (key) => sessions.archived.stored(key),
        remove: (key, by, ifVersion) => sessions.remove(key, by, ifVersion),
        keepCopy: (key, folder) => keepCopy(folder, key, sessions.exported(key)),
        announce: ({ tenant, ...notice }) => feed.announce(tenant, notice),
      }), // deletes what is old, by asking its session
      retagger({
        change: (key, retag) => sessions.retag(key, retag),
        announce: (tenant, notice) => feed.announce(tenant, { ...notice }),
      }), // changes tags on many sessions, by asking each
      hibernator({
        dropEmpty: (nowMs) => runtime.memory.slabs.dropEmpty(nowMs),
        collect: collectGarbage,
        usedBytes: () => process.memoryUsage().heapUsed,
      }), // gives memory back when nothing happens
      snapshot({ config, log }), // has the catalog written down, for the next start
      alarms({ ring: (key, kind) => sessions.ring(key, kind) }), // wakes what is due, by the journal's index
      archives(parts), // packs sessions that have ended, and brings them back
      backupsOf(parts), // copies the store elsewhere
      copies(parts), // copies directories for forks
      notifications(parts), // tells other programs, by the journal's audit
    ],
  });
};
