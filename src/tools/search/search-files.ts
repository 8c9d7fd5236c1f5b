/** The files of a tree that a search reads, and their texts. */
import { closeSync, lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { relative } from 'node:path';
import { encodingOf, isBinary, readableText } from '../files/file-text.ts';
import { openFile, readWhole } from '../files/open-file.ts';
import { checkPlace } from '../files/place.ts';
import type { Pauses } from '../tool/pauses.ts';
import { Refusal } from '../tool/refusal.ts';
import { codeOf } from '../tool/system-errors.ts';
import type { FileFilter } from './file-filter.ts';
import { type IgnoreState, inFolder, isIgnored, rulesAbove, withRulesOf } from './ignored.ts';
import type { LeftOut } from './left-out.ts';
import { VERSION_CONTROL, walk } from './walk.ts';

/** Bytes of a file that is searched. */
export const MAX_SEARCHED_BYTES = 16 * 1024 * 1024;

export interface Found {
  readonly path: string;
  readonly mtimeMs: number;
  readonly text: string;
}

export interface Searched {
  /** Where the search began, without links. */
  readonly root: string;
  readonly files: readonly string[];
  readonly isCut: boolean;
  readonly unreadable: number;
}

/** @param expected see `ToolJob.realPath`. */
export const rootOf = (path: string, expected: string | undefined): string => {
  const root = realpathSync.native(path);
  checkPlace(root, expected);
  return root;
};

export const filesToSearch = async (
  root: string,
  filter: FileFilter,
  pauses: Pauses,
  leftOut: LeftOut,
): Promise<Searched> => {
  if (!statSync(root).isDirectory()) return { root, files: [root], isCut: false, unreadable: 0 };
  const above = await rulesAbove(root, pauses);
  interface State {
    readonly path: readonly string[];
    readonly ignored: IgnoreState;
  }
  const start: State = { path: [], ignored: above };
  const walked = await walk<State>(
    root,
    start,
    {
      arrive: async ({ path, ignored }, folder, names) => ({
        path,
        ignored: await withRulesOf(ignored, folder, names, pauses),
      }),
      passesOver: (path) => leftOut.has(path),
      enter: (name, { path, ignored }) => {
        const inside = [...path, name];
        if (VERSION_CONTROL.has(name) || !filter.wantsFolder(inside)) return undefined;
        if (isIgnored(ignored, name, true)) return undefined;
        return { path: inside, ignored: inFolder(ignored, name) };
      },
      wants: ({ name, isFile }, { path, ignored }) =>
        isFile && filter.wantsFile([...path, name]) && !isIgnored(ignored, name, false),
    },
    pauses,
  );
  return { root, ...walked };
};

export type Looked = Found | 'too-large' | undefined;

/** The texts in the order of the files. undefined: no text, or not there or not to be read by now. */
export async function* textsOf({ root, files }: Searched, pauses: Pauses): AsyncGenerator<Looked> {
  for (const path of files) {
    await pauses.look();
    yield await textOf(path, root, pauses);
  }
}

const textOf = async (path: string, root: string, pauses: Pauses): Promise<Looked> => {
  try {
    const file = openFile(path, { isNoLink: true });
    const { stats, realPath } = file;
    try {
      refuseOutside(realPath, root);
      if (stats.size > MAX_SEARCHED_BYTES) return 'too-large';
      const bytes = await readWhole(file, MAX_SEARCHED_BYTES, pauses);
      const isText = encodingOf(bytes) === 'utf-16le' || !(isBinary(bytes) || bytes.includes(0));
      return isText ? { path, mtimeMs: stats.mtimeMs, text: readableText(bytes) } : undefined;
    } finally {
      closeSync(file.fd);
    }
  } catch (error) {
    if (path === root) throw error; // it was asked for by name
    if (error instanceof Refusal || codeOf(error) !== undefined) return undefined;
    throw error;
  }
};

/** A folder on the way became a link after it was walked through. */
const refuseOutside = (realPath: string, root: string): void => {
  const way = relative(root, realPath);
  if (way === '..' || way.startsWith('../')) throw new Refusal(`${realPath} is not in ${root}.`);
};

/** Those that were changed last come first. Links count as what they lead to. */
export const newestFirst = async (
  paths: readonly string[],
  pauses: Pauses,
): Promise<readonly string[]> => {
  const timed: (readonly [path: string, mtimeMs: number])[] = [];
  for (const path of paths) {
    await pauses.look();
    timed.push([path, timeOf(path)]);
  }
  return timed.sort(byTime).map(([path]) => path);
};

export const byTime = (
  [one, oneMs]: readonly [string, number],
  [other, otherMs]: readonly [string, number],
): number => otherMs - oneMs || (one < other ? -1 : 1);

const timeOf = (path: string): number =>
  (statsOf(path, statSync) ?? statsOf(path, lstatSync))?.mtimeMs ?? 0;

const statsOf = (path: string, look: typeof statSync | typeof lstatSync): Stats | undefined => {
  try {
    return look(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
};
