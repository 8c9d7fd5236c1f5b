/**
 * Alarms: wakes what is due, by the journal's due index. A turn that waits for its next model call goes on when its
 * time has come, a tool call that nobody has allowed in time is denied, and a tombstone whose time is over goes.
 *
 * 1. It keeps nothing of what is due later: it looks at the first entry of each kind, twice a second or when that one
 *    is due. So a start costs nothing, a restart loses nothing, and a clock that jumps is noticed within a second.
 * 2. Ringing twice does no harm: the session knows whether it waits, and its commit removes the entry.
 * 3. A session that cannot be woken takes one of the places for as long as its request lasts, and is rung again less
 *    and less often; the others are rung on time.
 */
import { z } from 'zod';
import { RINGING_KINDS, type RingingKind } from '../model/due.ts';
import { codeOf } from '../model/errors.ts';
import { keyString, type SessionKey } from '../model/ids.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import type { Timer } from '../otp/clock.ts';
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
  readonly ring: (key: SessionKey, kind: RingingKind) => Promise<void>;
}

/** What the journal says is due first, each in the order of time. */
interface Seen {
  readonly toRing: readonly (readonly [RingingKind, readonly DueEntry[]])[];
  /** Absent: it was asked for further ones to ring alone. */
  readonly tombstones?: readonly DueEntry[];
  /** When what is not among them is due. */
  readonly nextMs: number;
}

/** An entry that is due. */
interface Ringing {
  readonly kind: RingingKind;
  readonly entry: DueEntry;
}

const alarmsProtocol = protocol({
  calls: {},
  infos: {
    look: z.void(),
    due: z.custom<Seen>(),
    notSeen: z.custom<{ readonly error: unknown }>(),
    rung: z.custom<Ringing & { readonly error?: unknown }>(),
    purged: z.custom<{ readonly hasMore: boolean; readonly error?: unknown }>(),
  },
});
type Protocol = typeof alarmsProtocol;
type AlarmsSelf = Self<Protocol>;

interface State {
  readonly args: AlarmsArgs;
  readonly ringing: Set<string>;
  readonly rung: Rung;
  /** `again`: something has changed since the look that is under way began. */
  look: 'none' | 'under way' | 'again';
  /** The next look. */
  timer: Timer | undefined;
  isPurging: boolean;
  /** Monotonic; a purge failed, and is not tried again before. */
  purgeFromMs: number;
}

const AlarmsServer = genServer(alarmsProtocol, {
  init: (args: AlarmsArgs, self): State => {
    self.send('look');
    return {
      ...{ args, ringing: new Set(), rung: new Rung() },
      ...{ look: 'none', timer: undefined, isPurging: false, purgeFromMs: 0 },
    };
  },

  handleCall: {},

  handleInfo: {
    look: (_, state, self) => {
      look(state, self);
      return noreply(state);
    },
    due: (seen, state, self) => {
      act(state, self, seen);
      return noreply(state);
    },
    notSeen: ({ error }, state, self) => {
      // One that has failed for good too: a crash would be repeated until the whole tree is gone.
      if (!['unavailable', 'storage_failed'].includes(codeOf(error))) throw error;
      lookLater(state, self, LOOK_MS);
      return noreply(state);
    },
    rung: ({ error, ...rung }, state, self) => {
      const name = nameOf(rung);
      state.ringing.delete(name);
      if (error !== undefined && !state.rung.has(name))
        report(self, `the ringing of ${keyString(rung.entry.key)}`, error);
      state.rung.note(name, self.system.clock.monotonic());
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
const nameOf = ({ kind, entry: { key, atMs } }: Ringing): string =>
  `${kind} ${atMs} ${keyString(key)}`;

/** Reads what is due first. One look at a time; what it is for is done with `act`. */
const look = (state: State, self: AlarmsSelf): void => {
  const journal = self.system.find(journalName);
  if (state.look !== 'none') state.look = 'again';
  else if (journal === undefined) lookLater(state, self, LOOK_MS);
  else {
    state.look = 'under way';
    see(self, firstOf(journal));
  }
};

const firstOf = async (journal: Journal): Promise<Seen> => {
  const [tombstones, toRing] = await Promise.all([
    journal.due('tombstone', { limit: 1 }),
    Promise.all(
      RINGING_KINDS.map(async (kind) => [kind, await journal.due(kind, { limit: 1 })] as const),
    ),
  ]);
  return { tombstones, toRing, nextMs: Number.POSITIVE_INFINITY };
};

const see = (self: AlarmsSelf, seen: Promise<Seen>): void =>
  self.pipe(
    seen,
    (due) => ['due', due],
    (error) => ['notSeen', { error }],
  );

/** The look is over: the next one is then, unless something has changed meanwhile. */
const lookLater = (state: State, self: AlarmsSelf, delayMs: number): void => {
  const isDue = state.look === 'again';
  state.look = 'none';
  if (isDue) return look(state, self);
  state.timer?.cancel();
  state.timer = self.sendAfter(Math.min(LOOK_MS, Math.max(1, delayMs)), 'look');
};

/** Sets off what is due, and looks at what comes behind it while there are places. */
const act = (state: State, self: AlarmsSelf, { tombstones, toRing, nextMs }: Seen): void => {
  const journal = self.system.find(journalName);
  if (journal === undefined) return lookLater(state, self, LOOK_MS);
  if (tombstones !== undefined) endTombstones(state, self, journal, tombstones);
  let next = nextMs;
  const further: Promise<readonly [RingingKind, readonly DueEntry[]]>[] = [];
  for (const [kind, page] of toRing) {
    const dueMs = ringDue(state, self, kind, page);
    if (dueMs !== undefined) next = Math.min(next, dueMs);
    else further.push(behind(journal, kind, page.at(-1)));
  }
  if (further.length === 0) return lookLater(state, self, next - self.system.clock.now());
  see(
    self,
    Promise.all(further).then((pages) => ({ toRing: pages, nextMs: next })),
  );
};

const behind = async (journal: Journal, kind: RingingKind, after: DueEntry | undefined) =>
  [kind, await journal.due(kind, { limit: AT_ONCE, after })] as const;

/** Rings as many as there are places; when to look again, or undefined: at once, behind these. */
const ringDue = (
  state: State,
  self: AlarmsSelf,
  kind: RingingKind,
  page: readonly DueEntry[],
): number | undefined => {
  const { clock } = self.system;
  const nowMs = clock.now();
  for (const entry of page) {
    if (entry.atMs > nowMs) return entry.atMs;
    if (state.ringing.size >= AT_ONCE) return nowMs + LOOK_MS;
    const name = nameOf({ kind, entry });
    if (!state.ringing.has(name) && state.rung.mayRing(name, clock.monotonic()))
      ring(state, self, { kind, entry });
  }
  return page.length === 0 ? nowMs + LOOK_MS : undefined;
};

const ring = ({ args, ringing }: State, self: AlarmsSelf, due: Ringing): void => {
  ringing.add(nameOf(due));
  self.pipe(
    args.ring(due.entry.key, due.kind),
    () => ['rung', due],
    (error) => ['rung', { ...due, error }],
  );
};

/** A purge ends the tombstones that are due, once the records of deleted sessions are gone. */
const endTombstones = (
  state: State,
  self: AlarmsSelf,
  journal: JournalUpkeep,
  [first]: readonly DueEntry[],
): void => {
  const { clock } = self.system;
  if (state.isPurging || clock.monotonic() < state.purgeFromMs) return;
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
