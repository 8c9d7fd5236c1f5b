/** The stations of a turn: where it was and when, in the words that a trace is told in. */

/** Each with what has happened when a turn is there. */
export const STATIONS = {
  received: 'a gateway got the request',
  handed_over: 'of a queued turn: it was its turn in the queue, and the session was asked',
  asked_again: 'the same turn id was asked once more',
  woken: 'the session was not in memory, and its actor was started',
  accepted: 'the turn is stored',
  started:
    'the turns before it have ended, and it runs; `attempt` counts from 1 and grows with each recovery',
  step_started: 'a thread has the model call; `step` counts from 1',
  first_byte: 'the first part of the answer came; not of a turn that wants no partial messages',
  retried: 'the model call failed, and is made again after `delayMs`',
  step_ended: 'the model call has its outcome',
  committed: "the call's answer is stored",
  finished: 'the turn is over; how, says `outcome`',
  acked: 'of a queued turn: the broker got its acknowledgement, and forgets the turn',
  refused: 'the turn was not accepted; why, says `outcome`',
} as const;
export type Station = keyof typeof STATIONS;

/** These are stored with the session, and known after any restart. */
export const DURABLE_STATIONS: readonly Station[] = [
  'accepted',
  'started',
  'committed',
  'finished',
];

/** A turn at a station. */
export interface StationNote {
  readonly station: Station;
  readonly atMs: number;
  readonly attempt?: number;
  /** The model call, from 1. */
  readonly step?: number;
  /** Number of the thread that runs it. */
  readonly thread?: number;
  readonly via?: string;
  readonly delayMs?: number;
  /** A status, an outcome's kind, or the code of an error. */
  readonly outcome?: string;
}
