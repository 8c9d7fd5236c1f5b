/** Classic clients whose options name tools, hooks and MCP servers: run in this process, over the store of the options. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type ClaudeAgentOptions, ClaudeSDKClient, query } from '../../src/index.ts';
import { type Rehearsal, startRehearsal } from '../../src/rehearsal/server.ts';
import { toolCalls } from '../support/tool-turns.ts';
import { LiveStore } from './live-store.ts';

const MODEL = 'claude-sonnet-4-6';
const touch = (name: string): string => toolCalls([['Bash', { command: `touch ${name}` }]]);

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-classic-tools-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const leftBehind = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('greenroom-tools-'));

let model: Rehearsal | undefined;
const env = () => ({ ANTHROPIC_BASE_URL: model?.url, ANTHROPIC_API_KEY: 'any' });
beforeAll(async () => {
  model = await startRehearsal();
});
afterAll(() => model?.close());

const lastRequest = (): string => model?.requests.toArray().at(-1)?.rawBody.toString() ?? '';

const clientOf = (options: ClaudeAgentOptions) => {
  const sessionStore = new LiveStore();
  const workingDirectory = newFolder();
  const all = { sessionStore, workingDirectory, model: MODEL, resume: 's', ...options };
  const client = new ClaudeSDKClient(all, { env: env() });
  onTestFinished(() => client.close());
  const stored = () => sessionStore.sessions.get('s');
  return { client, sessionStore, stored, made: (name: string) => join(workingDirectory, name) };
};

describe('tools in this process', () => {
  test('run when the program allows them; the store has calls, results and counters, and the next turn sees them', async () => {
    const asked: unknown[] = [];
    const { client, stored, made } = clientOf({
      tools: ['Bash'],
      canUseTool: (name, input) => {
        asked.push([name, input]);
        return { behavior: 'allow' };
      },
    });
    await client.query(touch('made'));
    expect(existsSync(made('made'))).toBe(true);
    expect(asked).toEqual([['Bash', { command: 'touch made' }]]);
    expect(stored()?.messages).toMatchObject([
      { role: 'user', id: 'msg-0-user' },
      { role: 'assistant', content: [{ type: 'tool_use' }], id: 'msg-0-assistant' },
      { role: 'user', content: [{ type: 'tool_result' }] },
      { role: 'assistant', content: [{ text: 'done' }] },
    ]);
    expect(stored()?.metadata).toMatchObject({
      numTurns: 1,
      usage: { input_tokens: expect.any(Number) },
    });
    expect(stored()?.metadata.totalCostUsd).toBeGreaterThan(0);
    await client.query('And now?');
    expect(JSON.parse(lastRequest()).messages).toHaveLength(5);
    expect(stored()?.metadata.numTurns).toBe(2);
  });

  test('are denied at once where there is no one to ask', async () => {
    const { client, made } = clientOf({ tools: ['Bash'] });
    await client.query(touch('made'));
    expect(existsSync(made('made'))).toBe(false);
    expect(lastRequest()).toContain('no_one_to_ask');
  });

  test('run without a question where a rule allows them, and not against a rule that refuses them', async () => {
    const { client, made } = clientOf({
      allowedTools: ['Bash(touch:*)'],
      disallowedTools: ['Bash(touch other)'],
    });
    await client.query(touch('made'));
    await client.query(touch('other'));
    expect([existsSync(made('made')), existsSync(made('other'))]).toEqual([true, false]);
  });

  test('a hook of the program stands before them', async () => {
    const { client, made } = clientOf({
      allowedTools: ['Bash'],
      hooks: {
        PreToolUse: [
          {
            hooks: [
              async () => ({
                hookSpecificOutput: {
                  hookEventName: 'PreToolUse',
                  permissionDecision: 'deny',
                  permissionDecisionReason: 'not on Sundays',
                },
              }),
            ],
          },
        ],
      },
    });
    await client.query(touch('made'));
    expect(existsSync(made('made'))).toBe(false);
    expect(lastRequest()).toContain('not on Sundays');
  });

  test('calls that an end has left without results get some, so that the session can be used', async () => {
    const { client, sessionStore, stored } = clientOf({ tools: ['Bash'] });
    await sessionStore.createSession('s');
    await sessionStore.appendMessage('s', { role: 'user', content: 'Do it' });
    const content = [{ type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: 'ls' } }];
    await sessionStore.appendMessage('s', { role: 'assistant', content });
    await client.query('What now?');
    expect(stored()?.messages.slice(2)).toMatchObject([
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', is_error: true }] },
      { role: 'user', content: 'What now?' },
      { role: 'assistant' },
    ]);
  });

  test('leaving after the user’s message makes no call, and nothing is left of what ran the turns', async () => {
    const before = leftBehind();
    const sessionStore = new LiveStore();
    const calls = model?.requests.toArray().length;
    const options = { sessionStore, model: MODEL, resume: 's', tools: ['Bash'] };
    for await (const { role } of query('Hello', options, { env: env() })) {
      expect(role).toBe('user');
      break;
    }
    expect(model?.requests.toArray().length).toBe(calls);
    expect(sessionStore.sessions.get('s')?.messages).toHaveLength(1);
    expect(leftBehind()).toEqual(before);
  });

  test('a failed turn throws its error; the session can be used', async () => {
    const { client, stored } = clientOf({ tools: ['Bash'], maxTurns: 1 });
    const failing = client.query('[[rehearse: status=400 message="Not so"]]');
    await expect(Promise.resolve(failing)).rejects.toThrow('Not so');
    expect(stored()?.metadata.numTurns).toBe(0);
    await client.query('Fine');
    expect(stored()?.messages.map(({ role }) => role)).toEqual(['user', 'user', 'assistant']);
    await client.query('Too many');
    expect(stored()?.messages).toHaveLength(3);
  });
});
