/**
 * The trace of one turn: the stations that this process has seen, and before them those that are stored with the
 * session. So a trace exists after any restart, with fewer stations.
 */
import { z } from 'zod';
import { iso } from '../../model/moment.ts';
import { STATIONS, type Station, type StationNote } from '../../model/station.ts';
import type { TurnRecord } from '../../model/turn.ts';
import type { Trail } from '../events/turn-trails.ts';
import type { SessionReader } from '../ports/journal.ts';
import { readPage } from '../ports/pages.ts';
import { TurnView } from './reply-schemas.ts';
import { turnView } from './views.ts';

const number = z.int().min(0);

const StationView = z.strictObject({
  station: z.enum(Object.keys(STATIONS) as Station[]),
  at: z.iso.datetime(),
  attempt: number.exactOptional(),
  /** The model call, from 1. */
  step: number.exactOptional(),
  /** Number of the thread that ran the call. */
  thread: number.exactOptional(),
  /** The gateway that it came in by. */
  via: z.string().exactOptional(),
  delayMs: z.number().min(0).exactOptional(),
  /** A status, an outcome's kind, or the code of an error. */
  outcome: z.string().exactOptional(),
});
/** Where a turn was, and when. */
export type StationView = Readonly<z.output<typeof StationView>>;

export const TurnTraceReply = z.strictObject({
  turn: TurnView,
  /** In their order. */
  stations: z.array(StationView),
  /**
   * false: only what is stored is known of an earlier part, because the daemon has restarted since, or the turn is
   * not among the last ones.
   */
  isWhole: z.boolean(),
  /** Stations that were left out in the middle. */
  omitted: number,
});
export type TurnTraceReply = Readonly<z.output<typeof TurnTraceReply>>;

/** Entries of a turn that are looked through for its answers; fewer where they are large. */
const MAX_ENTRIES = 1_000;

export const traceOf = async (
  session: SessionReader,
  turn: TurnRecord,
  trail: Trail | undefined,
): Promise<TurnTraceReply> => {
  const seen = trail?.notes ?? [];
  const isWhole = trail?.hasBeginning === true && trail.omitted === 0;
  const notes = isWhole ? seen : merged(await stored(session, turn), seen);
  return {
    turn: turnView(turn),
    stations: notes.map(stationView),
    isWhole,
    omitted: trail?.omitted ?? 0,
  };
};

const stationView = ({ station, atMs, ...more }: StationNote): StationView => ({
  station,
  at: iso(atMs),
  ...more,
});

/** What is stored and was not seen goes where its time puts it, before what was seen in the same millisecond. */
const merged = (
  stored: readonly StationNote[],
  seen: readonly StationNote[],
): readonly StationNote[] => {
  const isSeen = ({ station, step, attempt }: StationNote) =>
    seen.some((note) => note.station === station && note.step === step && note.attempt === attempt);
  const unseen = stored.filter((note) => !isSeen(note));
  return [...unseen, ...seen].sort((a, b) => a.atMs - b.atMs);
};

const stored = async (session: SessionReader, turn: TurnRecord): Promise<StationNote[]> => [
  ...(turn.seq === 0 ? [] : [{ station: 'accepted', atMs: turn.acceptedAtMs } as const]),
  ...(turn.startedAtMs === undefined
    ? []
    : [{ station: 'started', atMs: turn.startedAtMs, attempt: 1 } as const]),
  ...(await answers(session, turn)),
  ...('finishedAtMs' in turn
    ? [{ station: 'finished', atMs: turn.finishedAtMs, outcome: turn.status } as const]
    : []),
];

/** Of each answer of the turn in the transcript: when it was stored. */
const answers = async (session: SessionReader, turn: TurnRecord): Promise<StationNote[]> => {
  if (turn.steps === 0) return [];
  const range = { subpath: '', from: turn.seq, to: turn.lastSeq, limit: MAX_ENTRIES };
  const entries = await readPage(session, range);
  return entries
    .filter(
      (entry) =>
        entry.kind === 'message' &&
        entry.role === 'assistant' &&
        entry.turnId === turn.turnId &&
        entry.model !== undefined,
    )
    .map(({ atMs }, at) => ({ station: 'committed', atMs, step: at + 1 }));
};
