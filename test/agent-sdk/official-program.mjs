/**
 * A program for the official Agent SDK, in the shapes of its documentation: a first query, tools of the program with a stream
 * of messages, a session that is gone on with, a permission callback, a hook, structured output. The test changes its import.
 */
import { readFileSync } from 'node:fs';
import { createSdkMcpServer, query, tool } from '@anthropic-ai/claude-agent-sdk';
import { z } from 'zod';

const script = (text) => `[[rehearse: ${text}]]`;
const calls = (name, input) =>
  `${script(`tool=${name} input=${JSON.stringify(input)}`)} ${script('text=done')}`;

// A first query.
let sessionId;
for await (const message of query({
  prompt: script('text="The answer is 4."'),
  options: { model: 'claude-sonnet-4-6', maxTurns: 3, allowedTools: ['Read', 'Glob'] },
})) {
  if (message.type === 'system' && message.subtype === 'init') sessionId = message.session_id;
  if (message.type === 'assistant')
    for (const block of message.message.content)
      if (block.type === 'text') console.log('assistant:', block.text);
  if (message.type === 'result' && message.subtype === 'success')
    console.log('result:', message.result, message.total_cost_usd > 0);
}

// The same session, in another query: its Greenroom has stopped meanwhile.
for await (const message of query({
  prompt: 'Say more',
  options: { resume: sessionId, model: 'claude-sonnet-4-6' },
}))
  if (message.type === 'result')
    console.log('resumed:', message.session_id === sessionId, message.subtype);

// Tools of the program and a server that is a process, with a stream of messages.
const weather = createSdkMcpServer({
  name: 'weather',
  version: '1.0.0',
  tools: [
    tool('temperature', 'Temperature at a place', { place: z.string() }, async (args) => ({
      content: [{ type: 'text', text: `${args.place}: 12 degrees` }],
    })),
  ],
});
const [serverFile, toolsFile, ledger] = process.argv.slice(2);
async function* messages() {
  for (const content of [
    calls('mcp__weather__temperature', { place: 'Bergen' }),
    calls('mcp__echo__say', { text: 'from a process' }),
  ])
    yield { type: 'user', message: { role: 'user', content }, parent_tool_use_id: null };
}
for await (const message of query({
  prompt: messages(),
  options: {
    model: 'claude-sonnet-4-6',
    mcpServers: {
      weather,
      echo: { command: process.execPath, args: [serverFile, toolsFile, ledger] },
    },
    allowedTools: ['mcp__weather__temperature', 'mcp__echo__say'],
  },
})) {
  if (message.type === 'system' && message.subtype === 'init')
    console.log(
      'servers:',
      message.mcp_servers.map(({ name, status }) => `${name} ${status}`).join(),
    );
  if (message.type === 'user')
    for (const { type, content } of message.message.content)
      if (type === 'tool_result') console.log('tool:', JSON.stringify(content));
}

// A callback and a hook.
const hooks = {
  PreToolUse: [
    {
      matcher: 'Bash',
      hooks: [
        async (input, toolUseID, { signal }) => {
          console.log('hook:', input.tool_name, toolUseID.length > 0, signal.aborted);
          return { continue: true };
        },
      ],
    },
  ],
};
for await (const message of query({
  prompt: calls('Bash', { command: 'rm -r everything' }),
  options: {
    model: 'claude-sonnet-4-6',
    hooks,
    canUseTool: async (_toolName, input) =>
      input.command.startsWith('rm')
        ? { behavior: 'deny', message: 'Nothing is removed here.' }
        : { behavior: 'allow', updatedInput: input },
  },
}))
  if (message.type === 'result')
    console.log('denied:', message.permission_denials.map((denial) => denial.tool_name).join());

// Structured output, nothing of it kept.
for await (const message of query({
  prompt: 'How many?',
  options: {
    model: 'claude-sonnet-4-6',
    persistSession: false,
    outputFormat: {
      type: 'json_schema',
      schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
    },
  },
}))
  if (message.type === 'result') console.log('structured:', typeof message.structured_output.n);

console.log(readFileSync(ledger, 'utf8').includes('started'));
