/**
 * What runs the calls of the API's text editor and memory, once they are calls of ours: `Read`, `Write` and `Edit` do the work, with
 * their checks, and here stands what those cannot: folders, lines put in, and in memory names that go or change.
 */
import { lstatSync, readFileSync, realpathSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { API_RUNNERS, MEMORY_ROOT, type ToolOutcome } from '../../session/ports/tools.ts';
import { bytesOf, exactText } from '../files/file-text.ts';
import { FolderAnchor } from '../files/folder-anchor.ts';
import { listed, removeTree } from '../files/folder-tree.ts';
import { changeFile } from '../files/new-content.ts';
import { checkPlace, pathOf, realTarget, unlessMissing } from '../files/place.ts';
import { failed, linesWithin, said, whole } from '../tool/outcome.ts';
import { Pauses } from '../tool/pauses.ts';
import { Refusal } from '../tool/refusal.ts';
import { type BuiltinTool, builtinTool, type ToolJob } from '../tool/tool.ts';
import { Edit } from './edit.ts';
import { Read } from './read.ts';
import { Write } from './write.ts';

/** Characters of a folder's view. */
const MAX_LIST = 100_000;
/** Characters of a file's view in memory. */
const MAX_VIEW = 16_000;

const Input = z.looseObject({ file_path: z.string().min(1) });

export const TextEditor: BuiltinTool = builtinTool({
  ...{ name: API_RUNNERS.editor, description: '', effect: 'at_most_once', isHidden: true },
  input: Input,
  work: (input, job, signal) => edited(input, job, signal),
});

export const Memory: BuiltinTool = builtinTool({
  ...{ name: API_RUNNERS.memory, description: '', effect: 'at_most_once', isHidden: true },
  input: Input,
  work: async (input, job, signal) => {
    const root = rootOf(input.file_path, job);
    const realRoot = realRootOf(root);
    const shown = (text: string) =>
      text.replaceAll(realRoot, MEMORY_ROOT).replaceAll(root, MEMORY_ROOT);
    try {
      for (const path of [input.file_path, input['new_path']])
        if (typeof path === 'string') mustBeIn(root, realRoot, path);
      const outcome = await remembered(input, root, job, signal);
      if (isOfFile(outcome, input))
        return {
          ...outcome,
          content: cut(`${shown(input.file_path)} with line numbers:\n${outcome.content}`),
        };
      return outcome.type === 'result' && typeof outcome.content === 'string'
        ? { ...outcome, content: shown(outcome.content) }
        : outcome;
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(shown(error.message)) : error;
    }
  },
});

type Asked = z.output<typeof Input>;

const remembered = async (
  input: Asked,
  root: string,
  job: ToolJob,
  signal: AbortSignal,
): Promise<ToolOutcome> => {
  const path = input.file_path;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (input['is_deleted'] === true) {
    if (stats === undefined) return failed(`The path ${path} does not exist`);
    checkPlace(realpathSync.native(path), job.realPath);
    await removeTree(ownPlace(path), new Pauses(signal));
    return said(`Successfully deleted ${path}`);
  }
  if (typeof input['new_path'] === 'string') return renamed(path, input['new_path'], job);
  if ('content' in input) {
    if (stats !== undefined && !holds(path, stats, input['content']))
      return failed(`Error: File ${path} already exists`);
    const made = await Write.run(job, signal);
    return isFine(made) ? { ...made, content: `File created successfully at: ${path}` } : made;
  }
  if (isView(input) && stats === undefined)
    return path === root
      ? listOf(path, { lines: [path], isCut: false })
      : failed(`The path ${path} does not exist. Please provide a valid path.`);
  return edited(input, job, signal);
};

/** A call that is made again, after it was lost, finds what it has made. */
const holds = (path: string, stats: Stats, content: unknown): boolean =>
  stats.isFile() &&
  stats.size === Buffer.byteLength(String(content)) &&
  readFileSync(path, 'utf8') === content;

/** What is in a file, which is shown as it is. */
const isOfFile = (
  outcome: ToolOutcome,
  input: Asked,
): outcome is Extract<ToolOutcome, { type: 'result' }> & { readonly content: string } =>
  isFine(outcome) &&
  typeof outcome.content === 'string' &&
  isView(input) &&
  lstatSync(input.file_path, { throwIfNoEntry: false }) !== undefined &&
  !isFolder(input.file_path);

const CHANGING = ['is_deleted', 'new_path', 'content', 'old_string', 'insert_line'] as const;

const isView = (input: Asked): boolean => CHANGING.every((field) => input[field] === undefined);

const cut = (about: string): string => {
  const content = `Here's the content of ${about}`;
  return content.length > MAX_VIEW
    ? `${whole(content.slice(0, MAX_VIEW))}\n[Cut at ${MAX_VIEW} characters: go on with view_range.]`
    : content;
};

const renamed = (from: string, to: string, job: ToolJob): ToolOutcome => {
  if (lstatSync(from, { throwIfNoEntry: false }) === undefined)
    return failed(`The path ${from} does not exist`);
  if (lstatSync(to, { throwIfNoEntry: false }) !== undefined)
    return failed(`Error: The destination ${to} already exists`);
  checkPlace(realpathSync.native(from), job.realPath);
  if (lstatSync(dirname(to), { throwIfNoEntry: false }) === undefined)
    return failed(`The folder ${dirname(to)} does not exist`);
  const [source, target] = [ownPlace(from), ownPlace(to)];
  if (target.startsWith(`${source}/`)) return failed(`${to} is in ${from} itself.`);
  const folder = FolderAnchor.open(dirname(source));
  try {
    const other = FolderAnchor.open(dirname(target));
    try {
      folder.move(basename(source), other, basename(target));
    } finally {
      other.close();
    }
  } finally {
    folder.close();
  }
  return said(`Successfully renamed ${from} to ${to}`);
};

/** Where it really is, and the link itself where it is one. */
const ownPlace = (path: string): string => join(realpathSync.native(dirname(path)), basename(path));

const isFine = (outcome: ToolOutcome): outcome is Extract<ToolOutcome, { type: 'result' }> =>
  outcome.type === 'result' && !outcome.isError;

/** Folders are listed, lines put in; the rest is a call of ours as it is. */
const edited = async (input: Asked, job: ToolJob, signal: AbortSignal): Promise<ToolOutcome> => {
  if ('insert_line' in input) return inserted(input, job, signal);
  if ('content' in input) return Write.run(job, signal);
  if ('old_string' in input) return Edit.run(job, signal);
  const path = pathOf(input.file_path, job);
  if (!isFolder(path)) return Read.run(job, signal);
  const real = realpathSync.native(path);
  checkPlace(real, job.realPath);
  return listOf(real, await listed(real, 2, new Pauses(signal)));
};

const listOf = (
  path: string,
  { lines, isCut }: Awaited<ReturnType<typeof listed>>,
): ToolOutcome => {
  const { text, shown } = linesWithin(lines, MAX_LIST);
  const head = `Here're the files and directories up to 2 levels deep in ${path}, excluding hidden items and node_modules:`;
  const rest = isCut || shown < lines.length ? '\n[There are more: view one of the folders.]' : '';
  return said(`${head}\n${text}${rest}`);
};

const inserted = async (input: Asked, job: ToolJob, signal: AbortSignal): Promise<ToolOutcome> => {
  const at = Number(input['insert_line']);
  const added = String(input['insert_text']);
  const change = await changeFile<number>(
    pathOf(input.file_path, job),
    job,
    (current, path) => {
      const text = current === undefined ? undefined : exactText(current.bytes);
      if (text === undefined) throw new Refusal(`${path} is no text that lines can be put into.`);
      const lines = text.text.split('\n');
      const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
      if (at > count)
        throw new Refusal(`insert_line ${at} is not within the ${count} lines of ${path}.`);
      const isOpenEnd = at === lines.length; // the last line has no end of its own
      const own = added.endsWith('\n') || isOpenEnd ? added : `${added}\n`;
      const before = lines
        .slice(0, at)
        .map((line) => `${line}\n`)
        .join('');
      const after = lines.slice(at).join('\n');
      return { bytes: bytesOf({ ...text, text: before + own + after }), told: at };
    },
    signal,
  );
  return said(
    `The file ${change.path} has been edited: text was put behind line ${at}.`,
    change.memory,
  );
};

const isFolder = (path: string): boolean => {
  const real = unlessMissing(() => realpathSync.native(path));
  return real !== undefined && lstatSync(real, { throwIfNoEntry: false })?.isDirectory() === true;
};

/** The session's folder of memories, as it stands in each path of the call. */
const rootOf = (path: string, { key }: ToolJob): string => {
  const end = `/${key.tenant}/${key.sessionId}${MEMORY_ROOT}`;
  const at = path.indexOf(end);
  if (at === -1) throw new Refusal(`${path} is not in ${MEMORY_ROOT}.`);
  return path.slice(0, at + end.length);
};

/** The folder itself may be no link: what a command has put in its place would else be taken for the memory. */
const realRootOf = (root: string): string => {
  const own = join(realTarget(dirname(root)), basename(root));
  if (realTarget(root) !== own) throw new Refusal(`${MEMORY_ROOT} is a link, and not used.`);
  return own;
};

/** Links may lead anywhere: the place that counts is the real one. */
const mustBeIn = (root: string, realRoot: string, path: string): void => {
  if (path === root) return;
  if (!realTarget(path).startsWith(`${realRoot}/`) || !path.startsWith(`${root}/`))
    throw new Refusal(`${path} is not in ${MEMORY_ROOT}.`);
};
