/** What the commands of templates, tasks and schedules have in common. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { usageError } from './failure.ts';
import type { Shell } from './shell.ts';
import { parseJsonObject } from './values.ts';

/** What a file of JSON says, or the standard input; a name in it is left out: the command has one. */
export const definitionFrom = async (
  shell: Shell,
  file: string,
): Promise<Record<string, unknown>> => {
  const text = await textOf(shell, file);
  try {
    const { name: _, ...definition } = parseJsonObject(text);
    return definition;
  } catch {
    throw usageError(`${file === '-' ? 'the standard input' : file} holds no JSON object`, EXAMPLE);
  }
};

const EXAMPLE = 'write one such as {"prompt": "Say what changed in {{path}}."}';

const textOf = async (shell: Shell, file: string): Promise<string> => {
  if (file !== '-') {
    try {
      return await readFile(resolve(shell.cwd, file), 'utf8');
    } catch (error) {
      throw usageError(`${file} cannot be read: ${(error as Error).message}`);
    }
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of shell.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
};

/** Longest page of the verbs. */
const PAGE = 1_000;

export interface PageWish {
  readonly limit: number;
  readonly cursor?: string;
}

export interface Page<T> {
  readonly found: readonly T[];
  readonly nextCursor?: string | undefined;
}

/** All of a list. */
export const listed = async <T>(
  ask: (page: PageWish) => Promise<Page<T>>,
): Promise<readonly T[]> => {
  const all: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await ask(cursor === undefined ? { limit: PAGE } : { limit: PAGE, cursor });
    all.push(...page.found);
    cursor = page.nextCursor;
    if (cursor === undefined) return all;
  }
};

/** `name=value`, several times. */
export const collectVariable = (
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> => {
  const at = text.indexOf('=');
  if (at < 1) throw usageError(`${text}: a variable is written as name=value`);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
};
