/** What was probably meant by a misspelt name. */

/** ` (did you mean Bash?)`, or nothing where no name is near. */
export const guess = (written: string, names: readonly string[]): string => {
  const lower = written.toLowerCase();
  const near = names.find(
    (name) =>
      name.toLowerCase() === lower ||
      (written.length > 2 && isOneEditFrom(lower, name.toLowerCase())),
  );
  return near === undefined ? '' : ` (did you mean ${near}?)`;
};

/** A letter more, fewer or another one, or two that changed places. */
const isOneEditFrom = (one: string, other: string): boolean => {
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  const [a, b] = [one.slice(start), other.slice(start)];
  return (
    a.slice(1) === b ||
    a === b.slice(1) ||
    a.slice(1) === b.slice(1) ||
    (a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2))
  );
};
