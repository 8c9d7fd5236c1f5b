/**
 * How a catalog is filled: from its snapshot and what the journal says has changed since; without a snapshot that is of
 * this journal, from all its rows. Both end with the same catalog.
 */
import type { Journal, JournalInfo } from '../../session/ports/journal.ts';
import { MemoryCatalog } from './catalog.ts';
import { CatalogFeed } from './catalog-feed.ts';
import { readSnapshot, removeSnapshot } from './snapshot-file.ts';

/** Sessions that are read anew between two turns of the loop: some milliseconds. */
const SLICE = 100;

export interface Source extends Pick<Journal, 'scanRows' | 'row' | 'changedSince'> {
  info(): Pick<JournalInfo, 'storeId'>;
}

export interface FillNotices {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface FillOptions {
  /** The snapshot's file. */
  readonly snapshot: string | undefined;
  readonly notices: FillNotices | undefined;
  readonly nowMs: () => number;
  readonly onFault: (error: unknown) => void;
  readonly pause: () => Promise<void>;
  /** Has commits told to the feed from now on, until the returned function is called. */
  readonly follow: (feed: CatalogFeed) => () => void;
}

export const fillCatalog = async (
  journal: Source,
  options: FillOptions,
): Promise<MemoryCatalog> => {
  const startMs = options.nowMs();
  const { pause, onFault } = options;
  const loaded = await loadSnapshot(journal, options);
  if (typeof loaded === 'object') {
    const { catalog, changed } = loaded;
    told(options, startMs, catalog, { from: 'snapshot', changed });
    return catalog;
  }
  if (loaded !== undefined) discard(options, loaded);
  const catalog = new MemoryCatalog(onFault, { isLoading: true, pause });
  const feed = new CatalogFeed(catalog);
  options.follow(feed);
  await journal.scanRows((row) => feed.scanned(row));
  feed.scanEnded();
  told(options, startMs, catalog, { from: 'rows' });
  return catalog;
};

/** Whoever writes the next one is not to start from it. */
const discard = ({ snapshot, notices }: FillOptions, why: string): void => {
  notices?.warn(
    { snapshot, why },
    `the snapshot of the catalog is of no use: ${why}; it is removed, and the catalog is built from the journal`,
  );
  try {
    if (snapshot !== undefined) removeSnapshot(snapshot);
  } catch (error) {
    notices?.warn({ err: error }, 'the snapshot of the catalog cannot be removed');
  }
};

const told = (
  { notices, nowMs }: FillOptions,
  startMs: number,
  catalog: MemoryCatalog,
  fields: object,
): void => {
  const tookMs = Math.round(nowMs() - startMs);
  const { sessions, bytes } = catalog.stats();
  if (sessions === 0) return; // nothing that an operator would look for
  notices?.info({ ...fields, sessions, bytes, tookMs }, 'the catalog is filled');
};

export type LoadOptions = Pick<FillOptions, 'snapshot' | 'onFault' | 'pause' | 'follow'>;

/** The catalog as a start makes it from its snapshot; in words why it cannot be; undefined: there is none. */
export const loadSnapshot = async (
  journal: Omit<Source, 'scanRows'>,
  { snapshot: path, onFault, pause, follow }: LoadOptions,
): Promise<{ readonly catalog: MemoryCatalog; readonly changed: number } | string | undefined> => {
  if (path === undefined) return undefined;
  const snapshot = await readSnapshot(path);
  if (snapshot.kind === 'absent') return undefined;
  if (snapshot.kind === 'unusable') return snapshot.why;
  const { header, from } = snapshot;
  if (header.storeId !== journal.info().storeId) return 'it is of another store';
  const catalog = new MemoryCatalog(onFault, { pause });
  try {
    catalog.load(from);
  } catch (error) {
    return (error as Error).message;
  }
  const feed = new CatalogFeed(catalog);
  const unfollow = follow(feed);
  const changed = await journal.changedSince(header.mark);
  if (changed === undefined) {
    unfollow();
    return 'the journal does not know what has changed since it was written';
  }
  for (const [n, key] of changed.entries()) {
    const row = journal.row(key);
    if (row === undefined) feed.gone(key);
    else feed.scanned(row);
    if (n % SLICE === SLICE - 1) await pause();
  }
  feed.scanEnded();
  return { catalog, changed: changed.length };
};
