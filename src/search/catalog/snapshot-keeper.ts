/**
 * Keeps the snapshot of the catalog: has it written anew, by a process beside this one, when much has changed since, and
 * soon when a session was deleted, of which it still has the title and the tags. Between two of them it costs nothing
 * but a count.
 *
 * 1. A small catalog has no snapshot: reading its rows takes no longer.
 * 2. A snapshot that has a deleted session's words and cannot be written anew is removed.
 * 3. When the journal's list of changes is not needed any more, it is cut.
 */
import { z } from 'zod';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { genServer, IGNORE, noreply, protocol } from '../../otp/gen-server.ts';
import type { Ref } from '../../otp/ref.ts';
import type { Self } from '../../otp/self.ts';
import { catalogName } from '../../session/ports/catalog.ts';
import {
  type ChangeMark,
  type JournalUpkeep,
  journalName,
  type SessionChange,
} from '../../session/ports/journal.ts';
import type { FillNotices } from './fill-catalog.ts';
import { readHeader, removeSnapshot } from './snapshot-file.ts';

const LOOK_MS = 10_000;
/** Smaller catalogs are read from their rows, in about 0.2 s. */
export const SNAPSHOT_SESSIONS = 20_000;
/** Commits since the last snapshot after which another one is written: a start reads their sessions, in some 0.2 s. */
export const SNAPSHOT_COMMITS = 10_000;
/** Commits of a small catalog after which the list of changes is cut. */
const CUT_COMMITS = 1_000;
/** How long a deleted session's words may stay in the file before it is written anew. */
export const SNAPSHOT_ERASE_MS = 300_000;
/** Between two snapshots, and after one that failed; and so many times as long as one takes. */
const REST_MS = 60_000;
const REST_FACTOR = 10;
/** When it ends: as long as one may take then; a moment more is for the end of its process. */
const LAST_MS = 10_000;
const SHUTDOWN_MS = 15_000;

export interface SnapshotWritten {
  readonly mark: ChangeMark;
  readonly sessions: number;
  readonly bytes: number;
}

export interface SnapshotArgs {
  /** undefined: this journal ends with its process, and the keeper is ignored. */
  readonly path: string | undefined;
  /** Writes the snapshot, beside; resolves when it is on disk. Rejects soon when it is aborted. */
  readonly write: (signal: AbortSignal) => Promise<SnapshotWritten>;
  readonly notices: FillNotices;
  /** Default `SNAPSHOT_SESSIONS`. */
  readonly minSessions?: number;
}

interface State {
  readonly args: SnapshotArgs & { readonly path: string };
  /** Of the file that is there; undefined: none that is of any use. */
  mark: ChangeMark | undefined;
  commits: number;
  /** Monotonic: when the first session was deleted that the file may have. */
  deletedAtMs: number | undefined;
  /** Monotonic: not before. */
  restUntilMs: number;
  writing: { readonly done: Promise<void>; readonly end: AbortController } | undefined;
  /** It is small, and its file was removed. */
  isWithout: boolean;
}

const snapshotProtocol = protocol({ calls: {}, infos: { look: z.void() } });
type Protocol = typeof snapshotProtocol;

const SnapshotKeeper = genServer(snapshotProtocol, {
  init: async ({ path, ...others }: SnapshotArgs, self): Promise<State | typeof IGNORE> => {
    if (path === undefined) return IGNORE;
    const args = { ...others, path };
    const journal = self.system.fetch(journalName);
    const state: State = {
      ...{ args, mark: undefined, commits: 0, deletedAtMs: undefined },
      ...{ restUntilMs: 0, writing: undefined, isWithout: false },
    };
    self.own(journal.subscribe((changes) => count(state, changes, self.system.clock.monotonic())));
    await find(state, self);
    self.sendEvery(LOOK_MS, 'look');
    return state;
  },

  handleCall: {},

  handleInfo: {
    look: (_, state, self) => {
      look(state, self);
      return noreply(state);
    },
  },

  /** Also at an end, so that the next start has little to read; not the first one, which takes longer. */
  terminate: async (_, state, self) => {
    state.writing?.end.abort();
    await state.writing?.done;
    const isOld = state.commits >= SNAPSHOT_COMMITS || state.deletedAtMs !== undefined;
    if (!isOld || state.mark === undefined || !isLarge(state, self)) return;
    const end = new AbortController();
    const timer = self.system.clock.setTimeout(() => end.abort(), LAST_MS);
    await write(state, self, end.signal);
    timer.cancel();
  },

  redact: ({ mark, commits }) => ({ mark, commits }),
});

const count = (state: State, changes: readonly SessionChange[], nowMs: number): void => {
  state.commits += changes.length;
  for (const { kind } of changes) if (kind === 'delete') state.deletedAtMs ??= nowMs;
};

/** What the file that is there is worth. One that is broken has been removed by the catalog. */
const find = async (state: State, { system }: Self<Protocol>): Promise<void> => {
  const journal = system.fetch(journalName);
  const header = await readHeader(state.args.path);
  if (header?.storeId !== journal.info().storeId) return;
  const changed = await journal.changedSince(header.mark);
  if (changed === undefined) return;
  state.mark = header.mark;
  state.commits += changed.length;
  const catalog = system.find(catalogName);
  if (changed.some(({ tenant, sessionId }) => catalog?.find(tenant, sessionId) === undefined))
    state.deletedAtMs ??= system.clock.monotonic();
};

const look = (state: State, self: Self<Protocol>): void => {
  if (state.writing !== undefined) return;
  const { clock } = self.system;
  const journal = self.system.fetch(journalName);
  if (!isLarge(state, self)) {
    return withoutSnapshot(state, journal);
  }
  if (state.mark !== undefined) journal.forgetChanges(state.mark);
  const nowMs = clock.monotonic();
  if (nowMs >= state.restUntilMs && isDue(state, nowMs)) begin(state, self);
};

const begin = (state: State, self: Self<Protocol>): void => {
  const end = new AbortController();
  const done = write(state, self, end.signal).finally(() => {
    state.writing = undefined;
  });
  state.writing = { done, end };
};

const withoutSnapshot = (state: State, journal: JournalUpkeep): void => {
  if (!state.isWithout) removeSnapshot(state.args.path);
  state.isWithout = true;
  state.mark = undefined;
  const end = journal.changeMark();
  if (end === undefined || state.commits < CUT_COMMITS) return;
  journal.forgetChanges(end);
  state.commits = 0;
};

const isLarge = ({ args }: State, { system }: Self<Protocol>): boolean => {
  const sessions = system.find(catalogName)?.stats().sessions ?? 0;
  return sessions >= (args.minSessions ?? SNAPSHOT_SESSIONS);
};

const isDue = ({ mark, commits, deletedAtMs }: State, nowMs: number): boolean =>
  mark === undefined ||
  commits >= SNAPSHOT_COMMITS ||
  (deletedAtMs !== undefined && nowMs - deletedAtMs >= SNAPSHOT_ERASE_MS);

/** Never rejects. */
const write = async (
  state: State,
  { system }: Self<Protocol>,
  signal: AbortSignal,
): Promise<void> => {
  const { clock } = system;
  const { args, commits, deletedAtMs } = state;
  const startMs = clock.monotonic();
  state.isWithout = false;
  state.commits = 0;
  state.deletedAtMs = undefined;
  try {
    const { mark, sessions, bytes } = await args.write(signal);
    const tookMs = clock.monotonic() - startMs;
    state.mark = mark;
    state.restUntilMs = clock.monotonic() + Math.max(REST_MS, REST_FACTOR * tookMs);
    const fields = { sessions, bytes, tookMs: Math.round(tookMs) };
    args.notices.info(fields, 'the snapshot of the catalog is written');
  } catch (error) {
    state.commits += commits;
    state.deletedAtMs = deletedAtMs;
    state.restUntilMs = clock.monotonic() + REST_MS;
    args.notices.warn({ err: error }, 'the snapshot of the catalog was not written');
    if (deletedAtMs === undefined || signal.aborted) return;
    removeSnapshot(args.path); // it has words of a session that is deleted
    state.mark = undefined;
    state.deletedAtMs = undefined;
  }
};

/** Needs the journal and the catalog. */
export const snapshotKeeper = (args: SnapshotArgs): ChildSpec<Ref<Protocol>> =>
  SnapshotKeeper.childSpec(args, { id: 'snapshot', shutdownMs: SHUTDOWN_MS });
