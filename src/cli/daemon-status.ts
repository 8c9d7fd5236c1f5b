/** What the daemon says of itself: the parts that people are shown; `--json` gives the whole of it. */
import { z } from 'zod';
import { ago, bytes, facts, grouped } from './format.ts';

const count = z.number().optional();

/** All may be missing: the daemon may be of another version. */
export const DaemonStatus = z.looseObject({
  pid: count,
  version: z.string().optional(),
  startedAt: z.string().optional(),
  provider: z.string().optional(),
  model: z.string().optional(),
  broker: z.string().nullish(),
  liveSessions: count,
  liveBytes: count,
  catalog: z.looseObject({ sessions: count, bytes: count }).nullish(),
  journal: z
    .looseObject({
      kind: z.string().optional(),
      path: z.string().nullish(),
      fileBytes: z.number().nullish(),
      freeBytes: z.number().nullish(),
      /** Why new work is refused, if it is. */
      readOnlyBecause: z.string().nullish(),
      commits: count,
      syncs: count,
      failedCommits: count,
    })
    .nullish(),
  memoryBytes: count,
  /** Settings with which turns fail, or cost nobody knows what. */
  warnings: z.array(z.string()).optional(),
});
export type DaemonStatus = z.infer<typeof DaemonStatus>;

export const statusText = (status: DaemonStatus, nowMs: number): string => {
  const { pid, version, startedAt, provider, model, broker, journal, memoryBytes } = status;
  const since = startedAt === undefined ? '' : `, started ${ago(startedAt, nowMs)}`;
  return facts({
    daemon: `process ${pid ?? '?'}, version ${version ?? '?'}${since}`,
    provider: model === undefined ? provider : `${provider ?? '?'}, ${model}`,
    broker: broker ?? 'not our own',
    sessions: `${grouped(status.catalog?.sessions ?? 0)} known, ${grouped(status.liveSessions ?? 0)} live`,
    store: journal ? storeText(journal) : 'restarting',
    refuses: journal?.readOnlyBecause ?? undefined,
    memory: memoryBytes === undefined ? undefined : bytes(memoryBytes),
    warning: status.warnings?.length ? status.warnings.join('; ') : undefined,
  });
};

export const storeText = (journal: NonNullable<DaemonStatus['journal']>): string => {
  const { kind = '?', path, fileBytes, freeBytes, commits = 0, syncs = 0 } = journal;
  const place = path ? ` in ${path}` : '';
  const size = typeof fileBytes === 'number' ? `, ${bytes(fileBytes)}` : '';
  const free = typeof freeBytes === 'number' ? `, ${bytes(freeBytes)} free` : '';
  return `${kind}${place}${size}${free}, ${grouped(commits)} commits in ${grouped(syncs)} syncs`;
};
