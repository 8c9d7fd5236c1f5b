/** What the daemon says of itself: the parts that people are shown; `--json` gives the whole of it. */
import { ago, bytes, facts, grouped } from './format.ts';

/** All may be missing: the daemon may be of another version. */
export interface DaemonStatus {
  readonly pid?: number | undefined;
  readonly version?: string | undefined;
  readonly startedAt?: string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly broker?: string | undefined;
  readonly http?: string | undefined;
  readonly liveSessions?: number | undefined;
  readonly catalog: { readonly sessions?: number | undefined };
  readonly journal?: StoreStatus | undefined;
  readonly memoryBytes?: number | undefined;
  readonly backup?: BackupStatus | undefined;
  /** Settings with which turns fail, or cost nobody knows what. */
  readonly warnings: readonly string[];
}

/** Of backups of the whole store; absent: there are none. */
export interface BackupStatus {
  readonly status?: string | undefined;
  readonly lastAt?: string | undefined;
  readonly nextAt?: string | undefined;
  readonly error?: string | undefined;
}

export interface StoreStatus {
  readonly kind?: string | undefined;
  readonly path?: string | undefined;
  readonly fileBytes?: number | undefined;
  readonly freeBytes?: number | undefined;
  /** Why new work is refused, if it is. */
  readonly readOnlyBecause?: string | undefined;
  readonly commits?: number | undefined;
  readonly syncs?: number | undefined;
  readonly failedCommits?: number | undefined;
}

/** What of an answer is as it should be; the rest is left out. */
export const daemonStatusIn = (answer: unknown): DaemonStatus => {
  const all = fieldsOf(answer);
  const { backup, catalog, journal, warnings } = all;
  return {
    ...{
      pid: number(all['pid']),
      version: text(all['version']),
      startedAt: text(all['startedAt']),
    },
    ...{ provider: text(all['provider']), model: text(all['model']), broker: text(all['broker']) },
    http: text(all['http']),
    liveSessions: number(all['liveSessions']),
    catalog: { sessions: number(fieldsOf(catalog)['sessions']) },
    journal: isObject(journal) ? storeStatusIn(journal) : undefined,
    memoryBytes: number(all['memoryBytes']),
    backup: isObject(backup) ? backupStatusIn(backup) : undefined,
    warnings: Array.isArray(warnings) ? warnings.flatMap((each) => text(each) ?? []) : [],
  };
};

const backupStatusIn = (backup: object): BackupStatus => {
  const all = fieldsOf(backup);
  return {
    ...{ status: text(all['status']), lastAt: text(all['lastAt']) },
    ...{ nextAt: text(all['nextAt']), error: text(all['error']) },
  };
};

const storeStatusIn = (journal: object): StoreStatus => {
  const all = fieldsOf(journal);
  return {
    ...{ kind: text(all['kind']), path: text(all['path']), fileBytes: number(all['fileBytes']) },
    ...{ freeBytes: number(all['freeBytes']), readOnlyBecause: text(all['readOnlyBecause']) },
    ...{ commits: number(all['commits']), syncs: number(all['syncs']) },
    failedCommits: number(all['failedCommits']),
  };
};

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  isObject(value) ? { ...value } : {};
const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;
const number = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;

export const statusText = (status: DaemonStatus, nowMs: number): string => {
  const { pid, version, startedAt, provider, model, broker, http, journal, memoryBytes } = status;
  const since = startedAt === undefined ? '' : `, started ${ago(startedAt, nowMs)}`;
  return facts({
    daemon: `process ${pid ?? '?'}, version ${version ?? '?'}${since}`,
    provider: model === undefined ? provider : `${provider ?? '?'}, ${model}`,
    broker: broker ?? 'not our own',
    http,
    sessions: `${grouped(status.catalog.sessions ?? 0)} known, ${grouped(status.liveSessions ?? 0)} live`,
    store: journal ? storeText(journal) : 'restarting',
    refuses: journal?.readOnlyBecause ?? undefined,
    memory: memoryBytes === undefined ? undefined : bytes(memoryBytes),
    backup: status.backup && backupText(status.backup, nowMs),
    warning: status.warnings.length > 0 ? status.warnings.join('; ') : undefined,
  });
};

const backupText = ({ lastAt, nextAt, error }: BackupStatus, nowMs: number): string => {
  const last = lastAt === undefined ? 'none yet' : `the last one ${ago(lastAt, nowMs)}`;
  const next = nextAt === undefined ? '' : `, the next one due at ${nextAt}`;
  return `${last}${next}${error === undefined ? '' : `; failed: ${error}`}`;
};

export const storeText = (journal: StoreStatus): string => {
  const { kind = '?', path, fileBytes, freeBytes, commits = 0, syncs = 0 } = journal;
  const place = path ? ` in ${path}` : '';
  const size = typeof fileBytes === 'number' ? `, ${bytes(fileBytes)}` : '';
  const free = typeof freeBytes === 'number' ? `, ${bytes(freeBytes)} free` : '';
  return `${kind}${place}${size}${free}, ${grouped(commits)} commits in ${grouped(syncs)} syncs`;
};
