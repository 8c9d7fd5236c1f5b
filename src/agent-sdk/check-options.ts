/** Options of `query`, checked as a whole: what is wrong is refused before anything starts, what has no effect is said. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { CanUseTool as Answerer } from '../approvals/can-use-tool.ts';
import type { OutputFormat, Thinking } from '../model/answering.ts';
import { GreenroomError } from '../model/errors.ts';
import { plainWords } from '../model/plain-issue.ts';
import { KNOWN_SERVER_TOOLS } from '../model/server-tools.ts';
import { HOOK_EVENTS, type HookFunctions } from '../session/ports/hooks.ts';
import type { OwnTool } from '../tools/own/own-tool.ts';
import { type AgentHost, isHost } from './host.ts';
import { modelNamed } from './models.ts';
import { OPTION_TABLE, type OptionName } from './option-table.ts';
import type { CanUseTool, CheckedOptions, Options, Own, PermissionUpdate } from './options.ts';
import { ownToolsOf } from './tools.ts';

const MODES = ['default', 'acceptEdits', 'bypassPermissions', 'plan', 'dontAsk'] as const;
const text = z.string().min(1);
const texts = z.array(text).readonly();
const isFunction = (value: unknown): boolean => typeof value === 'function';
const objects = z.record(z.string(), z.looseObject({}));
const custom = <T>(is: (value: unknown) => boolean, what: string) => z.custom<T>(is, what);

const Shape = z.object({
  abortController: custom<AbortController>(
    (value) => Object(value).signal instanceof AbortSignal,
    'must be an AbortController',
  ).optional(),
  agents: objects.optional(),
  allowDangerouslySkipPermissions: z.boolean().optional(),
  allowedTools: texts.default([]),
  canUseTool: custom<CanUseTool>(isFunction, 'must be a function').optional(),
  continue: z.boolean().default(false),
  cwd: text.default('.'),
  disallowedTools: texts.default([]),
  effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).optional(),
  env: z.record(z.string(), z.string().optional()).optional(),
  fallbackModel: text.optional(),
  forkSession: z.boolean().default(false),
  hooks: z.record(z.string(), z.array(z.looseObject({})).optional()).default({}),
  forwardSubagentText: z.boolean().default(false),
  includePartialMessages: z.boolean().default(false),
  maxBudgetUsd: z.number().positive().optional(),
  maxThinkingTokens: z.int().min(0).optional(),
  maxTurns: z.int().min(1).optional(),
  mcpServers: objects.default({}),
  model: text.optional(),
  outputFormat: z
    .object({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) })
    .optional(),
  permissionMode: z.enum(MODES, `must be one of ${MODES.join(', ')}`).default('default'),
  permissionPrompts: z.enum(['host', 'none']).optional(),
  persistSession: z.boolean().default(true),
  resume: text.optional(),
  sessionId: text.optional(),
  systemPrompt: z
    .union([
      z.string(),
      texts,
      z.object({ type: z.literal('custom'), prompt: z.union([z.string(), texts]) }),
      z.object({ type: z.literal('preset'), append: z.string().optional() }),
    ])
    .optional(),
  thinking: z
    .discriminatedUnion('type', [
      z.object({
        type: z.literal('adaptive'),
        display: z.enum(['summarized', 'omitted']).optional(),
      }),
      z.object({
        type: z.literal('enabled'),
        budgetTokens: z.int().optional(),
        display: z.enum(['summarized', 'omitted']).optional(),
      }),
      z.object({ type: z.literal('disabled') }),
    ])
    .optional(),
  title: text.optional(),
  tools: z
    .union([texts.or(z.array(z.never())), z.object({ type: z.literal('preset') })])
    .optional(),
  greenroom: custom<AgentHost>(isHost, 'must be a running Greenroom of this process').optional(),
  dataDir: text.optional(),
});
type Checked = z.output<typeof Shape>;

/** Throws `invalid_settings` that names the option; values are not repeated. */
export const checkedOptions = (options: Options, nowMs: number): CheckedOptions => {
  const { data, error } = Shape.safeParse(options, { error: plainWords });
  const [issue] = error?.issues ?? [];
  if (data === undefined) throw wrong(`${issue?.path.map(String).join('.')}: ${issue?.message}`);
  mustFitTogether(data);
  const { hooks, warnings: ofHooks } = hooksOf(data.hooks);
  const { servers, tools, ownServers } = serversOf(data.mcpServers);
  const agents = agentsOf(data.agents ?? {}, nowMs);
  const cwd = resolve(data.cwd);
  const { greenroom: host, dataDir, env, persistSession, resume, systemPrompt } = data;
  mustBeAble(host, servers, agents.types);
  return {
    host,
    room: {
      dataDir: dataDir === undefined ? undefined : resolve(dataDir),
      env: env === undefined ? undefined : settingsIn(env),
      cwd: Object.keys(servers).length === 0 ? undefined : cwd,
      ...{ inMemory: !persistSession, mcpServers: servers, agents: agents.types },
    },
    functions: { tools, hooks },
    ownServers,
    mayBypass: data.allowDangerouslySkipPermissions ?? false,
    canUseTool: data.permissionPrompts === 'none' ? undefined : data.canUseTool,
    abort: data.abortController?.signal,
    session: {
      ...{ named: data.sessionId, resume, isContinued: data.continue },
      ...{ isForked: data.forkSession, isKept: persistSession },
    },
    settings: {
      ...{ title: data.title, systemPrompt: promptOf(systemPrompt), workingDirectory: cwd },
      permissionMode: data.permissionMode,
      ...{ allowedTools: data.allowedTools, disallowedTools: data.disallowedTools },
      fallbackModel: modelNamed(data.fallbackModel, nowMs),
      tools: Array.isArray(data.tools) ? (data.tools as readonly string[]) : undefined,
    },
    turn: {
      ...{ model: modelNamed(data.model, nowMs), thinking: thinkingOf(data), effort: data.effort },
      ...{ outputFormat: data.outputFormat as OutputFormat | undefined },
      ...{ maxTurns: data.maxTurns, maxBudgetUsd: data.maxBudgetUsd },
      isStreamed: data.includePartialMessages,
      isForwarded: data.forwardSubagentText,
    },
    warnings: [
      ...unusedIn(options),
      ...ofHooks,
      ...agents.warnings,
      ...(Array.isArray(data.tools) && data.tools.includes('WebSearch' as never) ? [SEARCH] : []),
      ...(host === undefined || env === undefined ? [] : ['env is ignored: greenroom has its key']),
      ...(Object(systemPrompt).type === 'preset' ? [PRESET] : []),
    ],
  };
};

/** What configures a Greenroom: two programs' variables may differ in all else. */
const settingsIn = (env: NonNullable<Checked['env']>): NonNullable<Checked['env']> =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) =>
      /^(?:ANTHROPIC|GREENROOM|CLAUDE|XDG)_|^HOME$/.test(name),
    ),
  );

const SEARCH = `tools: nothing here is called WebSearch: name ${KNOWN_SERVER_TOOLS[0]}`;

const PRESET = 'systemPrompt: the text of the preset claude_code is not here: append alone is used';

export const wrong = (reason: string): GreenroomError =>
  new GreenroomError('invalid_settings', `options: ${reason}`);

/** What is ignored; throws for what is refused, or is no option. */
const unusedIn = (options: Options): readonly string[] =>
  Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined || value === null || Object.hasOwn(OWN, name)) return [];
    if (!Object.hasOwn(OPTION_TABLE, name)) throw wrong(`${name}: there is no such option`);
    const fate = OPTION_TABLE[name as OptionName];
    if (fate.is === 'refused' && !isEmpty(value)) throw wrong(`${name} is refused: ${fate.why}`);
    return fate.is === 'ignored' ? [`${name} is ignored: ${fate.why}`] : [];
  });

const OWN: Readonly<Record<keyof Own, true>> = { greenroom: true, dataDir: true };

/** It asks for nothing. */
const isEmpty = (value: unknown): boolean =>
  value === false || (typeof value === 'object' && Object.keys(Object(value)).length === 0);

const mustFitTogether = (data: Checked): void => {
  const { permissionMode, allowDangerouslySkipPermissions: mayskip = false } = data;
  if (permissionMode === 'bypassPermissions' && !mayskip)
    throw wrong('bypassPermissions needs allowDangerouslySkipPermissions: true');
  if (data.resume !== undefined && data.continue) throw wrong('give resume or continue, not both');
  const goesOn = data.resume !== undefined || data.continue;
  if (data.sessionId !== undefined && goesOn && !data.forkSession)
    throw wrong('sessionId names a new session: with resume or continue it needs forkSession');
  if (data.greenroom !== undefined && data.dataDir !== undefined)
    throw wrong('give greenroom or dataDir, not both');
};

const mustBeAble = (
  host: AgentHost | undefined,
  servers: CheckedServers['servers'],
  agents: object,
): void => {
  if (host === undefined) return;
  if (Object.keys(servers).length > 0)
    throw wrong('mcpServers: greenroom has its own servers (mcpFile); only sdk servers go with it');
  if (Object.keys(agents).length > 0)
    throw wrong('agents: greenroom has its own (agentsFile): configure them there');
};

const hooksOf = (written: Checked['hooks']) => {
  const known: readonly string[] = HOOK_EVENTS;
  const given = Object.entries(written).filter(([, groups]) => (groups ?? []).length > 0);
  const hooks = Object.fromEntries(given.filter(([event]) => known.includes(event)));
  const warnings = given
    .filter(([event]) => !known.includes(event))
    .map(([event]) => `hooks.${event} is ignored: there is no such event here`);
  return { hooks: hooks as unknown as HookFunctions, warnings };
};

interface CheckedServers {
  readonly servers: Readonly<Record<string, unknown>>;
  readonly tools: readonly OwnTool[];
  readonly ownServers: readonly string[];
}

const serversOf = (written: Checked['mcpServers']): CheckedServers => {
  const all = Object.entries(written);
  const ofProgram = all.filter(([, { type }]) => type === 'sdk');
  return {
    servers: Object.fromEntries(all.filter(([, { type }]) => type !== 'sdk')),
    ownServers: ofProgram.map(([name]) => name),
    tools: ofProgram.flatMap(([name, config]) => ownToolsOf(name, config)),
  };
};

const AGENT_FIELDS: readonly string[] = ['description', 'prompt', 'tools', 'model'];
/** To ignore these would give an agent more than it is to have. */
const RESTRICTING: readonly string[] = [
  ...['disallowedTools', 'permissionMode', 'mcpServers', 'maxTurns'],
];

const agentsOf = (written: Readonly<Record<string, object>>, nowMs: number) => {
  const warnings: string[] = [];
  const typeOf = (name: string, agent: object) => {
    const fields = Object.entries(agent).filter(([, value]) => value !== undefined);
    for (const [field] of fields) {
      if (RESTRICTING.includes(field)) throw wrong(`agents.${name}.${field} is not done here`);
      if (!AGENT_FIELDS.includes(field)) warnings.push(`agents.${name}.${field} is ignored`);
    }
    const kept = Object.fromEntries(fields.filter(([field]) => AGENT_FIELDS.includes(field)));
    const { model } = kept;
    return typeof model === 'string' ? { ...kept, model: modelNamed(model, nowMs) } : kept;
  };
  const types = Object.entries(written).map(
    ([name, agent]) => [name, typeOf(name, agent)] as const,
  );
  return { types: Object.fromEntries(types), warnings };
};

export const thinkingOf = ({
  thinking,
  maxThinkingTokens,
}: Pick<Checked, 'thinking' | 'maxThinkingTokens'>): Thinking | undefined => {
  if (thinking === undefined) {
    if (maxThinkingTokens === undefined) return undefined;
    return maxThinkingTokens === 0
      ? { type: 'disabled' }
      : { type: 'enabled', budgetTokens: maxThinkingTokens };
  }
  if (thinking.type !== 'enabled') return thinking as Thinking;
  const { budgetTokens, display } = thinking;
  const shown = display === undefined ? {} : { display };
  return budgetTokens === undefined
    ? { type: 'adaptive', ...shown }
    : { type: 'enabled', budgetTokens, ...shown };
};

/** Marks in the official SDK which part of a list is the same for all; here all of it is. */
export const SYSTEM_PROMPT_DYNAMIC_BOUNDARY = '__SYSTEM_PROMPT_DYNAMIC_BOUNDARY__';

const promptOf = (written: Checked['systemPrompt']): string | undefined => {
  if (written === undefined || typeof written === 'string') return written || undefined;
  if ('type' in written)
    return written.type === 'custom' ? promptOf(written.prompt) : written.append || undefined;
  return promptOf(written.filter((part) => part !== SYSTEM_PROMPT_DYNAMIC_BOUNDARY).join('\n\n'));
};

/** Without a function, what would be asked is denied at once: no answer would come. */
export const answererOf =
  (canUseTool: CanUseTool | undefined, ownId: string): Answerer =>
  (toolName, input, { signal, suggestions, toolUseID, approvalId, reason, sessionId }) => {
    if (canUseTool === undefined) return { behavior: 'deny', message: NOBODY };
    const agent = sessionId === ownId ? {} : { agentID: sessionId };
    return canUseTool(
      toolName,
      { ...input },
      {
        ...{ signal, toolUseID, requestId: approvalId, decisionReason: reason, ...agent },
        suggestions: structuredClone(suggestions) as PermissionUpdate[],
      },
    ) as ReturnType<Answerer>;
  };

const NOBODY =
  'There is no one to ask (no_one_to_ask): the program answers no questions about tools.';
