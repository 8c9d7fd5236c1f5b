/**
 * `openStore(url)`: the classic store that a URL names, ready for use.
 *
 * `lmdb:DIR` and `memory:` are a small tree in this process: the journal, its catalog, and an actor per session. DIR is
 * a data directory as the daemon has it; one process at a time has it open.
 */

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { store as declaration } from '../../supervisors/store.ts';
import { reportLog } from '../app/report-log.ts';
import { runtimeOf } from '../app/runtime.ts';
import type { ClassicStore } from '../classic/classic-store.ts';
import { DEFAULT_MODEL } from '../classic/models.ts';
import {
  checkedCleanup,
  cleanPeriodically,
  type PeriodicCleanup,
} from '../classic/periodic-cleanup.ts';
import { FileSessionStore } from '../classic/stores/file/file-session-store.ts';
import { PostgresSessionStore } from '../classic/stores/postgres/postgres-session-store.ts';
import { RedisSessionStore } from '../classic/stores/redis/redis-session-store.ts';
import { defaultConfig } from '../config/config.ts';
import { GreenroomError } from '../model/errors.ts';
import { Tenant } from '../model/id-schemas.ts';
import type { Clock } from '../otp/clock.ts';
import { type SupervisorRef, startTree } from '../otp/supervisor.ts';
import { System } from '../otp/system.ts';
import { systemClock } from '../otp/system-clock.ts';
import { createLog, type Log } from '../platform/log.ts';
import { Caller } from '../session/actor/caller.ts';
import { embeddedApi } from '../session/api/embedded.ts';
import { Sessions } from '../session/api/sessions.ts';
import { JournalSessionStore } from '../session/classic/journal-session-store.ts';
import { Feed } from '../session/events/feed.ts';
import type { SessionsApi } from '../session/verbs/api.ts';
import { makeDataDir } from '../storage/files/data-dir.ts';
import { StoreLock } from '../storage/files/store-lock.ts';
import type { SyncGate } from '../storage/lmdb/sync-gate.ts';

export interface OpenOptions {
  readonly clock?: Clock;
  /** Cleans up at intervals, by default every 24 hours what is older than 30 days. Without it nothing is deleted by itself. */
  readonly cleanup?: PeriodicCleanup;
  /** Of `lmdb:` and `memory:`. Default: warnings and errors as JSON lines on stderr. */
  readonly log?: Log;
  /** Called when `lmdb:` has failed: every further call gets `storage_failed`, and a new process must open it. */
  readonly onFatal?: (error: Error) => void;
  /** For tests: holds commits of `lmdb:` and `memory:` back. */
  readonly syncGate?: SyncGate;
}

type Opener = (
  rest: string,
  options: OpenOptions,
  url: string,
) => ClassicStore | Promise<ClassicStore>;

const OPENERS: Readonly<Record<string, Opener>> = {
  memory: (_, options) => openTree({ store: 'memory:' }, options),
  lmdb: (path, options) => openTree({ dataDir: folderOf('lmdb', path) }, options),
  file: (path, { clock }) =>
    new FileSessionStore(
      path === '' ? undefined : folderOf('file', path),
      clock === undefined ? {} : { clock },
    ),
  redis: (_, __, url) => new RedisSessionStore(url),
  rediss: (_, __, url) => new RedisSessionStore(url),
  postgres: (_, __, url) => new PostgresSessionStore(url),
  postgresql: (_, __, url) => new PostgresSessionStore(url),
};

/** A store on our journal. */
export interface JournalStore extends ClassicStore {
  /** The verbs on its sessions, as a running Greenroom has them, for what is built on these; there are no turns here. */
  readonly api: Omit<SessionsApi, 'turn'>;
}

/** What a URL opens, as far as the compiler can read it. */
type Opened<Url extends string> = Url extends `lmdb:${string}` | 'memory:'
  ? JournalStore
  : ClassicStore;

/**
 * `lmdb:DIR`, `memory:`, `file:DIR` (`file:` alone is `~/.claude`), `redis://…`, `postgres://…`.
 * Throws `invalid_request` for anything else, `invalid_settings` for a wrong `cleanup`.
 */
export const openStore = async <Url extends string>(
  url: Url,
  options: OpenOptions = {},
): Promise<Opened<Url>> => {
  const { cleanup, clock = systemClock } = options;
  const checked = cleanup && checkedCleanup(cleanup);
  const store = await opened(url, options);
  return (checked === undefined ? store : cleaned(store, checked, clock)) as Opened<Url>;
};

/** The store with a cleanup that ends when it is closed. */
const cleaned = (store: ClassicStore, cleanup: PeriodicCleanup, clock: Clock): ClassicStore => {
  const close = store.close.bind(store);
  const end = cleanPeriodically(store, cleanup, clock);
  return Object.assign(store, { close: () => end().then(close) });
};

const opened = async (url: string, options: OpenOptions): Promise<ClassicStore> => {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(url) ?? [];
  const opener = Object.hasOwn(OPENERS, scheme) ? OPENERS[scheme] : undefined;
  if (opener === undefined)
    throw new GreenroomError(
      'invalid_request',
      `a store is named by a URL that begins with ${Object.keys(OPENERS).join(':, ')}:`,
    );
  return opener(rest, options, url);
};

/** `file:///var/data`, `file:/var/data` and `file:data` alike. */
const folderOf = (scheme: string, path: string): string => {
  if (path.startsWith('//')) return fileURLToPath(`file:${path}`);
  if (path === '')
    throw new GreenroomError(
      'invalid_request',
      `${scheme}: needs a folder, such as ${scheme}:./data`,
    );
  return resolve(path);
};

const openTree = async (
  place: { readonly store: string } | { readonly dataDir: string },
  { clock = systemClock, log = createLog({ level: 'warn' }), onFatal, syncGate }: OpenOptions,
): Promise<JournalStore> => {
  if ('dataDir' in place) mustHaveGateHere(syncGate);
  const own = { provider: 'rehearsal', textSearch: 'off' }; // the daemon's index takes in what was done here
  const config = defaultConfig({ ...place, ...own }, DEFAULT_MODEL);
  const feed = new Feed((error, where) =>
    log.error({ ...where, err: error }, 'a listener of events threw'),
  );
  const system = new System({
    clock,
    onReport: reportLog(log),
  });
  const runtime = runtimeOf(config, feed);
  runtime.activity.isDraining = true; // nobody here runs turns: what a daemon left open stays open
  const sessions = new Sessions(system, runtime);
  const lock = 'dataDir' in place ? await takeLock(place.dataDir, clock) : undefined;
  const testHooks = syncGate === undefined ? {} : { syncGate };
  const tree = declaration({
    ...{ config, log, testHooks, runtime, sessions },
    onFatal: onFatal ?? (() => undefined),
  });
  const root = await startTree(system, tree).catch(async (error: unknown) => {
    await lock?.release();
    throw error;
  });
  const tenant = Tenant.parse('default');
  const classic = new JournalSessionStore({
    ...{ caller: new Caller(system), tenant },
    tombstoneMs: 0,
    onClose: () => stop(system, root, lock),
  });
  const onInternal = (error: unknown, during: string) =>
    system.report({ kind: 'fault', actor: 'store', during, error });
  return Object.assign(classic, { api: embeddedApi(sessions, tenant, { onInternal }) });
};

/** In a thread the writer has a process of its own, which no gate of ours holds. */
const mustHaveGateHere = (gate: SyncGate | undefined): void => {
  if (gate !== undefined && !isMainThread)
    throw new GreenroomError('invalid_request', 'a sync gate is for stores of the main thread');
};

const takeLock = (dataDir: string, clock: Clock): Promise<StoreLock> => {
  makeDataDir(dataDir);
  return StoreLock.take(dataDir, clock.now());
};

const stop = async (system: System, root: SupervisorRef, lock: StoreLock | undefined) => {
  system.exit(root, 'shutdown');
  await root.exited;
  await lock?.release();
};
