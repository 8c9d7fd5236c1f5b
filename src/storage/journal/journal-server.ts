/**
 * The journal as an actor: it opens the store, registers the journal under `journalName`, and looks
 * after the store in between (free space, slots of dead readers). Commits and reads do not pass its
 * mailbox; they go to the registered value, in the tick in which they are made.
 *
 * 1. When it dies, however, the value that others still hold is fenced: commits and reads on it fail
 *    with `unavailable`, and nobody finds it any more. The restarted actor waits until the store is let go
 *    of and opens it anew, under the next epoch.
 * 2. When the store fails it does not restart: `onFatal` ends the process, because LMDB must not be
 *    touched again and only a fresh process can say what is on disk.
 */
import { z } from 'zod';
import type { SessionKey } from '../../model/ids.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { genServer, noreply, protocol, reply } from '../../otp/gen-server.ts';
import type { Name } from '../../otp/name.ts';
import type { Ref } from '../../otp/ref.ts';
import type { Report } from '../../otp/report.ts';
import { type JournalInfo, journalName } from '../../session/ports/journal.ts';
import type { DataFileState } from '../files/data-file.ts';
import { LmdbStore } from '../lmdb/lmdb-store.ts';
import type { SyncGate } from '../lmdb/sync-gate.ts';
import { FREE_SPACE_INTERVAL_MS, READER_CHECK_INTERVAL_MS } from '../records/limits.ts';
import { walkBeside } from '../verify/walk-beside.ts';
import { FreeSpace } from './free-space.ts';
import { StoredJournal } from './stored-journal.ts';

/** Commits under way are waited for when the journal stops: as long as one may take, and a little. */
const SHUTDOWN_MS = 15_000;

export interface JournalServerArgs {
  /** The store's directory; made if it is missing. */
  readonly dir: string;
  /** Free bytes below which nothing is added; default 256 MiB. */
  readonly minFreeBytes?: number;
  /** Longest wait of a commit, default 10,000. */
  readonly commitTimeoutMs?: number;
  /** The store has failed for good: the process should end, with a code of its own. */
  readonly onFatal: (error: Error) => void;
  /** Told when free space falls below the watermark, and when there is room again. */
  readonly onSpace?: (isLow: boolean, freeBytes: number) => void;
  /** Told what a walk over the pages beside the work has found. */
  readonly onWalked?: (state: DataFileState) => void;
  /** See `JournalOptions`. */
  readonly removeFolders?: (key: SessionKey) => Promise<void>;
  /** Told of a subscriber that throws. */
  readonly onListenerError?: (error: unknown) => void;
  /** Told of a broken record that was passed over. Default: a report of the system. */
  readonly onCorrupt?: (error: Error) => void;
  /** For tests: holds commits back. */
  readonly gate?: SyncGate;
}

interface State {
  readonly store: LmdbStore;
  readonly journal: StoredJournal;
  readonly space: FreeSpace;
  readonly isLow: boolean;
  readonly onSpace: (isLow: boolean, freeBytes: number) => void;
}

export const journalProtocol = protocol({
  calls: { info: { request: z.void(), reply: z.custom<JournalInfo>() } },
  infos: { checkReaders: z.void(), lookAtSpace: z.void() },
});
type Protocol = typeof journalProtocol;

const JournalServer = genServer(journalProtocol, {
  init: async (args: JournalServerArgs, self): Promise<State> => {
    const { clock } = self.system;
    const store = await LmdbStore.open({ dir: args.dir, nowMs: clock.now(), gate: args.gate });
    const { minFreeBytes, onSpace = () => undefined, ...options } = args;
    const space = new FreeSpace(args.dir, minFreeBytes === undefined ? {} : { minFreeBytes });
    const onCorrupt = (error: Error) => self.system.report(passedOver(error));
    const journal = new StoredJournal(store, { onCorrupt, ...options, clock, space });
    self.own(async () => {
      self.unregister(journalName as Name<unknown>); // letting go may take seconds: nobody should find it meanwhile
      journal.fence('the journal restarts');
      await store.close();
    });
    self.register(journalName, journal);
    if (store.isUnfinished) self.own(walk(journal, args));
    self.sendEvery(READER_CHECK_INTERVAL_MS, 'checkReaders');
    self.sendEvery(FREE_SPACE_INTERVAL_MS, 'lookAtSpace');
    return toldOfSpace({ store, journal, space, isLow: false, onSpace });
  },

  handleCall: { info: (_, state) => reply(state.journal.info(), state) },

  handleInfo: {
    checkReaders: (_, state) => {
      if (!state.journal.hasStopped) state.store.checkReaders();
      return noreply(state);
    },
    lookAtSpace: (_, state) => {
      if (!state.journal.hasStopped && !state.store.isInPlace())
        state.journal.failFor(new Error(`its files in ${state.store.path} were taken away`));
      void state.space.refresh();
      return noreply(toldOfSpace(state));
    },
  },

  terminate: (_, { journal }) => journal.idle(),

  redact: ({ journal }) => ({ ...journal.info(), ...journal.stats() }), // the rest is the users' own
});

/** The pages that nobody has looked at: a fault there stops the journal, as one that is found at the start. */
const walk = (
  journal: StoredJournal,
  { dir, onWalked = () => undefined }: JournalServerArgs,
): (() => void) => {
  const end = new AbortController();
  walkBeside(dir, end.signal).then(
    (state) => {
      if (end.signal.aborted) return;
      onWalked(state);
      if (state.kind === 'broken') journal.failFor(new Error(`its data file ${state.why}`));
    },
    (error: unknown) => {
      if (!end.signal.aborted) onWalked({ kind: 'doubtful', why: String(error) });
    },
  );
  return () => end.abort();
};

const toldOfSpace = (state: State): State => {
  const { space, onSpace } = state;
  const isLow = space.isLow(0, 0);
  if (isLow !== state.isLow) onSpace(isLow, space.freeBytes);
  return { ...state, isLow };
};

const passedOver = (error: Error): Report => ({
  kind: 'fault',
  actor: 'journal',
  during: 'the scan of the catalog rows',
  error,
});

/** Has started when the store is open and owned. */
export const journalServer = (args: JournalServerArgs): ChildSpec<Ref<Protocol>> =>
  JournalServer.childSpec(args, { id: 'journal', shutdownMs: SHUTDOWN_MS });
