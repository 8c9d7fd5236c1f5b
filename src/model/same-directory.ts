/** When two ways to write a directory are the same one: a slash may stand behind it, of either kind of machine. */

/** The ways of a session's that are meant when this one is asked for. The top of a tree has its slash always. */
export const directorySpellings = (directory: string): readonly string[] => {
  const plain = directory.replace(/(?<=[^:/\\])[/\\]+$/, '');
  return [directory, plain, `${plain}/`, `${plain}\\`];
};

/** In which those ways are equal. */
export const directoryKey = (directory: string): string =>
  directory.replace(/(?<=[^:/\\])[/\\]$/, '');
