/** Kinds of sub-agents that a model may choose from: the built-in one, and those of the operator's file. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../../config/config-error.ts';
import { tried } from '../../model/parse.ts';

export interface AgentType {
  readonly name: string;
  /** For the model that chooses: when to use it. */
  readonly description: string;
  /** Its system prompt. */
  readonly prompt: string;
  /** Names of its tools, of those that its session's parent has; absent: all of them. */
  readonly tools?: readonly string[] | undefined;
  /** Absent or `inherit`: the parent's. */
  readonly model?: string | undefined;
}

export const GENERAL_PURPOSE: AgentType = {
  name: 'general-purpose',
  description: 'For searches over many files and for work of several steps. It has all tools.',
  prompt:
    'You do one piece of work for another agent. It sees nothing of what you do but your last message: report there what you found or changed, with the names of files and the facts that it needs, and say what you could not do. Do what was asked and no more.',
};

/** Kinds in one file. */
const MAX_TYPES = 200;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_:.-]{0,63}$/;

const Type = z.strictObject({
  description: z.string().min(1).max(4_000),
  prompt: z.string().min(1).max(200_000),
  tools: z.array(z.string().min(1).max(256)).max(1_000).optional(),
  model: z.string().min(1).max(200).optional(),
});

const File = z.strictObject({
  agents: z
    .record(z.string().regex(NAME, 'is no name for an agent'), Type)
    .refine((agents) => Object.keys(agents).length <= MAX_TYPES, `at most ${MAX_TYPES} agents`),
});

/** The same of what a program gives. Throws `invalid_settings`. */
export const agentTypesOf = (agents: Readonly<Record<string, unknown>>): readonly AgentType[] =>
  typesOf({ agents }, (what) => new ConfigError(what));

/** Throws `invalid_settings`, with what is wrong and where. */
export const agentTypesIn = (file: string): readonly AgentType[] => {
  const setting = 'GREENROOM_AGENTS_FILE';
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${setting}: ${file}: ${error instanceof Error ? error.message : error}`);
  }
  return typesOf(read, (what) => new ConfigError(`${setting}: ${file}: ${what}`));
};

const typesOf = (written: unknown, fault: (what: string) => ConfigError): readonly AgentType[] => {
  const read = tried(File, written);
  if ('fault' in read) throw fault(read.fault);
  return Object.entries(read.data.agents).map(([name, type]) => ({ name, ...type }));
};

/** By their names; one of the file replaces the built-in one of its name. */
export const allTypes = (types: readonly AgentType[]): ReadonlyMap<string, AgentType> =>
  new Map([GENERAL_PURPOSE, ...types].map((type) => [type.name, type]));
