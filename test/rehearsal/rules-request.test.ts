/** What the API refuses beside the messages, in its own words. */
import { describe, expect, it } from 'vitest';
import { violationOf } from '../../src/rehearsal/rules.ts';

type Fields = Record<string, unknown>;

const MINUTES = { cache_control: { type: 'ephemeral' } };
const HOUR = { cache_control: { type: 'ephemeral', ttl: '1h' } };
const text = (more: Fields = {}) => ({ type: 'text', text: 'a', ...more });
const user = (...content: unknown[]) => ({ role: 'user', content });
const said = (...content: unknown[]) => ({ role: 'assistant', content });
const tool = (name: string, more: Fields = {}) => ({
  name,
  description: 'looks',
  input_schema: { type: 'object' },
  ...more,
});
const body = (more: Fields): Fields => ({
  model: 'claude-opus-5',
  max_tokens: 2000,
  messages: [user(text())],
  ...more,
});
const searched = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} };
const found = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] };
const format = (schema: unknown) => ({
  output_config: { format: { type: 'json_schema', schema } },
});

describe('servers that the API is to call', () => {
  const BETA = ['mcp-client-2025-11-20'];
  const docs = { type: 'url', name: 'docs', url: 'https://docs.example/mcp' };
  const set = { type: 'mcp_toolset', mcp_server_name: 'docs' };
  const use = { type: 'mcp_tool_use', id: 'mcptoolu_1', name: 'a', server_name: 'docs', input: {} };
  const result = { type: 'mcp_tool_result', tool_use_id: 'mcptoolu_1', content: [] };
  const asked = (more: Fields, betas = BETA) => violationOf(body(more), 'create', betas);
  const history = (...content: unknown[]) => ({
    messages: [user(text()), said(...content), user(text())],
  });

  it('are taken with their tools and their calls, under their beta', () => {
    const whole = { mcp_servers: [docs], tools: [set], ...history(use, result) };
    expect(asked(whole)).toBeUndefined();
    expect(asked(whole, [])).toContain('Extra inputs');
    expect(asked(history(use, result))).toBeUndefined();
    expect(asked(history(use, result), [])).toContain("Input tag 'mcp_tool_use'");
  });

  it.each<[string, Fields, string]>([
    ['without tools of it', { mcp_servers: [docs] }, "'docs' is not referenced"],
    ['that is not there', { tools: [set] }, "'docs' not found"],
    ['named twice', { mcp_servers: [docs], tools: [set, set] }, 'more than one'],
    ['over plain HTTP', { mcp_servers: [{ ...docs, url: 'http://a' }], tools: [set] }, 'https://'],
    [
      'with a call without a result',
      { messages: [...history(use).messages, said(text()), user(text())] },
      '`mcp_tool_result` block',
    ],
  ])('are refused: one %s', (_, more, why) => {
    expect(asked(more)).toContain(why);
  });
});

describe('a request', () => {
  it.each<[string, Fields, string]>([
    [
      'with two tools of one name',
      { tools: [tool('A'), tool('A')] },
      'tools: Tool names must be unique.',
    ],
    [
      'with a tool whose name has a blank',
      { tools: [tool('A'), tool('a b')] },
      "tools.1.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ],
    [
      'with a tool whose name is too long',
      { tools: [tool('a'.repeat(129))] },
      'String should match pattern',
    ],
    [
      'with a tool without a schema',
      { tools: [{ name: 'A' }] },
      'tools.0.custom.input_schema: Field required',
    ],
    [
      'with a tool of the API that is to do what it cannot',
      { tools: [{ type: 'code_execution_20260521', name: 'code_execution', max_uses: 1 }] },
      'tools.0.code_execution_20260521.max_uses: Extra inputs are not permitted',
    ],
    [
      'with a tool of the API by another name',
      { tools: [{ type: 'web_search_20250305', name: 'search' }] },
      "tools.0.web_search_20250305.name: Input should be 'web_search'",
    ],
    [
      'with domains that are allowed and others that are blocked',
      {
        tools: [
          {
            ...{ type: 'web_fetch_20260318', name: 'web_fetch' },
            ...{ allowed_domains: ['a.example'], blocked_domains: ['b.example'] },
          },
        ],
      },
      'tools.0.web_fetch_20260318: Only one of `allowed_domains` or `blocked_domains` may be specified.',
    ],
    [
      'with a schema that is no object',
      { tools: [tool('A', { input_schema: { type: 'string' } })] },
      "tools.0.custom.input_schema.type: Input should be 'object'",
    ],
    [
      'with a breakpoint at a tool that is loaded later',
      { tools: [tool('A', { defer_loading: true, ...HOUR })] },
      "Tool 'A' cannot have both defer_loading=true and cache_control set.",
    ],
    [
      'in which all tools are loaded later',
      { tools: [tool('A', { defer_loading: true })] },
      'At least one tool must have defer_loading=false.',
    ],
    [
      'with what a search has found and it does not define',
      {
        tools: [tool('A')],
        messages: [
          { role: 'user', content: 'x' },
          {
            role: 'assistant',
            content: [
              {
                type: 'server_tool_use',
                id: 'srvtoolu_1',
                name: 'tool_search_tool_bm25',
                input: {},
              },
              {
                ...{ type: 'tool_search_tool_result', tool_use_id: 'srvtoolu_1' },
                content: {
                  type: 'tool_search_tool_search_result',
                  tool_references: [{ type: 'tool_reference', tool_name: 'B' }],
                },
              },
            ],
          },
          { role: 'user', content: 'y' },
        ],
      },
      "Tool reference 'B' not found in available tools",
    ],
    [
      'that forces a tool which it does not offer',
      { tools: [tool('A')], tool_choice: { type: 'tool', name: 'B' } },
      "tool_choice: Tool 'B' not found in provided tools",
    ],
    [
      'that chooses among no tools',
      { tool_choice: { type: 'auto' } },
      'only be specified while providing tools',
    ],
    [
      'that forces a tool and thinks',
      {
        tools: [tool('A')],
        tool_choice: { type: 'any' },
        thinking: { type: 'enabled', budget_tokens: 1024 },
      },
      'Thinking may not be enabled when tool_choice forces tool use.',
    ],
    [
      'with a way of thinking that there is not',
      { thinking: { type: 'hard' } },
      "Input tag 'hard' found",
    ],
    [
      'with an effort that there is not',
      { output_config: { effort: 'huge' } },
      'output_config.effort: Input should be',
    ],
    ['with a format without a schema', format(undefined), 'schema: Field required'],
    [
      'with five breakpoints',
      { messages: [user(...Array.from({ length: 5 }, () => text(MINUTES)))] },
      'A maximum of 4 blocks with cache_control may be provided. Found 5.',
    ],
    [
      'with an hour behind five minutes',
      { system: [text(MINUTES)], messages: [user(text(), text(HOUR))] },
      "messages.0.content.1.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block.",
    ],
    [
      'with a breakpoint at thinking',
      {
        messages: [
          user(text()),
          said({ type: 'thinking', thinking: 'a', signature: 'b', ...MINUTES }, text()),
          user(text()),
        ],
      },
      'messages.1.content.0.thinking.cache_control: Extra inputs are not permitted',
    ],
    [
      'with a tool of the server that nothing answers',
      {
        messages: [user(text()), said(searched, text()), user(text()), said(text()), user(text())],
      },
      'messages.1: `web_search` tool use with id `srvtoolu_1` was found without a corresponding `web_search_tool_result` block',
    ],
  ])('%s is refused', (_name, more, message) => {
    expect(violationOf(body(more), 'create')).toContain(message);
  });

  it.each<[string, Fields]>([
    [
      'tools of its own and of the API',
      {
        tools: [
          tool('A'),
          { type: 'web_search_20260318', name: 'web_search' },
          { type: 'web_fetch_20260318', name: 'web_fetch' },
        ],
      },
    ],
    [
      'a forced tool that it offers',
      { tools: [tool('A')], tool_choice: { type: 'tool', name: 'A' } },
    ],
    [
      'breakpoints as they should be',
      {
        tools: [tool('A', HOUR)],
        system: [text(HOUR)],
        messages: [user(text(MINUTES), text(MINUTES))],
      },
    ],
    [
      'a tool of the server with its result',
      { messages: [user(text()), said(searched, found, text()), user(text())] },
    ],
    [
      'a tool of the server that is under way',
      { messages: [user(text()), said(text(), searched)] },
    ],
    [
      'thinking that adapts, an effort and a schema',
      {
        thinking: { type: 'adaptive' },
        output_config: {
          effort: 'low',
          format: { type: 'json_schema', schema: { type: 'object' } },
        },
      },
    ],
  ])('may have %s', (_name, more) => {
    expect(violationOf(body(more), 'create')).toBeUndefined();
  });
});
