/**
 * The options of classic programs, by the names of the older SDK. The name is a schema, which fills in the defaults
 * (`ClaudeAgentOptions.parse({})`), and the type of what a program may give: plain objects are taken everywhere.
 */
import { z } from 'zod';
import type { CanUseTool } from '../approvals/can-use-tool.ts';
import { DEFAULT_MODEL, PermissionMode } from '../classic/models.ts';
import { missingOperations, type SessionStore } from '../classic/session-store.ts';
import { GreenroomError } from '../model/errors.ts';
import { plainWords } from '../model/plain-issue.ts';
import type { HookFunctions } from '../session/ports/hooks.ts';

const Store = z.custom<SessionStore>(
  (value) => missingOperations(value).length === 0,
  'is no SessionStore: it lacks operations',
);
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const names = z.array(z.string().min(1)).optional();

export const ClaudeAgentOptions = z.strictObject({
  /** Model of each call, also in a session that was made with another one. */
  model: z.string().min(1).default(DEFAULT_MODEL),
  /** Where the session is kept; default: a `FileSessionStore` in `~/.claude`. */
  sessionStore: Store.optional(),
  /** Of a session that is made. */
  workingDirectory: z.string().min(1).default('.'),
  /** Of a session that is made. */
  permissionMode: PermissionMode.default('ask'),
  /** Turns of the session; at the limit nothing is stored, and nothing is given. */
  maxTurns: z.int().min(0).default(100),
  /** The session to go on with; one that does not exist is made. Default: a new one. */
  resume: z.string().optional(),
  /** Default: `ANTHROPIC_API_KEY`. Held in memory alone. */
  anthropicApiKey: z.string().min(1).optional(),
  systemPrompt: z.string().optional(),
  /** Names of the tools that the model is offered. Without `tools`, `allowedTools` and `mcpServers` it is offered none. */
  tools: z.array(z.string().min(1)).optional(),
  /** Permission rules for calls that need no asking. */
  allowedTools: names,
  /** Permission rules for calls that are refused. */
  disallowedTools: names,
  /** Answers tool calls that no rule decides. Without it, and without `servers`, they are denied at once. */
  canUseTool: z
    .custom<CanUseTool>((value) => typeof value === 'function', 'must be a function')
    .optional(),
  /** Functions by event, as `startGreenroom` takes them; not with `servers`: a daemon has its own. */
  hooks: z.custom<HookFunctions>(isObject, 'must be an object').optional(),
  /** Servers by name, as in the file `GREENROOM_MCP_FILE`; not with `servers`: a daemon has its own. */
  mcpServers: z.custom<Readonly<Record<string, object>>>(isObject, 'must be an object').optional(),
  /** A daemon's broker: sessions and turns are there. Without it everything runs in this process. */
  servers: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  /** With `servers`: a credentials file. */
  creds: z.string().min(1).optional(),
  /** With `servers`; default `default`. */
  tenant: z.string().min(1).optional(),
});
export type ClaudeAgentOptions = z.input<typeof ClaudeAgentOptions>;

/** The older name. */
export const ClaudeCodeOptions = ClaudeAgentOptions;
export type ClaudeCodeOptions = ClaudeAgentOptions;

export type CheckedOptions = z.output<typeof ClaudeAgentOptions>;

/** With the defaults. Throws `invalid_settings` that names the option; values are not repeated. */
export const checkedOptions = (options: ClaudeAgentOptions = {}): CheckedOptions => {
  const { data, error } = ClaudeAgentOptions.safeParse(options, { error: plainWords });
  if (data === undefined) throw wrong(reasonOf(error.issues[0]));
  mustFitTogether(data);
  return data;
};

const wrong = (reason: string): GreenroomError =>
  new GreenroomError('invalid_settings', `options: ${reason}`);

const reasonOf = (issue: z.core.$ZodIssue | undefined): string => {
  if (issue?.code === 'unrecognized_keys')
    return `${issue.keys.join(', ')}: there is no such option`;
  return `${issue?.path.map(String).join('.')}: ${issue?.message}`;
};

/** Whether the options ask for more than a plain call of the API: tools, or hooks, which see tools and prompts. */
export const needsHands = (options: CheckedOptions): boolean =>
  [options.tools, options.allowedTools, options.mcpServers, options.hooks].some(isGiven);

const isGiven = (value: object | undefined): boolean =>
  value !== undefined && Object.keys(value).length > 0;

/** What would be ignored is refused. */
const mustFitTogether = (options: CheckedOptions): void => {
  const { servers, creds, tenant, sessionStore, anthropicApiKey } = options;
  if (servers !== undefined && (sessionStore !== undefined || anthropicApiKey !== undefined))
    throw wrong('with servers the daemon has the store and the key: leave out yours');
  if (servers === undefined && (creds !== undefined || tenant !== undefined))
    throw wrong('creds and tenant are for servers');
  if (servers !== undefined && isGiven(options.hooks))
    throw wrong('with servers the daemon has its own hooks: configure them there');
};
