/** Turns of the queue that were refused, as the broker keeps them: `<PREFIX>_DEAD`, read from its end. */
import { type NatsConnection, NatsError, type StoredMsg } from 'nats';
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
  /** Messages that are looked at, those of other tenants and sessions among them; default 5,000. */
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
  const found: RefusedTurn[] = [];
  const state = await orNothing(jsm.streams.info(deadStream).then((info) => info.state));
  if (state === undefined) return found;
  const wanted = subjects.dead(tenant, sessionId ?? '');
  const least = Math.max(state.first_seq, state.last_seq - looks + 1, 1);
  for (let seq = state.last_seq; seq >= least && found.length < limit; seq -= 1) {
    const stored = await orNothing(jsm.streams.getMessage(deadStream, { seq }));
    if (stored === undefined) continue; // it was taken away
    const isWanted =
      sessionId === undefined ? stored.subject.startsWith(wanted) : stored.subject === wanted;
    if (isWanted) found.push(refusalOf(stored, subjects.dead(tenant, '').length));
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
