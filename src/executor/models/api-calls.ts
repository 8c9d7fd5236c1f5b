/** What the API itself has called for an answer: tools that it runs, and servers of the connector. Nobody was asked about these. */
import { plainToolName } from '../../model/plain-tool-name.ts';
import type { ApiCall } from '../../session/ports/executor.ts';

/** Its own types do not know those of the connector, which come under a beta alone. */
type Block = { readonly type: string } & Readonly<Record<string, unknown>>;

/** By the API's names, and those of servers as ours have them. */
export const toolsRunIn = (content: readonly object[]): readonly string[] =>
  (content as readonly Block[]).flatMap((block) => nameOf(block) ?? []);

/** Those whose result is there: it may come in a later answer than the use. */
export const callsOfApi = (content: readonly object[]): readonly ApiCall[] => {
  const names = new Map<unknown, string>();
  const calls: ApiCall[] = [];
  for (const block of content as readonly Block[]) {
    const name = nameOf(block);
    if (name !== undefined) names.set(block['id'], name);
    const { type, tool_use_id: toolUseId } = block;
    const kind = RESULT.exec(type)?.[1];
    if (kind === undefined || typeof toolUseId !== 'string') continue;
    calls.push({ toolUseId, name: names.get(toolUseId) ?? kind, isError: hasFailed(block) });
  }
  return calls;
};

/** `web_search_tool_result`, and `mcp_tool_result`. */
const RESULT = /^(.+)_tool_result$/;

const nameOf = ({ type, name, server_name: server }: Block): string | undefined => {
  if (type === 'server_tool_use') return String(name);
  if (type !== 'mcp_tool_use') return undefined;
  return `mcp__${plainToolName(String(server))}__${plainToolName(String(name))}`;
};

const hasFailed = ({ content, is_error: isError }: Block): boolean => {
  const { type } = (content ?? {}) as { readonly type?: unknown };
  return isError === true || (typeof type === 'string' && type.endsWith('_error'));
};
