/**
 * The file of MCP servers (`GREENROOM_MCP_FILE`): the shape of `.mcp.json`, read once when the daemon starts. What cannot
 * be used in it stops the start, with the place and what to write instead.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../config/config-error.ts';
import { expanded } from '../../config/expand.ts';
import type { Connector } from '../../executor/models/wire.ts';
import { tried } from '../../model/parse.ts';
import { MAX_SERVER_NAME, plainName } from './tool-names.ts';

export interface StdioSettings {
  readonly type: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the few variables that each server sees. */
  readonly env: Readonly<Record<string, string>>;
  /** Where it starts: the file's folder. */
  readonly cwd: string;
}

export interface WebSettings {
  readonly type: 'http' | 'sse';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface McpServerSettings {
  readonly name: string;
  readonly transport: StdioSettings | WebSettings;
  /** Of one call, in milliseconds. */
  readonly timeoutMs: number;
  /** Of one call without a word of progress, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Its tools are in each request from the start, however many there are. */
  readonly isAlwaysLoaded: boolean;
  /** It is started for each session that names it, and for no other. */
  readonly isPerSession: boolean;
}

const TIMEOUT_MS = 10 * 60 * 1_000;
const IDLE_TIMEOUT_MS = 60 * 1_000;
/** 24 days: the longest that a timer of Node can be. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const MAX_SERVERS = 100;

const Timeout = z.int().min(1_000).max(MAX_TIMEOUT_MS);
const Text = z.string().min(1);
const Texts = z.record(z.string(), z.string());
const common = {
  timeout: Timeout.optional(),
  idleTimeout: Timeout.optional(),
  alwaysLoad: z.boolean().default(false),
  perSession: z.boolean().default(false),
};

const Stdio = z.strictObject({
  type: z.literal('stdio').default('stdio'),
  command: Text,
  args: z.array(z.string()).default([]),
  env: Texts.default({}),
  ...common,
});

const Web = z.strictObject({
  type: z.enum(['http', 'sse']),
  url: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }),
  headers: z
    .record(
      z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'a header has no such name'),
      z.string().regex(/^[\t -~]*$/, 'must be one line of printable ASCII characters'),
    )
    .default({}),
  ...common,
});

const Server = z.union([Stdio, Web]);

/** In the API's words. */
const OfApi = z.strictObject({
  type: z.literal('url'),
  url: z.url({ protocol: /^https$/, error: 'must be an https URL' }),
  authorization_token: z
    .string()
    .regex(/^[!-~]+$/, 'must be printable ASCII characters without spaces')
    .optional(),
});

const McpFile = z.object({ mcpServers: z.record(z.string(), z.unknown()) });

/** Throws `ConfigError`, code `invalid_settings`. */
export const mcpServersIn = (
  file: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): readonly McpServerSettings[] => {
  const { servers, problem } = serversOfFile(file);
  const ours = servers.filter(([, written]) => !isOfApi(written));
  return serversOf(ours, { cwd: dirname(file), env, problem });
};

type Written = readonly (readonly [name: string, server: unknown])[];

/** All that it names, of which no two are called alike. */
const serversOfFile = (file: string): { readonly servers: Written; readonly problem: Problem } => {
  const problem: Problem = (what, cause) =>
    new ConfigError(`GREENROOM_MCP_FILE ${file}: ${what}`, { cause });
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw problem((error as Error).message, error);
  }
  const parsed = McpFile.safeParse(written);
  if (!parsed.success) throw problem('it must be `{ "mcpServers": { name: server, … } }`');
  const servers = Object.entries(parsed.data.mcpServers);
  mustBeNames(servers, problem);
  return { servers, problem };
};

/**
 * Those that the API calls by itself (`type: "url"`), in the order of their names. No process and no connection of ours has to do with
 * them, and no session has their tokens. Throws as above.
 */
export const connectorsIn = (
  file: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): readonly Connector[] => {
  const { servers, problem } = serversOfFile(file);
  const refuse = refusing(problem);
  return servers
    .filter(([, written]) => isOfApi(written))
    .map(([name, written]) => connectorOf(name, written, env, refuse))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
};

const isOfApi = (written: unknown): boolean => Object(written).type === 'url';

const connectorOf = (
  name: string,
  written: unknown,
  env: Readonly<Record<string, string | undefined>>,
  refuse: Refuse,
): Connector => {
  const read = tried(OfApi, filled(name, written, env, refuse));
  if ('fault' in read) throw refuse(name, read.fault);
  const { url, authorization_token: token } = read.data;
  return { name: plainName(name), url, ...(token === undefined ? {} : { token }) };
};

/** The same of what a program gives. @param cwd absolute; where programs start. Throws `invalid_settings`. */
export const mcpServersOf = (
  servers: Readonly<Record<string, unknown>>,
  cwd: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): readonly McpServerSettings[] => {
  const problem: Problem = (what, cause) => new ConfigError(what, { cause });
  const written = Object.entries(servers);
  mustBeNames(written, problem);
  return serversOf(written, { cwd, env, problem });
};

/** One that a session brings, as it is written: nothing in it is put in from our environment. The fault, in words. */
export const webServerOf = (name: string, written: unknown): McpServerSettings | string => {
  const fault = faultOfName(name);
  if (fault !== undefined) return fault;
  const read = tried(Web, withType(written));
  if ('fault' in read) return read.fault;
  const server = read.data;
  const { timeout = TIMEOUT_MS, idleTimeout = IDLE_TIMEOUT_MS } = server;
  return {
    ...{ name, transport: transportOf(server, ''), isPerSession: true },
    isAlwaysLoaded: server.alwaysLoad,
    ...{ timeoutMs: timeout, idleTimeoutMs: idleTimeout },
  };
};

/** An address alone means `http`, as for the Agent SDK's own servers. */
const withType = (written: unknown): object => ({ type: 'http', ...Object(written) });

type Problem = (what: string, cause?: unknown) => ConfigError;

interface Where {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly problem: Problem;
}

const refusing =
  (problem: Problem): Refuse =>
  (name, what) =>
    problem(`mcpServers.${name}: ${what}`);

const mustBeNames = (servers: Written, problem: Problem): void => {
  if (servers.length > MAX_SERVERS) throw problem(`it names more than ${MAX_SERVERS} servers`);
  const refuse = refusing(problem);
  const names = new Set<string>();
  for (const [name] of servers) {
    const fault = faultOfName(name);
    if (fault !== undefined) throw refuse(name, fault);
    const plain = plainName(name);
    if (names.has(plain)) throw refuse(name, `another server is called ${plain} too`);
    names.add(plain);
  }
};

const serversOf = (servers: Written, { cwd, env, problem }: Where): readonly McpServerSettings[] =>
  servers.map(([name, written]) => serverOf(name, written, cwd, env, refusing(problem)));

type Refuse = (name: string, what: string) => ConfigError;

/** With the variables that it names. */
const filled = (
  name: string,
  written: unknown,
  env: Readonly<Record<string, string | undefined>>,
  refuse: Refuse,
): unknown => {
  const { value, missing } = expanded(written, env);
  const [variable] = missing;
  if (variable === undefined) return value;
  throw refuse(
    name,
    `the environment has no ${variable}: set it, or write \${${variable}:-default}`,
  );
};

const serverOf = (
  name: string,
  written: unknown,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
  refuse: Refuse,
): McpServerSettings => {
  const value = filled(name, written, env, refuse);
  const read = tried(schemaFor(value), value);
  if ('fault' in read) throw refuse(name, read.fault);
  const server = read.data;
  return {
    ...{ name, transport: transportOf(server, cwd), isPerSession: server.perSession },
    isAlwaysLoaded: server.alwaysLoad,
    timeoutMs: server.timeout ?? TIMEOUT_MS,
    idleTimeoutMs: server.idleTimeout ?? IDLE_TIMEOUT_MS,
  };
};

/** `__` would let two servers share the names of their tools, and a rule for one would hold for the other. */
const faultOfName = (name: string): string | undefined => {
  const plain = plainName(name);
  if (plain === '' || plain.length > MAX_SERVER_NAME)
    return `a name has 1 to ${MAX_SERVER_NAME} characters`;
  return plain.includes('__') || plain.startsWith('_') || plain.endsWith('_')
    ? 'a name has no `_` at its ends and no two in a row; other characters than letters, digits and `-` count as `_`'
    : undefined;
};

/** By what it is meant to be, so that the message is about that. */
const schemaFor = (value: unknown): z.ZodType<z.infer<typeof Server>> => {
  const { type, url } = Object(value) as { type?: unknown; url?: unknown };
  return type === 'http' || type === 'sse' || (type === undefined && url !== undefined)
    ? Web
    : Stdio;
};

const transportOf = (
  server: z.infer<typeof Server>,
  cwd: string,
): McpServerSettings['transport'] => {
  if (server.type !== 'stdio') {
    const { type, url, headers } = server;
    return { type, url, headers };
  }
  const { type, command, args, env } = server;
  return { type, command, args, env, cwd };
};

/** What of them no log may show. */
export const secretsOf = ({ transport }: McpServerSettings): readonly string[] =>
  transport.type === 'stdio'
    ? Object.values(transport.env)
    : [...Object.values(transport.headers), ...secretsInUrl(transport.url)];

const secretsInUrl = (url: string): readonly string[] => {
  const { username, password, searchParams } = new URL(url);
  return [username, password, ...searchParams.values()].filter((text) => text !== '');
};
