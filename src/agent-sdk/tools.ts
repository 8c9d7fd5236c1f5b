/** Tools that are functions of the program, in the form of the Agent SDK: `tool` and `createSdkMcpServer`. */
import { z } from 'zod';
import { GreenroomError } from '../model/errors.ts';
import type { ResultBlock } from '../session/ports/tools.ts';
import { namesOfTools } from '../tools/mcp/tool-names.ts';
import type { OwnTool } from '../tools/own/own-tool.ts';

/** What a tool gives, as MCP has it. Blocks other than `text`, `image` and `resource` are shown to the model as JSON. */
export interface CallToolResult {
  content: readonly { readonly type: string; readonly [field: string]: unknown }[];
  isError?: boolean;
  [field: string]: unknown;
}

export interface ToolAnnotations {
  readonly title?: string;
  /** A call that was lost in a crash is made again. */
  readonly readOnlyHint?: boolean;
  /** The same. */
  readonly idempotentHint?: boolean;
  readonly destructiveHint?: boolean;
  readonly openWorldHint?: boolean;
}

export interface ToolExtra {
  readonly signal: AbortSignal;
  readonly sessionId: string;
  readonly toolUseId: string;
}

export interface SdkMcpToolDefinition<Shape extends z.ZodRawShape = z.ZodRawShape> {
  name: string;
  description: string;
  inputSchema: Shape;
  annotations?: ToolAnnotations;
  /** A method, so that tools of several shapes fit into one list. */
  handler(args: z.output<z.ZodObject<Shape>>, extra: ToolExtra): Promise<CallToolResult>;
}

/**
 * Declares a tool. Its name in rules is `mcp__<server>__<name>`, and as all tools of servers it is asked about unless a rule
 * allows it.
 * @param inputSchema fields of zod 4. @param extras `annotations` alone has an effect.
 */
export const tool = <Shape extends z.ZodRawShape>(
  name: string,
  description: string,
  inputSchema: Shape,
  handler: (args: z.output<z.ZodObject<Shape>>, extra: ToolExtra) => Promise<CallToolResult>,
  extras: { annotations?: ToolAnnotations; searchHint?: string; alwaysLoad?: boolean } = {},
): SdkMcpToolDefinition<Shape> => ({
  ...{ name, description, inputSchema, handler },
  ...(extras.annotations === undefined ? {} : { annotations: extras.annotations }),
});

export interface CreateSdkMcpServerOptions {
  name: string;
  version?: string;
  /** Not used. */
  instructions?: string;
  tools?: readonly SdkMcpToolDefinition[];
  /** Always so here. */
  alwaysLoad?: boolean;
  /** Milliseconds that a call may take; default 60,000. */
  timeout?: number;
}

/** Tools that are called in this process; no server is behind them. */
export class SdkMcpServer {
  readonly tools: readonly SdkMcpToolDefinition[];

  constructor(tools: readonly SdkMcpToolDefinition[]) {
    this.tools = tools;
  }
}

export interface McpSdkServerConfigWithInstance {
  type: 'sdk';
  name: string;
  timeout?: number;
  instance: SdkMcpServer;
}

export const createSdkMcpServer = ({
  name,
  tools = [],
  timeout,
}: CreateSdkMcpServerOptions): McpSdkServerConfigWithInstance => ({
  ...{ type: 'sdk', name, instance: new SdkMcpServer(tools) },
  ...(timeout === undefined ? {} : { timeout }),
});

const Server = z.looseObject({
  instance: z.custom<SdkMcpServer>(
    (value) => value instanceof SdkMcpServer,
    'must be what createSdkMcpServer of greenroom/agent-sdk gives',
  ),
  timeout: z.int().min(1_000).optional(),
  tools: z
    .undefined('policies of tools are not done here: use allowedTools and disallowedTools')
    .optional(),
});

/** As Greenroom's own tools. Throws `invalid_settings`. @param server the name that the options have it by. */
export const ownToolsOf = (server: string, config: unknown): readonly OwnTool[] => {
  const { data, error } = Server.safeParse(config);
  if (data === undefined) {
    const [issue] = error.issues;
    throw wrong(`mcpServers.${server}.${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { tools } = data.instance;
  const names = namesOfTools(
    server,
    tools.map(({ name }) => name),
  );
  if (names.size < tools.length) throw wrong(`mcpServers.${server}: two tools have one name`);
  return tools.map((each) => ownToolOf(each, names.get(each.name) ?? each.name, data.timeout));
};

const ownToolOf = (
  { name, description, inputSchema, annotations, handler }: SdkMcpToolDefinition,
  fullName: string,
  timeoutMs: number | undefined,
): OwnTool => {
  if (!Object.values(inputSchema).every((field) => Object(field)._zod !== undefined))
    throw wrong(`the tool ${name}: its schema must be an object of zod 4's types`);
  const { readOnlyHint, idempotentHint } = annotations ?? {};
  const mayRepeat = readOnlyHint === true || idempotentHint === true;
  return {
    ...{ name: fullName, description, input: z.object(inputSchema) },
    ...(mayRepeat ? { effect: 'idempotent' } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    run: async (input: never, { signal, sessionId, toolUseId }) =>
      blocksOf(await handler(input, { signal, sessionId, toolUseId })),
  };
};

/** Throws what the tool says is an error: so it is one for the model too. */
const blocksOf = ({ content, isError = false }: CallToolResult): readonly ResultBlock[] => {
  const blocks = content.map(blockOf);
  if (!isError) return blocks;
  throw new Error(blocks.map((each) => (each.type === 'text' ? each.text : each.type)).join('\n'));
};

const blockOf = (block: CallToolResult['content'][number]): ResultBlock => {
  const { type, text, data, mimeType, resource } = block;
  if (type === 'text' && typeof text === 'string') return { type, text };
  if (type === 'image' && typeof data === 'string' && typeof mimeType === 'string')
    return { type, source: { type: 'base64', media_type: mimeType, data } };
  const inside: unknown = Object(resource).text;
  return { type: 'text', text: typeof inside === 'string' ? inside : JSON.stringify(block) };
};

const wrong = (reason: string): GreenroomError =>
  new GreenroomError('invalid_settings', `options: ${reason}`);
