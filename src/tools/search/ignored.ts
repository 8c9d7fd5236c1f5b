/** What the ignore files of a tree leave out: those of the folder, of all below it, and of those above it up to the repository's root. */
import { closeSync, lstatSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { openFile, readWhole } from '../files/open-file.ts';
import type { Pauses } from '../tool/pauses.ts';
import { type IgnoreRules, ignoreRules, verdictOf } from './ignore-rules.ts';
import type { Entry } from './walk.ts';

/** In one folder the later one decides. */
const FILES = ['.gitignore', '.ignore'];
/** Bytes of one such file; a larger one is not read. */
const MAX_BYTES = 1024 * 1024;
/** Folders above that are looked at. */
const MAX_ABOVE = 64;

interface Level {
  readonly rules: IgnoreRules;
  /** Parts of the path that lie above the folder of the rules. */
  readonly depth: number;
}

/** A folder with the rules that hold in it, the nearest first. */
export interface IgnoreState {
  /** From the highest folder that has rules. */
  readonly parts: readonly string[];
  readonly levels: readonly Level[];
}

export const isIgnored = (state: IgnoreState, name: string, isFolder: boolean): boolean => {
  if (state.levels.length === 0) return false;
  const path = [...state.parts, name];
  for (const { rules, depth } of state.levels) {
    const verdict = verdictOf(rules, path.slice(depth), isFolder);
    if (verdict !== undefined) return verdict === 'ignored';
  }
  return false;
};

export const inFolder = ({ parts, levels }: IgnoreState, name: string): IgnoreState => ({
  parts: [...parts, name],
  levels,
});

/** With the rules that lie in the folder itself. */
export const withRulesOf = async (
  state: IgnoreState,
  folder: string,
  names: readonly Entry[],
  pauses: Pauses,
): Promise<IgnoreState> => {
  const there = FILES.filter((file) => names.some(({ name, isFile }) => isFile && name === file));
  if (there.length === 0) return state;
  const levels: Level[] = [];
  for (const file of there) {
    const text = await textOf(join(folder, file), pauses);
    levels.unshift({ rules: ignoreRules(text), depth: state.parts.length });
  }
  return { ...state, levels: [...levels, ...state.levels] };
};

/** Of the folder in which a search begins: what is above it, without its own rules. */
export const rulesAbove = async (root: string, pauses: Pauses): Promise<IgnoreState> => {
  const top = repositoryOf(root);
  let state: IgnoreState = { parts: [], levels: [] };
  if (top === undefined || top === root) return state;
  let folder = top;
  for (const name of relative(top, root).split('/')) {
    const there = FILES.map((file) => ({
      name: file,
      isFolder: false,
      isFile: isThere(join(folder, file)),
    }));
    state = inFolder(await withRulesOf(state, folder, there, pauses), name);
    folder = join(folder, name);
  }
  return state;
};

const repositoryOf = (root: string): string | undefined => {
  let folder = root;
  for (let above = 0; above < MAX_ABOVE; above++) {
    if (isThere(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return undefined;
    folder = dirname(folder);
  }
  return undefined;
};

const isThere = (path: string): boolean => {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
};

/** Nothing for one that cannot be read: then it rules nothing. */
const textOf = async (path: string, pauses: Pauses): Promise<string> => {
  await pauses.look();
  try {
    const file = openFile(path, { isNoLink: true });
    try {
      if (file.stats.size > MAX_BYTES) return '';
      return (await readWhole(file, MAX_BYTES, pauses)).toString();
    } finally {
      closeSync(file.fd);
    }
  } catch {
    return '';
  }
};
