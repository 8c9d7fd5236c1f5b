/**
 * Alarms: wakes what is due, by the journal's due index. A turn that waits for its next model call goes on when its
 * time has come, and a tombstone whose time is over goes.
 *
 * 1. It keeps nothing of what is due later: it looks at the first entry of each kind, twice a second or when that one
 *    is due. So a start costs nothing, a restart loses nothing, and a clock that jumps is noticed within a second.
 * 2. Ringing twice does no harm: the session knows whether it waits, and its commit removes the entry.
 * 3. A session that cannot be woken takes one of the places for as long as its request lasts, and is rung again less
 *    and less often; the others are rung on time.
 */
import { z } from 'zod';
import { codeOf } from '../model/errors.ts';
import { keyString, type SessionKey } from '../model/ids.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import { genServer, noreply, protocol } from '../otp/gen-server.ts';
import type { Ref } from '../otp/ref.ts';
import type { Self } from '../otp/self.ts';
import {
  type DueEntry,
  type Journal,
  type JournalUpkeep,
  journalName,
} from '../session/ports/journal.ts';
import { Rung } from './rung.ts';

/** Longest time between two looks. */
const LOOK_MS = 500;
/** Sessions that are rung at a time. */
const AT_ONCE = 64;
/** Deleted sessions whose records go in one go, before tombstones do. */
const PURGE_LIMIT = 100;
/** When a purge that failed is tried again. */
const PURGE_RETRY_MS = 30_000;

export interface AlarmsArgs {
  /** Has a session look whether what it waits for is due; resolves when that is committed. */
  readonly ring: (key: SessionKey) => Promise<void>;
}

const alarmsProtocol = protocol({
  calls: {},
  infos: {
    look: z.void(),
    rung: z.custom<{ readonly entry: DueEntry; readonly error?: unknown }>(),
    purged: z.custom<{ readonly hasMore: boolean; readonly error?: unknown }>(),
  },
});
type Protocol = typeof alarmsProtocol;
type AlarmsSelf = Self<Protocol>;

interface State {
  readonly args: AlarmsArgs;
  readonly ringing: Set<string>;
  readonly rung: Rung;
  isPurging: boolean;
  /** Monotonic; a purge failed, and is not tried again before. */
  purgeFromMs: number;
}

const AlarmsServer = genServer(alarmsProtocol, {
  init: (args: AlarmsArgs, self): State => {
    self.send('look');
    return { args, ringing: new Set(), rung: new Rung(), isPurging: false, purgeFromMs: 0 };
  },

  handleCall: {},

  handleInfo: {
    look: (_, state, self) => {
      self.sendAfter(look(state, self), 'look');
      return noreply(state);
    },
    rung: ({ entry, error }, state, self) => {
      state.ringing.delete(nameOf(entry));
      if (error !== undefined && !state.rung.has(nameOf(entry)))
        report(self, `the ringing of ${keyString(entry.key)}`, error);
      state.rung.note(nameOf(entry), self.system.clock.monotonic());
      look(state, self);
      return noreply(state);
    },
    purged: ({ hasMore, error }, state, self) => {
      state.isPurging = false;
      if (error !== undefined) {
        report(self, 'the end of tombstones', error);
        state.purgeFromMs = self.system.clock.monotonic() + PURGE_RETRY_MS;
      }
      if (hasMore) look(state, self);
      return noreply(state);
    },
  },

  redact: ({ ringing, isPurging }) => ({ ringing: ringing.size, isPurging }),
});

/** An entry that comes again for the same session is another one. */
const nameOf = ({ key, atMs }: DueEntry): string => `${atMs} ${keyString(key)}`;

/** Sets off what is due; in how many milliseconds to look again at the latest. */
const look = (state: State, self: AlarmsSelf): number => {
  const journal = self.system.find(journalName);
  if (journal === undefined) return LOOK_MS;
  try {
    endTombstones(state, self, journal);
    const nextMs = ringDue(state, self, journal);
    return Math.min(LOOK_MS, Math.max(1, nextMs - self.system.clock.now()));
  } catch (error) {
    // For good: a crash would be repeated until the whole tree is gone, and callers would not learn why.
    if (codeOf(error) === 'storage_failed') return LOOK_MS;
    throw error;
  }
};

/** Rings as many as there are places; when the next one that is not due yet will be. */
const ringDue = (state: State, self: AlarmsSelf, journal: Journal): number => {
  const { clock } = self.system;
  const nowMs = clock.now();
  let page = journal.due('retry', { limit: 1 });
  while (page.length > 0) {
    for (const entry of page) {
      if (entry.atMs > nowMs) return entry.atMs;
      if (state.ringing.size >= AT_ONCE) return nowMs + LOOK_MS;
      const name = nameOf(entry);
      if (!state.ringing.has(name) && state.rung.mayRing(name, clock.monotonic()))
        ring(state, self, entry);
    }
    page = journal.due('retry', { limit: AT_ONCE, after: page.at(-1) });
  }
  return nowMs + LOOK_MS;
};

const ring = ({ args, ringing }: State, self: AlarmsSelf, entry: DueEntry): void => {
  ringing.add(nameOf(entry));
  self.pipe(
    args.ring(entry.key),
    () => ['rung', { entry }],
    (error) => ['rung', { entry, error }],
  );
};

/** A purge ends the tombstones that are due, once the records of deleted sessions are gone. */
const endTombstones = (state: State, self: AlarmsSelf, journal: Journal & JournalUpkeep): void => {
  const { clock } = self.system;
  if (state.isPurging || clock.monotonic() < state.purgeFromMs) return;
  const [first] = journal.due('tombstone', { limit: 1 });
  if (first === undefined || first.atMs > clock.now()) return;
  state.isPurging = true;
  self.pipe(
    journal.purge(PURGE_LIMIT),
    ({ purged, left }) => ['purged', { hasMore: left || purged > 0 }],
    (error) => ['purged', { hasMore: false, error }],
  );
};

const report = (self: AlarmsSelf, during: string, error: unknown): void =>
  self.system.report({ kind: 'fault', actor: self.ref.label, during, error });

/** Needs the journal by its name, each time anew: it may have been restarted. */
export const alarms = (args: AlarmsArgs): ChildSpec<Ref<Protocol>> =>
  AlarmsServer.childSpec(args, { id: 'alarms' });
