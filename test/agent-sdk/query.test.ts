/** The official SDK's `query` mirrors what happens into our store, and resumes from it alone. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { query, type SDKResultMessage } from '@anthropic-ai/claude-agent-sdk';
import { expect, onTestFinished, test } from 'vitest';
import { agentSdkSessionStore } from '../../src/agent-sdk/index.ts';
import { testGreenroom } from '../support/greenroom.ts';

const PROGRAM = fileURLToPath(new URL('./stand-in-claude.mjs', import.meta.url));

/** A machine of its own: nothing but the store knows of what happened on another one. */
const machine = () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-query-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [cwd, config] = [join(root, 'project'), join(root, 'config')];
  for (const folder of [cwd, config]) mkdirSync(folder);
  return { cwd, env: { ...process.env, CLAUDE_CONFIG_DIR: config } };
};

/** The SDK marks the process that uses it first, and stays with it to its end. */
const leavingNoMark = () => {
  const environment = { ...process.env };
  const listeners = process.listeners('exit');
  onTestFinished(() => {
    for (const name of Object.keys(process.env))
      if (!Object.hasOwn(environment, name)) delete process.env[name];
    for (const listener of process.listeners('exit'))
      if (!listeners.includes(listener)) process.off('exit', listener);
  });
};

test('query stores each turn, and resumes a session with all its transcripts', async () => {
  leavingNoMark();
  const own = await testGreenroom();
  const { cwd, env } = machine();
  const ask = async (prompt: string, resume: { resume?: string } = {}) => {
    const sessionStore = agentSdkSessionStore(own.greenroom);
    const where = { cwd, env, sessionStore, pathToClaudeCodeExecutable: PROGRAM };
    const types: string[] = [];
    let result: SDKResultMessage | undefined;
    for await (const message of query({ prompt, options: { ...where, ...resume } })) {
      types.push('subtype' in message ? `${message.type}/${message.subtype}` : message.type);
      if (message.type === 'result') result = message;
    }
    expect(types).toEqual(['system/init', 'result/success']);
    if (result?.subtype !== 'success') throw new Error('no result');
    return { sessionId: result.session_id, found: JSON.parse(result.result) };
  };

  const { sessionId, found } = await ask('Fix the login');
  expect(found).toEqual({ prompts: [], agents: 0 });
  await own.restart();
  const again = await ask('And the logout', { resume: sessionId });
  expect(again).toEqual({ sessionId, found: { prompts: ['Fix the login'], agents: 1 } });

  const { sessions } = await own.greenroom.sessions.search({ workingDirectory: cwd });
  expect(sessions).toEqual([
    expect.objectContaining({ sessionId, title: 'Fix the login', numTurns: 2, messageCount: 4 }),
  ]);
  expect(sessions[0]?.totalCostUsd).toBeCloseTo(2 * 0.0045, 9);
});
