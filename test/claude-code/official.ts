/** The official Agent SDK's view of a transcript file, and ours in the same terms. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getSessionMessages, getSubagentMessages } from '@anthropic-ai/claude-agent-sdk';
import { vi } from 'vitest';
import { seenLines } from '../../src/claude-code/chain.ts';
import { objectsOf } from '../../src/claude-code/read-line.ts';

const ID = '00000000-0000-4000-8000-000000000001';
const AGENT = 'a1';

export interface OfficialView {
  /** Uuids of the messages that the SDK shows, in its order. */
  of(lines: readonly Uint8Array[]): Promise<readonly string[]>;
  ofAgent(lines: readonly Uint8Array[]): Promise<readonly string[]>;
  close(): void;
}

/** A folder of Claude Code's own, with one session at a time. */
export const officialView = (): OfficialView => {
  const root = mkdtempSync(join(tmpdir(), 'greenroom-official-'));
  const folder = join(root, 'projects', '-demo');
  const agents = join(folder, ID, 'subagents');
  mkdirSync(agents, { recursive: true });
  const write = (path: string, lines: readonly Uint8Array[]) =>
    writeFileSync(path, Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])));
  vi.stubEnv('CLAUDE_CONFIG_DIR', root);
  return {
    of: async (lines) => {
      write(join(folder, `${ID}.jsonl`), lines);
      return (await getSessionMessages(ID)).map(({ uuid }) => uuid);
    },
    ofAgent: async (lines) => {
      write(join(folder, `${ID}.jsonl`), lines); // an empty session has no agents
      write(join(agents, `agent-${AGENT}.jsonl`), lines);
      return (await getSubagentMessages(ID, AGENT)).map(({ uuid }) => uuid);
    },
    close: () => {
      vi.unstubAllEnvs();
      rmSync(root, { recursive: true, force: true });
    },
  };
};

export interface OurLine {
  readonly uuid: string;
  readonly response: string;
  readonly isAnswer: boolean;
}

/** What people and the model said, as our view has it: no lines that the client put in, no attachments. */
export const ourTalk = (lines: readonly Uint8Array[]): readonly OurLine[] =>
  seenLines(lines.flatMap(objectsOf))
    .filter((line) => line.isTalk && !line.isMeta && line.said.length > 0)
    .map(({ uuid, response, kind }) => ({ uuid, response, isAnswer: kind === 'assistant' }));

/**
 * In an order that does not say in which order parallel tools answered: the lines of a response, and
 * what the user's side answered to it, each sorted.
 */
export const settled = (
  uuids: readonly string[],
  ours: readonly OurLine[],
): readonly (readonly string[])[] => {
  const known = new Map(ours.map((line) => [line.uuid, line]));
  const groups: string[][] = [];
  let response: string | undefined;
  for (const uuid of uuids) {
    const line = known.get(uuid);
    const isSame = line !== undefined && (!line.isAnswer || line.response === response);
    if (groups.length === 0 || !isSame) groups.push([]);
    if (line?.isAnswer === true) response = line.response;
    groups.at(-1)?.push(uuid);
  }
  return groups.map((group) => group.toSorted());
};
