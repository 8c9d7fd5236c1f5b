/** Who packs sessions that have ended, and brings them back. */
import { rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { mustBeAllowed } from '../src/archives/allowed.ts';
import { inThread } from '../src/archives/archive-worker.ts';
import { type ArchiverArgs, archiver } from '../src/archives/archiver.ts';
import { Lock } from '../src/archives/ground.ts';
import { paced } from '../src/archives/pace.ts';
import { OWNER_NAME, PlaceOwner } from '../src/archives/place-owner.ts';
import { ArchiveRecords } from '../src/archives/records.ts';
import { FolderTarget } from '../src/archives/targets/folder-target.ts';
import { keysOf } from '../src/archives/targets/keys.ts';
import { S3Target } from '../src/archives/targets/s3-target.ts';
import type { Config } from '../src/config/config.ts';
import { GreenroomError } from '../src/model/errors.ts';
import { given } from '../src/model/given.ts';
import type { SessionKey } from '../src/model/ids.ts';
import type { System } from '../src/otp/system.ts';
import type { Place } from '../src/session/ports/archives.ts';
import { journalName } from '../src/session/ports/journal.ts';
import { removeWorkspace, workspacesIn } from '../src/storage/files/session-folders.ts';
import { readStoreFile } from '../src/storage/verify/store-file.ts';
import type { Parts } from './parts.ts';

const DAY_MS = 24 * 3_600_000;
const MB = 1_000_000;

export const archives = ({ config, log, sessions, feed }: Parts) => {
  const { dataDir } = config;
  const workspaces = workspacesIn(config);
  const staging = join(dataDir, 'archiving');
  const workspaceOf = ({ tenant, sessionId }: SessionKey): string =>
    join(workspaces, tenant, sessionId);
  const recordsIn = (system: System): ArchiveRecords =>
    new ArchiveRecords(
      () => system.fetch(journalName),
      () => system.clock.now(),
    );
  const ownerIn = (system: System): PlaceOwner =>
    new PlaceOwner(
      () => {
        const copy = readStoreFile(join(dataDir, 'store'))?.copy;
        const { storeId } = system.fetch(journalName).info();
        return { storeId, ...(copy === undefined ? {} : { copy }) };
      },
      (place) => recordsIn(system).oneAt(place),
    );
  const pace = paced(sessions.clock, config.archiveMbPerSecond * MB);
  const args: ArchiverArgs = {
    atOnce: config.archivesAtOnce,
    compression: config.archiveCompression,
    autoArchiveMs: config.autoArchiveDays * DAY_MS,
    archive: (key) => sessions.archived.request(key, { by: 'auto-archive' }),
    placeFor: (kind = config.storageProvider === 'local' ? 'folder' : 's3') =>
      placeOf(config, kind),
    emptyStaging: () => rm(staging, { recursive: true, force: true }), // made when it is needed
    tell: ({ tenant, name: archiveId }, { sessionId, error }, step) => {
      feed.announce(tenant, { type: `archive.${step}`, archiveId, sessionId, ...given({ error }) });
      const about = { tenant, archiveId, sessionId };
      if (step === 'failed') log.warn({ ...about, why: error?.message }, 'an archive failed');
      else log.info(about, `an archive is ${step}`);
    },
    tellProgress: ({ tenant, name: archiveId }, { sessionId }, progress) =>
      feed.announce(tenant, { type: 'archive.progress', archiveId, sessionId, ...progress }),
    ground: (system, progress) => ({
      ...{ clock: system.clock, sessions: sessions.archived, thread: inThread, progress },
      ...{ staging, workspaceOf, objects: new Lock() },
      records: recordsIn(system),
      mustBeOurs: (target, signal) => {
        const { place } = target;
        const isWithin = place.kind === 'folder' && place.dir.startsWith(join(dataDir, sep));
        return ownerIn(system).mustBeOurs(target, isWithin, signal);
      },
      takeOver: async (target, signal) => {
        const wasOthers = await ownerIn(system).takeOver(target, signal);
        if (wasOthers)
          log.warn({ place: target.uri(OWNER_NAME) }, 'a place of archives is ours now');
        return wasOthers;
      },
      target: (place, onBytes) =>
        place.kind === 'folder'
          ? new FolderTarget(place.dir)
          : new S3Target({
              ...{ place, clock: system.clock, keys: () => keysOf(config) },
              pace: async (bytes) => {
                onBytes?.(bytes);
                await pace?.(bytes);
              },
            }),
      mustBeAllowed: (folder, own) =>
        mustBeAllowed(folder, own, {
          ...{ dataDir, archiveDir: config.archiveDir, workspaces, roots: config.archiveRoots },
        }),
      removeWorkspace: (key) =>
        removeWorkspace(config, key, (path, err) =>
          log.warn({ path, err }, 'a part of an archived directory could not be removed'),
        ),
      cleansUp: config.archiveAutoCleanup === 'on',
      retentionMs: config.archiveRetentionDays * DAY_MS,
    }),
  };
  return archiver(args);
};

/** Throws `invalid_settings` for a bucket that is not named. */
const placeOf = (config: Config, kind: Place['kind']): Place => {
  const { archiveDir, dataDir, s3Bucket: bucket, s3Region: region, s3Prefix: prefix } = config;
  if (kind === 'folder') return { kind, dir: archiveDir ?? join(dataDir, 'archives') };
  if (bucket === undefined)
    throw new GreenroomError(
      'invalid_settings',
      'AWS_S3_BUCKET is not set: there is no bucket to go to',
    );
  keysOf(config);
  const endpoint = config.s3Endpoint ?? `https://s3.${region}.amazonaws.com`;
  return { kind, endpoint, region, bucket, prefix };
};
