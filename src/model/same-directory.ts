/**
 * When two ways to write a directory are the same one: a slash may stand behind it, of either kind of machine, and who
 * asks may write several slashes for one.
 */

/** The ways of a session's that are meant when this one is asked for. The top of a tree has its slash always. */
export const directorySpellings = (directory: string): readonly string[] => {
  const ways = written(directory).flatMap((way) => {
    const plain = way.replace(/(?<=[^:/\\])[/\\]+$/, '');
    return [way, plain, `${plain}/`, `${plain}\\`];
  });
  return [...new Set(ways)];
};

/** The beginnings of what lies below it, without their slash; that of the whole tree is empty. */
export const directoryRoots = (directory: string): readonly string[] => [
  ...new Set(written(directory).map((way) => way.replace(/[/\\]+$/, ''))),
];

/** In which those ways are equal that differ in the slash behind them. */
export const directoryKey = (directory: string): string =>
  directory.replace(/(?<=[^:/\\])[/\\]$/, '');

/** As it is, and with one slash for several; a share of Windows begins with two. */
const written = (directory: string): readonly string[] => [
  directory,
  directory.replaceAll(/\/{2,}/g, '/').replaceAll(/(?<!^)\\{2,}/g, '\\'),
];
