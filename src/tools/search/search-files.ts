/** The files of a tree that a search reads, and their texts. */
import { lstat, realpath, stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { encodingOf, isBinary, readableText } from '../files/file-text.ts';
import { openFile } from '../files/open-file.ts';
import { checkPlace } from '../files/place.ts';
import { Refusal } from '../tool/refusal.ts';
import { codeOf } from '../tool/system-errors.ts';
import type { FileFilter } from './file-filter.ts';
import { type IgnoreState, inFolder, isIgnored, rulesAbove, withRulesOf } from './ignored.ts';
import { VERSION_CONTROL, walk } from './walk.ts';

/** Bytes of a file that is searched. */
export const MAX_SEARCHED_BYTES = 16 * 1024 * 1024;
/** Files that are read at once. */
const AT_ONCE = 4;

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
export const rootOf = async (path: string, expected: string | undefined): Promise<string> => {
  const root = await realpath(path);
  checkPlace(root, expected);
  return root;
};

export const filesToSearch = async (
  root: string,
  filter: FileFilter,
  signal: AbortSignal,
): Promise<Searched> => {
  if (!(await stat(root)).isDirectory())
    return { root, files: [root], isCut: false, unreadable: 0 };
  const above = await rulesAbove(root);
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
        ignored: await withRulesOf(ignored, folder, names),
      }),
      enter: (name, { path, ignored }) => {
        const inside = [...path, name];
        if (VERSION_CONTROL.has(name) || !filter.wantsFolder(inside)) return undefined;
        if (isIgnored(ignored, name, true)) return undefined;
        return { path: inside, ignored: inFolder(ignored, name) };
      },
      wants: ({ name, isFile }, { path, ignored }) =>
        isFile && filter.wantsFile([...path, name]) && !isIgnored(ignored, name, false),
    },
    signal,
  );
  return { root, ...walked };
};

export type Looked = Found | 'too-large' | undefined;

/** The texts in the order of the files. undefined: no text, or not there or not to be read by now. */
export async function* textsOf(
  { root, files }: Searched,
  signal: AbortSignal,
): AsyncGenerator<Looked> {
  for (let at = 0; at < files.length; at += AT_ONCE) {
    signal.throwIfAborted();
    yield* await Promise.all(files.slice(at, at + AT_ONCE).map((path) => textOf(path, root)));
  }
}

const textOf = async (path: string, root: string): Promise<Looked> => {
  try {
    const { handle, stats, realPath } = await openFile(path, { isNoLink: true });
    try {
      refuseOutside(realPath, root);
      if (stats.size > MAX_SEARCHED_BYTES) return 'too-large';
      const bytes = await handle.readFile();
      const isText = encodingOf(bytes) === 'utf-16le' || !(isBinary(bytes) || bytes.includes(0));
      return isText ? { path, mtimeMs: stats.mtimeMs, text: readableText(bytes) } : undefined;
    } finally {
      await handle.close();
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
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const timed: (readonly [path: string, mtimeMs: number])[] = [];
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    signal.throwIfAborted();
    const some = paths.slice(at, at + AT_ONCE);
    timed.push(
      ...(await Promise.all(some.map(async (path) => [path, await timeOf(path)] as const))),
    );
  }
  return timed.sort(byTime).map(([path]) => path);
};

export const byTime = (
  [one, oneMs]: readonly [string, number],
  [other, otherMs]: readonly [string, number],
): number => otherMs - oneMs || (one < other ? -1 : 1);

const timeOf = async (path: string): Promise<number> => {
  const stats = await stat(path)
    .catch(() => lstat(path))
    .catch(() => undefined);
  return stats?.mtimeMs ?? 0;
};
