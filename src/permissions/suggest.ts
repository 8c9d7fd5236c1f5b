/** Rules that would allow exactly what was asked about, to be offered beside a question. */

import { parseRule } from './rule.ts';
import type { Seen, SeenCommand, SeenFile } from './seen.ts';
import { quoteWord } from './shell/quoting.ts';
import { isLiteral, type ShellWord } from './shell/word.ts';

export interface Missing {
  readonly commands: readonly SeenCommand[];
  readonly files: readonly SeenFile[];
}

/** Longer ones are not offered: nobody reads them. In characters. */
const MAX_LENGTH = 1_000;

/** @param missing what no rule allows yet; `undefined` where no rule could. */
export const suggestionsFor = (seen: Seen, missing: Missing | undefined): readonly string[] => {
  if (missing === undefined) return [];
  const { touched, tool } = seen;
  switch (touched.kind) {
    case 'command':
      return forCommand(seen, missing, touched.command);
    case 'file':
      return missing.files.flatMap(forFile).filter(isRule);
    case 'address':
      return [`WebFetch(domain:${touched.host})`].filter(isRule);
    case 'agent':
      return [`Agent(${touched.name})`].filter(isRule);
    case 'other':
      return [tool].filter(isRule);
    case 'malformed':
      return [];
  }
};

const forCommand = (seen: Seen, { commands, files }: Missing, line: string): readonly string[] => {
  const isKnown =
    seen.doubts.length === 0 && commands.every(({ command }) => command.words.every(isLiteral));
  if (!isKnown) return line.includes('*') ? [] : [`Bash(${line.trim()})`].filter(isRule);
  const rules = commands.flatMap((each) => [
    `Bash(${[...each.command.environment, ...each.command.words.map(textOf)].map(quoteWord).join(' ')})`,
    ...each.files.filter(({ access }) => access === 'edit').flatMap(forFile),
  ]);
  const all = [...new Set([...rules, ...files.flatMap(forFile)])];
  return all.every(isRule) ? all : [];
};

const textOf = ({ value }: ShellWord): string => value;

const forFile = ({ access, places }: SeenFile): readonly string[] =>
  places.flatMap(({ named, real }) =>
    [...new Set([named, real])].map(
      (path) => `${access === 'edit' ? 'Edit' : 'Read'}(/${escapedPath(path)})`,
    ),
  );

const escapedPath = (path: string): string => path.replace(/[*?[\]\\]/g, '\\$&');

const isRule = (text: string): boolean => {
  if (text.length > MAX_LENGTH) return false;
  try {
    parseRule(text);
    return true;
  } catch {
    return false;
  }
};
