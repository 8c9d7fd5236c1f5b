/** What turns with tools work on: a folder with a file, and prompts that have a model read the file and list the folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILE_TOOLS } from '../../src/tools/builtin/all.ts';
import type { Settings } from '../harness/bench.ts';

const TOOLS = ['Read', 'Glob'];

export interface Workplace {
  readonly folder: string;
  /** Settings of the sessions. */
  readonly session: { readonly workingDirectory: string; readonly tools: readonly string[] };
  /** Calls both tools in its first answer. @param streamed pairs of a directive: how the answers are streamed. */
  prompt(streamed?: string): string;
}

export const workplaceIn = ({ scratch }: Settings): Workplace => {
  const folder = join(scratch, 'work');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'a.txt');
  writeFileSync(file, 'one\ntwo\nthree\n');
  const read = `tool=Read input=${JSON.stringify({ file_path: file })}`;
  const list = `tool=Glob input=${JSON.stringify({ pattern: '*.txt', path: folder })}`;
  return {
    folder,
    session: { workingDirectory: folder, tools: TOOLS },
    prompt: (streamed = '') => {
      const first = streamed === '' ? '' : `text="${SAID}" ${streamed} `;
      const last = streamed === '' ? 'text=done' : `text="${SAID}" ${streamed}`;
      return `Look. [[rehearse: ${first}${read} ${list}]] [[rehearse: ${last}]]`;
    },
  };
};

const SAID = 'I look at what is there before I say what I think of it. '.repeat(6);

/** The same tools as the bare SDK offers them. */
export const offeredTools = () =>
  FILE_TOOLS.map(({ offered }) => offered)
    .filter(({ name }) => TOOLS.includes(name))
    .map(({ name, description, inputSchema }) => ({
      ...{ name, description, input_schema: inputSchema as { type: 'object' } },
    }));
