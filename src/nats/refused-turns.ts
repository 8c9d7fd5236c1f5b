/** Turns of the queue that were refused, as the broker keeps them: `<PREFIX>_DEAD`, read from its end. */
import { type MsgRequest, type NatsConnection, NatsError, type StoredMsg } from 'nats';
import { TURN_ID_HEADER } from '../gateway/headers.ts';
import type { RefusedTurnFacts } from '../session/ports/refused-turns.ts';
import type { Subjects } from './subjects.ts';
import { ERROR_CODE_HEADER, ERROR_TEXT_HEADER } from './wire.ts';

export interface RefusedTurn extends RefusedTurnFacts {
  /** The request as it came; empty where it was too large to be kept. */
  readonly request: string;
}

export interface WantedRefusals {
  readonly tenant: string;
  readonly sessionId?: string | undefined;
  readonly limit: number;
  /** How far back, in messages of the stream, those of other tenants and sessions among them; default 5,000. */
  readonly looks?: number;
}

const MAX_LOOKS = 5_000;

/** Newest first. Empty where there is no such stream: then nothing was ever refused. */
export const refusedTurns = async (
  nc: NatsConnection,
  subjects: Subjects,
  { tenant, sessionId, limit, looks = MAX_LOOKS }: WantedRefusals,
): Promise<readonly RefusedTurn[]> => {
  const jsm = await nc.jetstreamManager({ checkAPI: false });
  const { deadStream } = subjects;
  const state = await orNothing(jsm.streams.info(deadStream).then((info) => info.state));
  if (state === undefined) return [];
  const ofTenant = subjects.dead(tenant, '');
  const next_by_subj = sessionId === undefined ? `${ofTenant}>` : subjects.dead(tenant, sessionId);
  /** The broker itself passes over what is not wanted. */
  const nextFrom = (seq: number) =>
    orNothing(jsm.streams.getMessage(deadStream, { seq, next_by_subj } as unknown as MsgRequest));
  const least = Math.max(state.first_seq, state.last_seq - looks + 1, 1);
  const found: RefusedTurn[] = [];
  let [end, size] = [state.last_seq, limit];
  // It finds forwards alone: parts from the end on, each twice as long as the one before, are read from their beginnings.
  while (end >= least && found.length < limit) {
    const start = Math.max(least, end - size + 1);
    const part = await within(nextFrom, start, end);
    found.push(...part.toReversed().map((stored) => refusalOf(stored, ofTenant.length)));
    [end, size] = [start - 1, size * 2];
  }
  return found.slice(0, limit);
};

const within = async (
  nextFrom: (seq: number) => Promise<StoredMsg | undefined>,
  start: number,
  end: number,
): Promise<readonly StoredMsg[]> => {
  const found: StoredMsg[] = [];
  for (let seq = start; seq <= end; ) {
    const stored = await nextFrom(seq);
    if (stored === undefined || stored.seq > end) break;
    found.push(stored);
    seq = stored.seq + 1;
  }
  return found;
};

const refusalOf = (stored: StoredMsg, at: number): RefusedTurn => ({
  sessionId: stored.subject.slice(at),
  turnId: stored.header.get(TURN_ID_HEADER),
  refusedAt: stored.time.toISOString(),
  code: stored.header.get(ERROR_CODE_HEADER),
  message: stored.header.get(ERROR_TEXT_HEADER),
  request: Buffer.from(stored.data).toString(),
});

/** Neither a message nor a stream of that name: the broker says 404. */
const orNothing = async <T>(asked: Promise<T>): Promise<T | undefined> => {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === 404) return undefined;
    throw error;
  }
};
