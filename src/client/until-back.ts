/** A request that waits for something to happen, over a connection that goes and comes: its answer may be lost meanwhile. */
import { GreenroomError } from '../model/errors.ts';
import type { Connection } from './connection.ts';

/** Rejects with `unavailable` once the connection or the daemon is back: whoever asks again has it at once. */
export const untilBack = async <T>(connection: Connection, answer: Promise<T>): Promise<T> => {
  answer.catch(() => undefined); // of a request that was given up
  let stop = (): void => undefined;
  const back = new Promise<never>((_, reject) => {
    stop = connection.onChange((change) => {
      if (change === 'back')
        reject(new GreenroomError('unavailable', 'the connection was lost meanwhile: ask again'));
    });
  });
  back.catch(() => undefined); // of a request that was answered
  try {
    return await Promise.race([answer, back]);
  } finally {
    stop();
  }
};
