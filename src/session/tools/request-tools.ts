/**
 * The tools of a request, as JSON. Pure.
 *
 * 1. Where all definitions together are large, those that may be are deferred: the API keeps them out of the prompt until the
 *    model has searched for them. They stay out of the cached prefix too, so a server with many tools costs it nothing.
 * 2. What a session's model has found stands in its transcript, and the API refuses a request in which that is not defined. So
 *    a tool that is gone is still named, as one that is gone.
 */
import { wholeJson } from '../../model/bounds.ts';
import type { OfferedTool, ToolDefinition } from '../ports/tools.ts';
import type { Toolset } from './connectors.ts';
import type { ServerTool } from './server-tools.ts';

const SEARCH = { type: 'tool_search_tool_bm25_20251119', name: 'tool_search_tool_bm25' } as const;
const GONE = 'It is not available any more.';

export interface RequestTerms {
  /** Those that the API runs itself, as the request says them; never deferred. */
  readonly ofServer?: readonly (ServerTool | Toolset)[];
  /** What the model has found so far. */
  readonly found?: readonly string[] | undefined;
  /** Of all definitions, beyond which those are deferred that may be; undefined: none are. */
  readonly deferBytes?: number | undefined;
}

export const requestTools = (
  offered: readonly OfferedTool[],
  { ofServer = [], found = [], deferBytes = Infinity }: RequestTerms = {},
): string => {
  const all = jsonOf([...offered.map((tool) => inRequest(tool)), ...ofServer]);
  const isLarge =
    offered.some(({ isDeferrable }) => isDeferrable) && Buffer.byteLength(all) > deferBytes;
  if (!isLarge && found.length === 0) return all;
  const names = new Set(
    [...offered, ...ofServer].flatMap((tool) => ('name' in tool ? [tool.name] : [])),
  );
  const known = offered.map((tool) => inRequest(tool, isLarge && tool.isDeferrable === true));
  const gone = found.filter((name) => !names.has(name)).map(goneTool);
  return jsonOf([SEARCH, ...known, ...ofServer, ...gone]);
};

/** Others write what tools say of themselves, in any text. */
const jsonOf = (tools: readonly object[]): string => wholeJson(JSON.stringify(tools));

/** For a call that is to use no tools, of a session whose model has found some; undefined: it has not. */
export const foundTools = (found: readonly string[] = []): string | undefined =>
  found.length === 0 ? undefined : JSON.stringify([SEARCH, ...found.map(goneTool)]);

const inRequest = (
  { name, description, inputSchema, apiType }: ToolDefinition & Pick<OfferedTool, 'apiType'>,
  isDeferred = false,
): object =>
  apiType === undefined
    ? {
        ...{ name, description, input_schema: inputSchema },
        ...(isDeferred ? { defer_loading: true } : {}),
      }
    : { type: apiType, name };

const goneTool = (name: string): object =>
  inRequest({ name, description: GONE, inputSchema: { type: 'object' } }, true);
