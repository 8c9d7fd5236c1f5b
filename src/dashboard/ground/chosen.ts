/**
 * Which one of a list is chosen, by its name and not by its place: lists change while they are looked at, and a key must
 * meet what was marked when it was pressed, or nothing.
 */

/** The one so many steps further; the first, where none is chosen or the chosen one has gone. */
export const steppedFrom = (
  names: readonly string[],
  chosen: string | undefined,
  by: number,
): string | undefined => {
  const at = chosen === undefined ? -1 : names.indexOf(chosen);
  return at === -1 ? names[0] : names[Math.min(names.length - 1, Math.max(0, at + by))];
};

/** The first to begin with. Where the chosen one has gone, none takes its place: nobody has looked at the next one. */
export const chosenOf = (
  names: readonly string[],
  chosen: string | undefined,
): string | undefined => (chosen === undefined || names.length === 0 ? names[0] : chosen);
