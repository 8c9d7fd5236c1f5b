/** A session's own MCP servers, from a file in the form of `.mcp.json`. Variables are those of who types, not the daemon's. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { expanded } from '../config/expand.ts';
import type { SessionRequests } from '../session/verbs/registry.ts';
import { usageError } from './failure.ts';

type Servers = NonNullable<SessionRequests['create']['mcpServers']>;

/** The daemon checks the servers. Throws a usage error for a file that cannot be used. */
export const mcpServersFrom = (file: string, here: string, env = process.env): Servers => {
  const { value, missing } = expanded(serversIn(resolve(here, file)), env);
  const [variable] = missing;
  if (variable !== undefined)
    throw usageError(
      `${file}: the environment has no ${variable}`,
      `set it, or write \${${variable}:-default}`,
    );
  return value as Servers;
};

const serversIn = (path: string): object => {
  const { mcpServers } = Object(parsed(path)) as { mcpServers?: unknown };
  if (typeof mcpServers !== 'object' || mcpServers === null)
    throw usageError(`${path} has no servers`, 'write { "mcpServers": { name: server, … } }');
  return mcpServers;
};

const parsed = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw usageError(`${path} cannot be used: ${(error as Error).message}`);
  }
};
