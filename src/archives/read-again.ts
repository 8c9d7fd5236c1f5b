/** A byte that turns on its way here is no damage to what is stored: what looks wrong is read once more before it is said. */

/** @returns what the second reading finds wrong where the first finds anything. */
export const readAgain = async (
  faults: () => Promise<readonly string[]>,
): Promise<readonly string[]> => {
  const first = await faults();
  return first.length === 0 ? first : faults();
};
