/** A folder of its own for one test, and calls of built-in tools in it, which remember as a session does. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { TurnId } from '../../src/model/id-schemas.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { NO_MEMORY, remembering, type ToolMemory } from '../../src/model/tool-memory.ts';
import type { ToolOutcome } from '../../src/session/ports/tools.ts';
import type { BuiltinTool, ToolJob } from '../../src/tools/tool/tool.ts';

export const temporaryFolder = (): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-tools-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

export const jobIn = (
  workingDirectory: string,
  name: string,
  input: object,
  more: Partial<ToolJob> = {},
): ToolJob => ({
  key: sessionKey('default', 's'),
  turnId: TurnId.parse('t'),
  toolUseId: 'toolu_1',
  memory: NO_MEMORY,
  name,
  workingDirectory,
  input: { ...input },
  ...more,
});

/** What a tool says; throws if that is not a result. */
export const resultOf = (outcome: ToolOutcome) => {
  if (outcome.type !== 'result') throw new Error(`no result: ${JSON.stringify(outcome)}`);
  const { content, isError, memory } = outcome;
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return { content, isError, memory, text };
};

export const folderWith = (files: Readonly<Record<string, string | Uint8Array>>) => {
  const folder = temporaryFolder();
  const path = (name: string) => join(folder, name);
  const put = (name: string, content: string | Uint8Array) => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), content);
  };
  for (const [name, content] of Object.entries(files)) put(name, content);
  let memory: ToolMemory = NO_MEMORY;
  const call = async (tool: BuiltinTool, input: object, more: Partial<ToolJob> = {}) => {
    const job = jobIn(folder, tool.offered.name, input, { memory, ...more });
    const result = resultOf(await tool.run(job, new AbortController().signal));
    memory = remembering(memory, result.memory ?? NO_MEMORY);
    return result;
  };
  return {
    ...{ folder, path, put, call },
    text: (name: string) => readFileSync(path(name), 'utf8'),
    memory: () => memory,
    forget: () => {
      memory = NO_MEMORY;
    },
  };
};
