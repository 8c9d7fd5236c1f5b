/** What a sub-agent's session begins with: never more than its parent may. */
import { wellCut, wellFormed } from '../../model/bounds.ts';
import { given } from '../../model/given.ts';
import { type ChildOf, deniesAsks, type Head, type Settings } from '../../model/head.ts';
import { usdOf } from '../../model/money.ts';
import { isServerTool, serverToolName } from '../../model/server-tools.ts';
import { HOLD_TAG } from '../../model/tag-key.ts';
import type { OpenTurn } from '../../model/turn.ts';
import { isConnected } from '../../session/tools/connectors.ts';
import { removeTags } from '../../tags/tags.ts';
import type { AgentType } from './agent-types.ts';

export const AGENT = 'Agent';

const MAX_TITLE = 500;

export interface Wish {
  readonly description: string;
  readonly type: AgentType;
  readonly model: string | undefined;
}

export interface Bounds {
  readonly depth: number;
  readonly maxDepth: number;
  /** What it may cost; undefined: its parent has no limit. */
  readonly leftNanoUsd: number | undefined;
  /** Names of servers that the API may call; default: none. */
  readonly connectors?: readonly string[] | undefined;
}

export const depthBelow = ({ childOf }: Pick<Head, 'childOf'>): number => (childOf?.depth ?? 0) + 1;

export const isSameCall = (one: ChildOf | undefined, other: ChildOf): boolean =>
  one?.sessionId === other.sessionId &&
  one.turnId === other.turnId &&
  one.toolUseId === other.toolUseId;

export const childSettings = (
  parent: Head,
  turn: OpenTurn,
  { description, type, model }: Wish,
  { depth, maxDepth, leftNanoUsd, connectors = [] }: Bounds,
): Settings => {
  const mayHaveChildren = depth < maxDepth;
  const ofType = type.model === 'inherit' ? undefined : type.model;
  const maxSteps = turn.options.maxSteps ?? parent.limits?.maxSteps;
  const maxCostUsd = leftNanoUsd === undefined ? undefined : usdOf(leftNanoUsd);
  return given({
    title: wellCut(wellFormed(description), MAX_TITLE),
    mode: 'background',
    owner: parent.owner,
    tags: tagsOf(parent),
    model: model ?? ofType ?? turn.options.model ?? parent.model,
    systemPrompt: type.prompt,
    maxTokens: parent.maxTokens,
    context: parent.context,
    thinking: turn.options.thinking ?? parent.thinking,
    effort: turn.options.effort ?? parent.effort,
    workingDirectory: parent.workingDirectory,
    tools: toolsOf(parent.tools, type.tools, connectors),
    serverTools: serverToolsOf(parent.serverTools, type.tools),
    permissionMode: parent.permissionMode,
    approvals: deniesAsks(parent) ? 'deny' : parent.approvals,
    allowedTools: parent.allowedTools,
    disallowedTools: mayHaveChildren
      ? parent.disallowedTools
      : [...new Set([...(parent.disallowedTools ?? []), AGENT])],
    policies: parent.policies,
    mcpServers: parent.mcpServers,
    hooks: parent.hooks,
    includePartialMessages: parent.includePartialMessages,
    retry: parent.retry,
    limits:
      maxSteps === undefined && maxCostUsd === undefined
        ? undefined
        : given({ maxSteps, maxCostUsd }),
  });
};

/** So it is under the budgets that its parent is under. A hold is of the parent alone: it was said of what is in it. */
const tagsOf = ({ tags }: Head): string[] | undefined => {
  const inherited = removeTags(tags, [HOLD_TAG]);
  return inherited.length === 0 ? undefined : [...inherited];
};

/** Those of both. One that the API runs or calls has to be named by the parent: there it is by no default. */
const toolsOf = (
  ofParent: readonly string[] | undefined,
  ofType: readonly string[] | undefined,
  connectors: readonly string[],
): string[] | undefined => {
  if (ofType === undefined) return ofParent && [...ofParent];
  const isDefault = (name: string) => !isServerTool(name) && !isConnected(name, connectors);
  return ofType.filter((name) => ofParent?.includes(name) ?? isDefault(name));
};

/** With their options; where its type names tools, those that it names, of whichever version. */
const serverToolsOf = (
  ofParent: Head['serverTools'],
  ofType: readonly string[] | undefined,
): Head['serverTools'] => {
  if (ofType === undefined) return ofParent;
  const names = ofType.map(serverToolName);
  const own = ofParent?.filter(({ type }) => names.includes(serverToolName(type)));
  return own?.length === 0 ? undefined : own;
};
