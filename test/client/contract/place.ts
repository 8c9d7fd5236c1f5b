/** Where a case of the contract runs: one door, and names that no other case has. */
import type { GreenroomApi, WireEvent } from '../../../src/index.ts';
import { until } from '../../support/until.ts';
import type { Stage } from './doors.ts';

export interface Place {
  readonly greenroom: GreenroomApi;
  readonly stage: Stage;
  /** A session id that no other case and no other door has. */
  id(word: string): string;
}

export const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

/** A turn that has begun and is held in the middle of its answer. */
export const begun = async (
  { greenroom, stage }: Pick<Place, 'greenroom' | 'stage'>,
  sessionId: string,
) => {
  const turn = greenroom.turn(sessionId, `hold ${sessionId}`);
  const events: WireEvent[] = [];
  const done = (async () => {
    for await (const event of turn) events.push(event);
  })();
  done.catch(() => undefined);
  await until(() => events.some(({ type }) => type === 'delta'));
  return { turn, events, done, open: () => stage.gate(sessionId).open() };
};
