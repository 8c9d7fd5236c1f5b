/** Small transcripts as Claude Code writes them, in folders of their own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileResult } from '../../../src/cli/import/import-session.ts';
import { importFiles } from '../../../src/cli/import/importer.ts';
import { summarise } from '../../../src/cli/import/summary.ts';
import { findFiles } from '../../../src/cli/import/walk.ts';
import { newFolder } from '../run-cli.ts';
import type { FakeStore } from './fake-store.ts';

const chained = (sessionId: string, number: number, more: object) =>
  JSON.stringify({
    parentUuid: number === 1 ? null : `u${number - 1}`,
    uuid: `u${number}`,
    sessionId,
    timestamp: `2026-11-01T00:00:${String(number).padStart(2, '0')}.000Z`,
    cwd: '/home/dev/app',
    isSidechain: false,
    ...more,
  });

export const userLine = (sessionId: string, number: number, text = `prompt ${number}`): string =>
  chained(sessionId, number, { type: 'user', message: { role: 'user', content: text } });

export const assistantLine = (sessionId: string, number: number, messageId: string): string =>
  chained(sessionId, number, {
    type: 'assistant',
    requestId: `req-${messageId}`,
    message: {
      id: messageId,
      role: 'assistant',
      model: 'claude-opus-4-5-20251101',
      content: [{ type: 'text', text: 'answer' }],
      usage: { input_tokens: 100, output_tokens: 10 },
    },
  });

/** A sub-agent's line: its session is the parent's. */
export const agentLine = (sessionId: string, agentId: string, number: number): string =>
  chained(sessionId, number, {
    type: 'user',
    isSidechain: true,
    agentId,
    message: { role: 'user', content: 'search the code' },
  });

/** A folder with these files; a list of lines becomes a file that ends with a newline. */
export const folderOf = (files: Readonly<Record<string, readonly string[] | string | Buffer>>) => {
  const folder = newFolder();
  for (const [name, content] of Object.entries(files)) writeInto(folder, name, content);
  return folder;
};

export const writeInto = (
  folder: string,
  name: string,
  content: readonly string[] | string | Buffer,
): void => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  const isLines = typeof content !== 'string' && !Buffer.isBuffer(content);
  writeFileSync(path, isLines ? content.map((line) => `${line}\n`).join('') : content);
};

/** Imports everything below some paths; results in the order of their paths. */
export const importInto = async (store: FakeStore, ...paths: readonly string[]) => {
  const results: FileResult[] = [];
  const slept: number[] = [];
  const spent = await importFiles((await findFiles(paths)).files, {
    daemon: store.client,
    sleep: async (ms) => void slept.push(ms),
    onProgress: () => {},
    onFile: (result) => void results.push(result),
  });
  results.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { results, slept, summary: summarise(results, spent) };
};
