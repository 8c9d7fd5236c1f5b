/** A byte that turns on its way here is no damage to what is stored: what looks damaged is read once more before it is said to be. */
import { codeOf, type ErrorCode } from '../../model/errors.ts';

/** What was read, and is not as it was put. */
const DAMAGED: readonly ErrorCode[] = ['corrupt_record', 'serialization_failed'];

/** Rejects where it is damaged the second time too, or for any other reason the first time. */
export const readAgain = <T>(read: () => Promise<T>): Promise<T> =>
  read().catch((error: unknown) => {
    if (!DAMAGED.includes(codeOf(error))) throw error;
    return read();
  });

/** @returns what the second reading finds wrong where the first finds anything. */
export const faultsAgain = async (
  faults: () => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  const first = await faults();
  return first.length === 0 ? first : faults();
};
