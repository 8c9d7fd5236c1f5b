/**
 * What runs the calls of the API's text editor and memory, once they are calls of ours: `Read`, `Write` and `Edit` do the work, with
 * their checks, and here stands what those cannot: folders, lines put in, and in memory names that go or change.
 */
import { lstatSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { API_RUNNERS, MEMORY_ROOT, type ToolOutcome } from '../../session/ports/tools.ts';
import { bytesOf, exactText } from '../files/file-text.ts';
import { changeFile } from '../files/new-content.ts';
import { checkPlace, pathOf, realTarget, unlessMissing } from '../files/place.ts';
import { failed, said } from '../tool/outcome.ts';
import { Refusal } from '../tool/refusal.ts';
import { type BuiltinTool, builtinTool, type ToolJob } from '../tool/tool.ts';
import { Edit } from './edit.ts';
import { Read } from './read.ts';
import { Write } from './write.ts';

/** Names of one folder's view. */
const MAX_NAMES = 1_000;
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
    for (const path of [input.file_path, input['new_path']])
      if (typeof path === 'string') mustBeIn(root, path);
    const outcome = await remembered(input, root, job, signal);
    return outcome.type === 'result' && typeof outcome.content === 'string'
      ? { ...outcome, content: outcome.content.replaceAll(root, MEMORY_ROOT) }
      : outcome;
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
    rmSync(path, { recursive: true });
    return said(`Successfully deleted ${path}`);
  }
  if (typeof input['new_path'] === 'string') return renamed(path, input['new_path'], job);
  if ('content' in input) {
    if (stats !== undefined) return failed(`Error: File ${path} already exists`);
    const made = await Write.run(job, signal);
    return isFine(made) ? { ...made, content: `File created successfully at: ${path}` } : made;
  }
  const isView = !('old_string' in input) && !('insert_line' in input);
  if (isView && stats === undefined && path !== root)
    return failed(`The path ${path} does not exist. Please provide a valid path.`);
  const outcome = await edited(input, job, signal);
  if (!isView || !isFine(outcome) || typeof outcome.content !== 'string' || isFolder(path))
    return outcome;
  const content = `Here's the content of ${path} with line numbers:\n${outcome.content}`;
  const rest = `\n[Cut at ${MAX_VIEW} characters: go on with view_range.]`;
  return {
    ...outcome,
    content: content.length > MAX_VIEW ? content.slice(0, MAX_VIEW) + rest : content,
  };
};

const renamed = (from: string, to: string, job: ToolJob): ToolOutcome => {
  if (lstatSync(from, { throwIfNoEntry: false }) === undefined)
    return failed(`The path ${from} does not exist`);
  if (lstatSync(to, { throwIfNoEntry: false }) !== undefined)
    return failed(`Error: The destination ${to} already exists`);
  checkPlace(realpathSync.native(from), job.realPath);
  if (lstatSync(dirname(to), { throwIfNoEntry: false }) === undefined)
    return failed(`The folder ${dirname(to)} does not exist`);
  renameSync(from, to);
  return said(`Successfully renamed ${from} to ${to}`);
};

const isFine = (outcome: ToolOutcome): outcome is Extract<ToolOutcome, { type: 'result' }> =>
  outcome.type === 'result' && !outcome.isError;

/** Folders are listed, lines put in; the rest is a call of ours as it is. */
const edited = async (input: Asked, job: ToolJob, signal: AbortSignal): Promise<ToolOutcome> => {
  if ('insert_line' in input) return inserted(input, job, signal);
  if ('content' in input) return Write.run(job, signal);
  if ('old_string' in input) return Edit.run(job, signal);
  const path = pathOf(input.file_path, job);
  if (!isFolder(path)) return Read.run(job, signal);
  checkPlace(unlessMissing(() => realpathSync.native(path)) ?? path, job.realPath);
  return said(
    [
      `Here're the files and directories up to 2 levels deep in ${path}, excluding hidden items and node_modules:`,
      ...listed(path, 2).slice(0, MAX_NAMES),
    ].join('\n'),
  );
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

/** A memory that holds nothing yet has no folder. */
const isFolder = (path: string): boolean => {
  const real = unlessMissing(() => realpathSync.native(path));
  return real === undefined
    ? path.endsWith(MEMORY_ROOT)
    : lstatSync(real, { throwIfNoEntry: false })?.isDirectory() === true;
};

const sizeOf = (bytes: number): string =>
  bytes < 1_024 * 1_024
    ? `${(bytes / 1_024).toFixed(1)}K`
    : `${(bytes / 1_024 / 1_024).toFixed(1)}M`;

const listed = (path: string, levels: number): readonly string[] => {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  const own = `${sizeOf(stats?.size ?? 0)}\t${path}`;
  if (levels === 0 || stats?.isDirectory() !== true) return [own];
  const names = readdirSync(path)
    .filter((name) => !name.startsWith('.') && name !== 'node_modules')
    .sort()
    .slice(0, MAX_NAMES);
  return [own, ...names.flatMap((name) => listed(join(path, name), levels - 1))];
};

/** The session's folder of memories, as it stands in each path of the call. */
const rootOf = (path: string, { key }: ToolJob): string => {
  const end = `/${key.tenant}/${key.sessionId}${MEMORY_ROOT}`;
  const at = path.indexOf(end);
  if (at === -1) throw new Refusal(`${path} is not in ${MEMORY_ROOT}.`);
  return path.slice(0, at + end.length);
};

/** Links may lead anywhere: the place that counts is the real one. */
const mustBeIn = (root: string, path: string): void => {
  if (path === root) return;
  const real = realTarget(path);
  if (!real.startsWith(`${realTarget(root)}/`) || !path.startsWith(`${root}/`))
    throw new Refusal(`${path} is not in ${MEMORY_ROOT}.`);
};
