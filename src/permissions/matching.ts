/** Whether a rule is about a call: for denies and asks in every spelling, for allows only in the one that was foreseen. */
import { type CommandPattern, lineOf, lineOfText, mayMatch } from './command-pattern.ts';
import { mayMeet } from './meeting.ts';
import { type PathPattern, pathMatcher, pathParts } from './path-pattern.ts';
import type { Place } from './paths.ts';
import { dangersOf } from './programs/dangers.ts';
import type { Danger } from './programs/options.ts';
import { reachOf, readsWhatIsIn } from './programs/reach.ts';
import type { RuleSet, ScopedRule } from './rule-set.ts';
import type { Seen } from './seen.ts';
import type { SimpleCommand } from './shell/prediction.ts';
import { isLiteral, type ShellWord } from './shell/word.ts';

/** What paths of rules are relative to. */
export interface Where {
  readonly cwd: string;
  readonly home: string | undefined;
  readonly ignoresCase: boolean;
}

/** `maybe`: what is not known of the call may be what the rule is about. */
export type Match = 'yes' | 'maybe' | 'no';

/** For deny and ask rules. */
export const matchesAnyhow = (rule: ScopedRule, seen: Seen, where: Where): Match => {
  const { pattern } = rule;
  if (pattern.kind === 'path') return pathAnyhow(rule, pattern, seen, where);
  if (!rule.tool.test(seen.tool)) return 'no';
  switch (pattern.kind) {
    case 'any':
      return 'yes';
    case 'command':
      return commandAnyhow(pattern, seen);
    case 'domain':
      return seen.touched.kind === 'address' && pattern.matcher.test(seen.touched.host)
        ? 'yes'
        : 'no';
    case 'agent':
      return seen.touched.kind === 'agent' && seen.touched.name === pattern.name ? 'yes' : 'no';
    case 'parameter':
      return pattern.value.test(shown(seen.input[pattern.name])) ? 'yes' : 'no';
  }
};

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');

const commandAnyhow = (pattern: CommandPattern, seen: Seen): Match => {
  const lines = seen.lines();
  if (lines.some((line) => pattern.matcher.test(line))) return 'yes';
  if (seen.doubts.length > 0 && isInside(pattern, seen)) return 'yes';
  // A doubt may hide anything, also this.
  return seen.doubts.length > 0 || lines.some((line) => mayMatch(pattern, line)) ? 'maybe' : 'no';
};

/** In a line that is not understood, a command may begin behind every sign that is not part of a word. */
const isInside = (pattern: CommandPattern, { touched }: Seen): boolean => {
  if (touched.kind !== 'command' || touched.command.length > 10_000) return false;
  const parts = touched.command.split(/[\n;&|()`'"{}]+/);
  return parts.some((part) => {
    const words = part.trim().split(/[\s$=]+/);
    return words.some((_, at) => pattern.matcher.test(lineOfText(words.slice(at).join(' '))));
  });
};

const pathAnyhow = (rule: ScopedRule, pattern: PathPattern, seen: Seen, where: Where): Match => {
  const matcher = matcherFor(rule, pattern, where, true);
  if (matcher === undefined) return 'no';
  const hits = ({ named, real }: Place) =>
    matcher.test(real) || (named !== real && matcher.test(named));
  const access = accessOf(rule);
  const files = [...seen.files, ...seen.commands.flatMap((each) => each.files)];
  const own = files.filter(
    (file) => file.access === access || (access === 'read' && file.access === 'edit'),
  );
  if (seen.touched.kind === 'file' && seen.touched.access !== access) return 'no';
  if (own.some(({ places }) => places.some(hits))) return 'yes';
  if (access === 'edit')
    return own.some(({ access: its, places }) => its === 'edit' && places.length === 0)
      ? 'maybe'
      : 'no';
  const read = readsAnyhow(seen, hits);
  return read === 'no' && reaches(rule, pattern, seen, where) ? 'maybe' : read;
};

/** What a glob may find, and what lies below a folder that is gone through. */
const reaches = (
  { settingsFolder }: ScopedRule,
  pattern: PathPattern,
  { commands, places }: Seen,
  { cwd, home }: Where,
): boolean => {
  const rule = pathParts(pattern, { cwd, home, settingsFolder });
  if (rule === undefined) return false;
  const real = (folder: string) => places.find('/', folder)?.real ?? folder;
  return commands.some(({ command, files }) => {
    if (!readsWhatIsIn(command)) return false;
    const folders = (command.folders ?? [cwd]).map(real);
    if (globsOf(command).some((glob) => folders.some((each) => mayFind(rule, each, glob))))
      return true;
    const reach = reachOf(command);
    const isPassedOver = reach === 'shown' && rule.at(-1)?.startsWith('.') === true;
    if (reach === undefined || isPassedOver) return false;
    const named = files.flatMap((file) => file.places.map((place) => place.real));
    return (named.length > 0 ? named : folders).some((root) => mayMeet(rule, namesIn(root), true));
  });
};

const globsOf = ({ words }: SimpleCommand): readonly ShellWord[] =>
  words.slice(1).filter(({ splits }) => splits === 'names');

/** Braces may stand for several names, with slashes between. */
const mayFind = (rule: readonly string[], folder: string, { text, value }: ShellWord): boolean =>
  text.includes('{') || mayMeet(rule, namesIn(within(folder, value)), false);

const within = (folder: string, path: string): string =>
  path.startsWith('/') ? path : `${folder}/${path}`;

const namesIn = (path: string): readonly string[] =>
  path.split('/').filter((name) => name !== '' && name !== '.');

/** Another program may read what a word names, so every word counts. */
const readsAnyhow = (seen: Seen, hits: (place: Place) => boolean): Match => {
  const words = seen.words();
  if (words.some(({ places }) => places.some(hits))) return 'yes';
  if (seen.doubts.length > 0) return 'maybe';
  const isOpen = seen.commands.some(({ files }) => files.some(({ places }) => places.length === 0));
  return isOpen || words.some(({ word }) => word.splits === 'fields') ? 'maybe' : 'no';
};

/** Paths that a search may not look into, though it may begin above them: those that nobody reads, or that a person is asked about. */
export const unreadIn = (rules: RuleSet, where: Where): readonly RegExp[] =>
  [...rules.deny, ...rules.ask].flatMap((rule) => {
    const { pattern } = rule;
    if (pattern.kind !== 'path' || accessOf(rule) === 'edit') return [];
    return matcherFor(rule, pattern, where, true) ?? [];
  });

const accessOf = ({ toolName }: ScopedRule): 'read' | 'edit' =>
  toolName === 'Edit' ? 'edit' : 'read';

const matcherFor = (
  { settingsFolder }: ScopedRule,
  pattern: PathPattern,
  { cwd, home, ignoresCase }: Where,
  isWide: boolean,
): RegExp | undefined => pathMatcher(pattern, { cwd, home, settingsFolder }, isWide, ignoresCase);

/** For allow rules about files, one path of a file: as it is named, and where it really is, are asked one by one. */
export const allowsPath = (
  rule: ScopedRule,
  access: 'read' | 'edit',
  path: string,
  where: Where,
): boolean => {
  const { pattern, toolName } = rule;
  if (toolName !== (access === 'edit' ? 'Edit' : 'Read')) return false;
  if (pattern.kind === 'any') return true;
  return pattern.kind === 'path' && matcherFor(rule, pattern, where, false)?.test(path) === true;
};

/** For allow rules about commands. */
export const allowsCommand = (pattern: CommandPattern, command: SimpleCommand): boolean => {
  if (!isSpelled(pattern, command)) return false;
  return pattern.isExact || dangersOf(command).every((danger) => isNamed(danger, pattern.names));
};

const isSpelled = (pattern: CommandPattern, command: SimpleCommand): boolean => {
  const { words, outer, environment } = command;
  if (pattern.matcher.test(lineOf(words, environment))) return true;
  // A rule for a wrapper must name the program too: `timeout *` would allow every program.
  const at = outer.findIndex(({ text }) => text === words[0]?.text);
  const isWrapped = at > 0 && environment.length === 0 && outer.slice(0, at).every(isLiteral);
  return isWrapped && pattern.beginning.length > at && pattern.matcher.test(lineOf(outer));
};

const isNamed = ({ flag }: Danger, names: readonly string[]): boolean =>
  flag !== undefined && names.some((name) => name === flag || name.startsWith(`${flag}=`));
