/**
 * Permission rules, and tools, where they are set: tools that could run nothing here are refused, and names of tools that look
 * misspelt. A rule that could never match is refused too, because its author relies on it. What is stored already, by classic stores or an older version, stays as it is: `src/session/tools/judge.ts` says what it is worth.
 */
import { GreenroomError } from '../../model/errors.ts';
import type { Settings } from '../../model/head.ts';
import { isServerTool, meantServerTool } from '../../model/server-tools.ts';
import type { Behavior } from '../../permissions/rule.ts';
import { parseRule, printRule } from '../../permissions/rule.ts';
import { ALIASES, BUILT_IN_TOOLS } from '../../permissions/tools.ts';
import { guess } from '../../platform/guess.ts';
import { sandboxInForce, sandboxName, serverRulesName, toolboxName } from '../ports/tools.ts';
import { API_TOOLS } from '../tools/api-tools.ts';
import { wantsTools } from '../tools/offer.ts';
import type { Ground } from './verb.ts';

/** As it is printed. Throws `invalid_settings`, with what was probably meant. */
export const ruleToSet = ({ caller }: Ground, text: string, behavior: Behavior): string => {
  const tools = caller.system.find(toolboxName)?.tools.map(({ name }) => name) ?? [];
  return printRule(parseRule(text, { behavior, tools }));
};

/** Throws `invalid_settings` for the first rule that could never match. */
export const mustBeRules = (
  ground: Ground,
  { allowedTools = [], disallowedTools = [] }: Pick<Settings, 'allowedTools' | 'disallowedTools'>,
): void => {
  for (const text of allowedTools) ruleToSet(ground, text, 'allow');
  for (const text of disallowedTools) ruleToSet(ground, text, 'deny');
};

const API_TYPES: readonly string[] = API_TOOLS.map(({ type }) => type);
const ALL_NAMES: readonly string[] = [...BUILT_IN_TOOLS, ...API_TYPES];

/**
 * Throws `invalid_settings` for a name in `tools` that looks like a misspelt one of Greenroom's own tools, or that Claude Code has and
 * nothing here does. Any other may be the name of a service or of a server's tool that is not there yet: `explain` says which are not.
 * @param written `before`: by another, who may have been an older version. It is not refused for a tool that nothing here has.
 */
export const mustBeTools = (
  { caller }: Ground,
  { tools = [] }: Pick<Settings, 'tools'>,
  written: 'now' | 'before' = 'now',
): void => {
  if (tools.length === 0) return;
  const there = caller.system.find(toolboxName)?.tools ?? [];
  for (const name of tools) {
    if (isServerTool(name) || there.some((tool) => tool.name === name)) continue;
    const ofServer = meantServerTool(name);
    if (ALL_NAMES.includes(name) && (ofServer === undefined || written === 'before')) continue;
    const alias = ofServer ?? (Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined);
    const near = alias === undefined ? guess(name, ALL_NAMES, 1) : ` (did you mean ${alias}?)`;
    if (near !== '')
      throw new GreenroomError('invalid_settings', `tools: there is no tool ${name}${near}`, {
        details: { field: 'tools' },
      });
  }
};

/** Tools that run shell commands. */
export const COMMAND_TOOLS: readonly string[] = ['Bash', 'bash_20250124'];

type Wish = Pick<Settings, 'tools' | 'disallowedTools' | 'workingDirectory'>;

/**
 * Throws `sandbox_missing` where the session would be offered shell commands, and none could run: one that is set up for
 * work that it cannot do is told so at once, not in the middle of a turn.
 */
export const mustHaveSandbox = ({ caller }: Ground, wish: Wish): void => {
  const sandbox = caller.system.find(sandboxName);
  if (sandbox === undefined || sandboxInForce(sandbox) !== 'missing' || !wantsTools(wish)) return;
  const { tools, disallowedTools: denied = [] } = wish;
  const wanted = COMMAND_TOOLS.filter(
    (name) =>
      !denied.includes('Bash') && // then the API's is not offered either
      !denied.includes(name) &&
      (tools?.includes(name) ?? name === 'Bash'),
  );
  if (wanted.length > 0)
    throw new GreenroomError(
      'sandbox_missing',
      `${wanted.join(', ')}: commands must run in a sandbox (GREENROOM_SANDBOX=required), and ${sandbox.missing}`,
      { details: { field: 'tools' } },
    );
};

/** Throws `invalid_settings` for MCP servers that the daemon does not run for sessions. */
export const mustBeServers = (
  { caller }: Ground,
  { mcpServers }: Pick<Settings, 'mcpServers'>,
): void => {
  if (mcpServers === undefined || Object.keys(mcpServers).length === 0) return;
  const rules = caller.system.find(serverRulesName);
  const fault = rules === undefined ? NO_SERVERS : rules.faultOf(mcpServers);
  if (fault !== undefined)
    throw new GreenroomError('invalid_settings', fault, { details: { field: 'mcpServers' } });
};

const NO_SERVERS = 'mcpServers: no MCP servers run here (GREENROOM_TOOLS)';
