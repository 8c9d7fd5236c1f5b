/**
 * `Edit`: one exact text in the place of another. It is idempotent: a change gives the file a time or a size that is not the one
 * of the mark (`src/tools/files/folder-anchor.ts` sees to it), and a file that differs from its mark is not changed. So a call
 * that is made again after it was lost changes nothing a second time: it says that the file has changed.
 */
import { z } from 'zod';
import { bytesOf, exactText, type FileText } from '../files/file-text.ts';
import { type Change, changeFile, type NewContent } from '../files/new-content.ts';
import { pathOf } from '../files/place.ts';
import { type Edited, replaceText, snippetOf, type TextEdit } from '../files/replace-text.ts';
import { said } from '../tool/outcome.ts';
import { Refusal } from '../tool/refusal.ts';
import { builtinTool } from '../tool/tool.ts';

const Input = z.strictObject({
  file_path: z
    .string()
    .min(1)
    .describe('The file: an absolute path, or one from the working folder'),
  old_string: z
    .string()
    .describe('What is replaced, exactly as it stands in the file; empty to make a new file'),
  new_string: z.string().describe('What takes its place'),
  replace_all: z.boolean().optional().describe('Replace every place; default false'),
});

export const Edit = builtinTool({
  name: 'Edit',
  description:
    'Replaces a text in a file. old_string must be in the file exactly once, or replace_all must be set. The file must have been read in this session before, and not have changed since. An empty old_string makes a new file, or fills an empty one.',
  effect: 'idempotent',
  isAlone: true, // a second change of one file needs to know of the first
  input: Input,
  work: async ({ file_path, old_string, new_string, replace_all = false }, job, signal) => {
    if (old_string === new_string)
      throw new Refusal('old_string and new_string are the same: there is nothing to change.');
    const edit = { oldText: old_string, newText: new_string, isForAll: replace_all };
    const change = old_string === '' ? filling(new_string) : replacing(edit);
    const { path, told, memory } = await changeFile(pathOf(file_path, job), job, change, signal);
    return said(
      `Changed ${path} (${told.places === 1 ? '1 place' : `${told.places} places`}):\n${snippetOf(told)}`,
      memory,
    );
  },
});

const filling =
  (text: string): Change<Edited> =>
  (current, path) => {
    const bytes = Buffer.from(text);
    const told = { text, places: 1, at: 0, length: text.length };
    if (current === undefined || current.bytes.length === 0) return { bytes, told };
    if (current.bytes.equals(bytes)) return { bytes: undefined, told };
    throw new Refusal(
      `${path} is there and is not empty: say in old_string what is to be replaced.`,
    );
  };

const replacing =
  (edit: TextEdit): Change<Edited> =>
  (current, path): NewContent<Edited> => {
    if (current === undefined)
      throw new Refusal(`${path} does not exist. Use Write to make it, or an empty old_string.`);
    const before = textOf(current.bytes, path);
    const told = replaceText(before.text, edit);
    return { bytes: bytesOf({ ...before, text: told.text }), told };
  };

const textOf = (bytes: Uint8Array, path: string): FileText => {
  const text = exactText(bytes);
  if (text === undefined)
    throw new Refusal(
      `${path} is no text in UTF-8 or UTF-16: an edit could not write back the rest as it was.`,
    );
  return text;
};
