/** What a session remembers for its tools between two calls. Stored in its head, so it is bounded. */

/** A file as a tool has read or written it: one that is another by now must be read again before it is changed. */
export interface FileMark {
  /** Absolute. */
  readonly path: string;
  readonly mtimeMs: number;
  readonly size: number;
}

export interface ToolMemory {
  /** Where its shell stands; absent: in the working directory. Absolute. */
  readonly cwd?: string | undefined;
  /** The files that were read or written last, the latest last. */
  readonly files?: readonly FileMark[] | undefined;
}

/** Files that are remembered: one that is forgotten has to be read again before it is changed. */
export const MAX_FILES = 64;

export const NO_MEMORY: ToolMemory = {};

/** What is remembered once `news` has come. */
export const remembering = (memory: ToolMemory, { cwd, files }: ToolMemory): ToolMemory => {
  const paths = new Set(files?.map(({ path }) => path));
  const kept = (memory.files ?? []).filter(({ path }) => !paths.has(path));
  const all = [...kept, ...(files ?? [])].slice(-MAX_FILES);
  return { cwd: cwd ?? memory.cwd, files: all.length === 0 ? undefined : all };
};
