/**
 * Reads `.env` files: `NAME=value` lines, an optional `export`, comments, quotes. No expansion of
 * variables and no commands: a file of settings is not a program.
 */

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

const unquoted = (raw: string): string => {
  const quoted = /^'([^']*)'|^"((?:[^"\\]|\\.)*)"/.exec(raw);
  if (quoted === null) return raw.replace(/(^|\s+)#.*$/, '');
  // Single quotes keep every character; double quotes know \n, \r, \t, \\ and \".
  if (quoted[1] !== undefined) return quoted[1];
  return (quoted[2] ?? '').replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
};

/** Lines that are no assignment are skipped; of two with one name the last wins. */
export const parseDotenv = (content: string): Readonly<Record<string, string>> => {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of content.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const match = LINE.exec(line);
    if (match?.[1] !== undefined) values[match[1]] = unquoted(match[2] ?? '');
  }
  return values;
};
