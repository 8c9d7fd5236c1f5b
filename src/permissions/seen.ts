/** What is seen of a call before it is decided: what it would run, and which files it would open. */
import { type ToolCall, type Touched, toolNamed } from './call.ts';
import type { FileSystem } from './paths.ts';
import { type Place, Places } from './paths.ts';
import { filesOf } from './programs/files.ts';
import { predict } from './shell/predict.ts';
import type { Prediction, SimpleCommand } from './shell/prediction.ts';
import { foldersAt } from './shell/state.ts';
import { isLiteral, type ShellWord } from './shell/word.ts';

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
  readonly home: string | undefined;
}

export interface Ground {
  readonly cwd: string;
  readonly home?: string | undefined;
  readonly files: FileSystem;
}

export const see = (call: ToolCall, touched: Touched, { cwd, home, files }: Ground): Seen => {
  const places = new Places(files);
  const base = { tool: toolNamed(call.tool), input: call.input, touched, places, home };
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
    return { ...base, commands: [], mentioned: [], doubts: [], files: file };
  }
  const { commands, mentioned, doubts, redirections } = predict(touched.command, { cwd, home });
  return {
    ...base,
    ...{ mentioned, doubts },
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

/** Every place that a word of a command could name, be it a file or not. */
export const placesOfWord = (
  seen: Seen,
  command: SimpleCommand,
  word: ShellWord,
): readonly Place[] => {
  if (!isLiteral(word)) return [];
  const { value } = word;
  const written = [
    value,
    /^-[^=/]*=?([\s\S]*)$/.exec(value)?.[1],
    /^[\w-]+[=@:]([\s\S]+)$/.exec(value)?.[1],
  ];
  const paths = written.filter((path): path is string => path !== undefined && path !== '');
  return paths.flatMap((path) =>
    (foldersAt(command.folders, path) === undefined ? ['/'] : (command.folders ?? ['/'])).flatMap(
      (folder) => seen.places.find(folder, homely(path, seen.home)) ?? [],
    ),
  );
};
