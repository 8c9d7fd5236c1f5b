/** What is seen of a call before it is decided: what it would run, and which files it would open. */
import { type ToolCall, type Touched, toolNamed } from './call.ts';
import { lineOf, lineOfText } from './command-pattern.ts';
import type { FileSystem } from './paths.ts';
import { type Place, Places } from './paths.ts';
import { filesOf, isTalking } from './programs/files.ts';
import { predict } from './shell/predict.ts';
import type { Prediction, SimpleCommand } from './shell/prediction.ts';
import { foldersAt } from './shell/state.ts';
import { isLiteral, literalWord, type ShellWord } from './shell/word.ts';

export interface SeenFile {
  readonly access: 'read' | 'edit';
  /** As it is named. */
  readonly text: string;
  /** Where it may be; empty when that is not known. */
  readonly places: readonly Place[];
}

/** One program, with the files that its arguments name. */
export interface SeenCommand {
  readonly command: SimpleCommand;
  readonly files: readonly SeenFile[];
}

export interface Seen {
  /** By the name that rules have for it. */
  readonly tool: string;
  readonly input: ToolCall['input'];
  readonly touched: Touched;
  /** The programs that a command line runs; empty for other tools. */
  readonly commands: readonly SeenCommand[];
  /** What only denies look at. */
  readonly mentioned: readonly SimpleCommand[];
  readonly doubts: Prediction['doubts'];
  /** The file of the tool, or those of redirections. */
  readonly files: readonly SeenFile[];
  readonly places: Places;
  /** The words of all commands that may be files, with where each would be. Found once, when it is first asked for. */
  readonly words: () => readonly SeenWord[];
  /** Every spelling of every command, for denies and asks. */
  readonly lines: () => readonly string[];
}

export interface SeenWord {
  readonly command: SimpleCommand;
  readonly word: ShellWord;
  readonly places: readonly Place[];
}

export interface Ground {
  readonly cwd: string;
  readonly home?: string | undefined;
  readonly files: FileSystem;
}

export const see = (call: ToolCall, touched: Touched, { cwd, home, files }: Ground): Seen => {
  const places = new Places(files);
  const tool = toolNamed(call.tool);
  const { input } = call;
  const at = (folders: readonly string[] | undefined, path: string): readonly Place[] =>
    (foldersAt(folders, path) === undefined ? [] : (folders ?? [cwd])).flatMap(
      (folder) => places.find(folder, path) ?? [],
    );
  if (touched.kind !== 'command') {
    const file: readonly SeenFile[] =
      touched.kind === 'file'
        ? [
            {
              access: touched.access,
              text: touched.path,
              places: at([cwd], homely(touched.path, home)),
            },
          ]
        : [];
    return {
      tool,
      input,
      touched,
      commands: NOTHING,
      mentioned: NOTHING,
      doubts: NOTHING,
      files: file,
      places,
      words: nothing,
      lines: nothing,
    };
  }
  const { commands, mentioned, doubts, redirections } = predict(touched.command, { cwd, home });
  const all = [...commands, ...mentioned];
  return {
    ...{ tool, input, touched, places, mentioned, doubts },
    words: once(() => wordsOf(all, places, home)),
    lines: once(() => [...new Set(all.flatMap(spellings))]),
    commands: commands.map((command) => ({
      command,
      files: filesOf(command).map(({ access, word }) => ({
        ...{ access, text: word.text },
        places: pathsOf(command, access, word).flatMap((path) => at(command.folders, path)),
      })),
    })),
    files: redirections.map(({ access, path, folders }) => ({
      ...{ access, text: path, places: at(folders, path) },
    })),
  };
};

const REMOVING = new Set(['rm', 'rmdir', 'unlink']);

/**
 * What a word names. A glob names what is in a folder, so the folder stands for it: in what is read, and in what removes
 * names. Other changes would follow a link that the glob may find.
 */
const pathsOf = (
  { program }: SimpleCommand,
  access: 'read' | 'edit',
  word: ShellWord,
): readonly string[] => {
  if (isLiteral(word)) return [word.value];
  const [, folder = '', glob = ''] = /^([^\uFFFE\uFFFF]*\/)?([\s\S]*)$/.exec(word.value) ?? [];
  const isGlob = word.splits === 'names' && !/(?:^|\/)\.\.(?:\/|$)/.test(glob);
  const isEdit = access === 'edit' && !(REMOVING.has(program) && !glob.includes('/'));
  return isGlob && !isEdit && !/^\uFFFF\//.test(glob) ? [folder === '' ? '.' : folder] : [];
};

/** Tools are given `~/x` too. */
const homely = (path: string, home: string | undefined): string =>
  home !== undefined && (path === '~' || path.startsWith('~/')) ? home + path.slice(1) : path;

const NOTHING: readonly never[] = [];
const nothing = (): readonly never[] => NOTHING;

const once = <T>(work: () => T): (() => T) => {
  let found: { readonly value: T } | undefined;
  return () => {
    found ??= { value: work() };
    return found.value;
  };
};

const spellings = (command: SimpleCommand): readonly string[] => {
  const { words, outer, environment, program, text } = command;
  const lines = [lineOf(words), lineOfText(text)];
  if (words[0]?.value !== program) lines.push(lineOf([literalWord(program), ...words.slice(1)]));
  if (outer !== words) lines.push(lineOf(outer));
  if (environment.length > 0) lines.push(lineOf(words, environment));
  return lines;
};

const wordsOf = (
  commands: readonly SimpleCommand[],
  places: Places,
  home: string | undefined,
): readonly SeenWord[] =>
  commands
    .filter(({ program }) => !isTalking(program))
    .flatMap((command) =>
      command.words
        .slice(1)
        .map((word) => ({ command, word, places: placesOfWord(command, word, places, home) })),
    );

/** Every place that a word of a command could name, be it a file or not. */
const placesOfWord = (
  { folders }: SimpleCommand,
  word: ShellWord,
  places: Places,
  home: string | undefined,
): readonly Place[] => {
  if (!isLiteral(word)) return [];
  const found: Place[] = [];
  for (const path of pathsIn(word.value))
    for (const folder of folders ?? ['/']) {
      const place = places.find(folder, homely(path, home));
      if (place !== undefined) found.push(place);
    }
  return found;
};

/** The word itself, and what stands behind `--file=`, `-f`, `if=` or `host:`. */
const pathsIn = (word: string): readonly string[] => {
  if (word === '') return [];
  if (!/[-=@:]/.test(word)) return [word];
  const option = /^-[^=/]*=?([\s\S]+)$/.exec(word)?.[1];
  const value = /^[\w-]+[=@:]([\s\S]+)$/.exec(word)?.[1];
  return [word, option, value].filter((path): path is string => path !== undefined);
};
