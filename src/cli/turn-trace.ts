/** A turn's trace as people read it: what became of it, then its stations with their times. */
import type { StationView, TurnTraceReply } from '../session/verbs/turn-trace.ts';
import { facts, grouped } from './format.ts';
import { type Column, table } from './table.ts';

const COLUMNS: readonly Column[] = [
  { head: 'at' },
  { head: 'after' },
  { head: 'station' },
  { head: 'what', least: 8 },
];

export const traceText = (
  { turn: { turnId, traceId, status, attempt }, stations, omitted }: TurnTraceReply,
  width: number,
): string => {
  const begunMs = Date.parse(stations[0]?.at ?? '');
  const rows = stations.map((view) => [
    timeOf(view.at),
    `${grouped(Date.parse(view.at) - begunMs)} ms`,
    view.station.replaceAll('_', ' '),
    detail(view),
  ]);
  const left = omitted === 0 ? {} : { leftOut: `${grouped(omitted)} stations in the middle` };
  const date = stations[0]?.at.slice(0, 10);
  const head = facts({ turn: turnId, trace: traceId, status, attempt, date, ...left });
  return `${head}\n${table(COLUMNS, rows, width)}`;
};

/** Why there may have been more. */
export const PARTLY_KNOWN =
  'only what is stored is known of an earlier part: the daemon has restarted since, or many turns came after it';

/** Of an RFC 3339 time: the day stands above. */
const timeOf = (at: string): string => at.slice(11);

const detail = ({ attempt, step, thread, via, delayMs, outcome }: StationView): string =>
  [
    via,
    attempt !== undefined && attempt > 1 ? `attempt ${attempt}` : undefined,
    step === undefined ? undefined : `step ${step}`,
    thread === undefined ? undefined : `on thread ${thread}`,
    outcome,
    delayMs === undefined ? undefined : `again in ${grouped(delayMs)} ms`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
