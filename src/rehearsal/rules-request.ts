/**
 * What the API refuses about a request beside its messages: tools, what is to be made of them, thinking, breakpoints of
 * the prompt cache. In the API's own words; each rule calls `refuse`, which does not come back.
 */
import { isObject, type Json, objectsOf } from './request-json.ts';
import { faultOfServerTool } from './server-tools.ts';

type Refuse = (message: string) => never;

const MAX_BREAKPOINTS = 4;
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const EFFORTS: readonly unknown[] = ['low', 'medium', 'high', 'xhigh', 'max'];
const THINKING: readonly unknown[] = ['adaptive', 'enabled', 'disabled', 'between_tools'];
const CHOICES: readonly unknown[] = ['auto', 'any', 'tool', 'none'];
/** Without a name of their own: the server that they come from has one. */
const NAMELESS: readonly unknown[] = [
  ...['mcp_toolset', 'computer_toolset_20260801', 'browser_toolset_20260801'],
];

/** Names of the tools that a request offers. */
export const offeredNames = (body: Json): readonly string[] =>
  objectsOf(body.tools).flatMap(({ name }) => (typeof name === 'string' ? [name] : []));

export const checkTools = (body: Json, refuse: Refuse): void => {
  const { tools } = body;
  if (tools === undefined) return;
  if (!Array.isArray(tools)) return refuse('tools: Input should be a valid list');
  for (const [i, tool] of tools.entries()) {
    if (!isObject(tool)) refuse(`tools.${i}: Input should be an object`);
    else checkTool(tool, i, refuse);
  }
  const names = offeredNames(body);
  if (new Set(names).size < names.length) refuse('tools: Tool names must be unique.');
  if (tools.length > 0 && objectsOf(tools).every(({ defer_loading: is }) => is === true))
    refuse('At least one tool must have defer_loading=false.');
  for (const name of referencesIn(body))
    if (!names.includes(name)) refuse(`Tool reference '${name}' not found in available tools`);
};

/** Tools that searches have brought into the conversation. */
const referencesIn = (body: Json): readonly string[] => {
  const names: string[] = [];
  for (const { content } of objectsOf(body.messages))
    for (const { type, content: found } of objectsOf(content)) {
      if (type !== 'tool_search_tool_result' || !isObject(found)) continue;
      const { tool_references: references } = found as { tool_references?: unknown };
      for (const { tool_name: name } of objectsOf(references)) names.push(String(name));
    }
  return names;
};

const checkTool = (tool: Json, index: number, refuse: Refuse): void => {
  const { type = 'custom', name, input_schema: schema } = tool;
  const at = `tools.${index}.${String(type)}`;
  if (NAMELESS.includes(type)) return;
  if (typeof name !== 'string') return refuse(`${at}.name: Field required`);
  if (!TOOL_NAME.test(name))
    refuse(`${at}.name: String should match pattern '${TOOL_NAME.source}'`);
  const fault = faultOfServerTool(tool);
  if (fault !== undefined) refuse(`${at}${fault}`);
  if (type === 'custom' && !isObject(schema)) refuse(`${at}.input_schema: Field required`);
  if (type === 'custom' && isObject(schema) && schema.type !== 'object')
    refuse(`${at}.input_schema.type: Input should be 'object'`);
  if (tool.defer_loading === true && isObject(tool.cache_control))
    refuse(
      `Tool '${name}' cannot have both defer_loading=true and cache_control set. Tools with defer_loading cannot use prompt caching.`,
    );
};

export const checkToolChoice = (body: Json, refuse: Refuse): void => {
  const { tool_choice: choice, thinking } = body;
  if (choice === undefined) return;
  if (!isObject(choice) || !CHOICES.includes(choice.type))
    return refuse("tool_choice: Input should be 'auto', 'any', 'tool' or 'none'");
  if (objectsOf(body.tools).length === 0)
    refuse('tool_choice: tool_choice may only be specified while providing tools');
  if (choice.type === 'tool' && !offeredNames(body).includes(String(choice.name)))
    refuse(`tool_choice: Tool '${String(choice.name)}' not found in provided tools`);
  const isForced = choice.type === 'any' || choice.type === 'tool';
  if (isForced && isObject(thinking) && thinking.type === 'enabled')
    refuse('Thinking may not be enabled when tool_choice forces tool use.');
};

export const checkThinkingConfig = ({ thinking, max_tokens: most }: Json, refuse: Refuse): void => {
  if (thinking === undefined) return;
  if (!isObject(thinking) || !THINKING.includes(thinking.type))
    return refuse(
      `thinking: Input tag '${String(isObject(thinking) ? thinking.type : thinking)}' found using 'type' does not match any of the expected tags: 'enabled', 'disabled', 'adaptive', 'between_tools'`,
    );
  if (thinking.type !== 'enabled') return;
  const budget = thinking.budget_tokens;
  if (!Number.isInteger(budget) || Number(budget) < 1024)
    refuse(
      'thinking.enabled.budget_tokens: Input should be a valid integer greater than or equal to 1024',
    );
  if (most !== undefined && Number(budget) >= Number(most))
    refuse('`max_tokens` must be greater than `thinking.budget_tokens`.');
};

export const checkOutputConfig = ({ output_config: config }: Json, refuse: Refuse): void => {
  if (config === undefined) return;
  if (!isObject(config)) return refuse('output_config: Input should be an object');
  const { effort, format } = config;
  if (effort !== undefined && effort !== null && !EFFORTS.includes(effort))
    refuse("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'");
  if (format === undefined || format === null) return;
  if (!isObject(format) || format.type !== 'json_schema')
    return refuse("output_config.format.type: Input should be 'json_schema'");
  if (!isObject(format.schema)) refuse('output_config.format.json_schema.schema: Field required');
};

/** A breakpoint, and the path that the API names it by. */
export interface Mark {
  readonly at: string;
  readonly ttl: string;
}

/** All breakpoints of a request in the order in which the API reads it. */
export const marksOf = (body: Json): readonly Mark[] => {
  const marks: Mark[] = [];
  const add = ({ cache_control: control }: Json, at: () => string): void => {
    if (isObject(control))
      marks.push({ at: at(), ttl: typeof control.ttl === 'string' ? control.ttl : '5m' });
  };
  for (const [i, tool] of objectsOf(body.tools).entries()) add(tool, () => `tools.${i}`);
  for (const [i, block] of objectsOf(body.system).entries()) add(block, () => `system.${i}`);
  for (const [m, { content }] of objectsOf(body.messages).entries())
    for (const [i, block] of objectsOf(content).entries()) {
      const at = () => `messages.${m}.content.${i}`;
      for (const [j, inner] of objectsOf(block.content).entries())
        add(inner, () => `${at()}.content.${j}`);
      add(block, at);
    }
  return marks;
};

const UNCACHEABLE: readonly unknown[] = ['thinking', 'redacted_thinking'];

export const checkBreakpoints = (body: Json, refuse: Refuse): void => {
  const marks = marksOf(body);
  if (marks.length > MAX_BREAKPOINTS)
    refuse(
      `A maximum of ${MAX_BREAKPOINTS} blocks with cache_control may be provided. Found ${marks.length}.`,
    );
  const firstShort = marks.findIndex(({ ttl }) => ttl === '5m');
  const late = marks.find(({ ttl }, i) => ttl === '1h' && firstShort !== -1 && i > firstShort);
  if (late !== undefined)
    refuse(
      `${late.at}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: \`tools\`, \`system\`, \`messages\`.`,
    );
  for (const [m, { content }] of objectsOf(body.messages).entries()) {
    for (const [i, { type, cache_control: control, text }] of objectsOf(content).entries()) {
      if (!isObject(control)) continue;
      if (UNCACHEABLE.includes(type))
        refuse(
          `messages.${m}.content.${i}.${String(type)}.cache_control: Extra inputs are not permitted`,
        );
      if (text === '')
        refuse(
          `messages.${m}.content.${i}.text: cache_control cannot be set for empty text blocks`,
        );
    }
  }
};
