/**
 * The names that sessions have for the tools of MCP servers: `mcp__<server>__<tool>`. Pure.
 *
 * 1. A name has letters, digits, `_` and `-` only, and at most 64 of them: the API refuses others.
 * 2. No two tools of a server have the same one; servers' own parts differ already.
 */
import { createHash } from 'node:crypto';
import { plainToolName } from '../../model/plain-tool-name.ts';

const MAX_NAME = 64;
/** Of the server's part, so that something is left for the tool's. */
export const MAX_SERVER_NAME = 40;
const DIGEST_LENGTH = 8;

export const plainName = plainToolName;

/** By the tools' own names, in their order. Of those that would be called alike, the later ones have a number. */
export const namesOfTools = (
  server: string,
  tools: Iterable<string>,
): ReadonlyMap<string, string> => {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const tool of [...new Set(tools)].toSorted()) {
    const name = firstFree(`mcp__${plainName(server)}__${plainName(tool)}`, tool, taken);
    taken.add(name);
    names.set(tool, name);
  }
  return names;
};

const firstFree = (wanted: string, tool: string, taken: ReadonlySet<string>): string => {
  const name = cut(wanted, tool);
  for (let number = 1; ; number += 1) {
    const ending = number === 1 ? '' : `_${number}`;
    const numbered = name.slice(0, MAX_NAME - ending.length) + ending;
    if (!taken.has(numbered)) return numbered;
  }
};

/** What is too long ends with a digest of the whole, so that it is the same whatever tools are beside it. */
const cut = (wanted: string, tool: string): string => {
  if (wanted.length <= MAX_NAME) return wanted;
  const digest = createHash('sha256').update(tool).digest('hex').slice(0, DIGEST_LENGTH);
  return `${wanted.slice(0, MAX_NAME - DIGEST_LENGTH - 1)}_${digest}`;
};
