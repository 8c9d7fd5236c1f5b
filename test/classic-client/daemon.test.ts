/** The classic clients against a daemon: its session, its limits, its tools with this program's answers. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type CanUseTool,
  type ClaudeAgentOptions,
  ClaudeSDKClient,
  query,
  resume,
  SessionPersistentClient,
} from '../../src/index.ts';
import { holding, preparedGreenroom } from '../support/greenroom.ts';
import { natsServer, withoutNatsServer } from '../support/nats.ts';
import { toolCalls } from '../support/tool-turns.ts';
import { until } from '../support/until.ts';

const TOUCH = toolCalls([['Bash', { command: 'touch made' }]]);
const FIXTURE = fileURLToPath(new URL('../fixtures/classic/conversation.json', import.meta.url));

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-classic-daemon-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const all = async <T>(messages: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const message of messages) found.push(message);
  return found;
};

describe.skipIf(withoutNatsServer())('a classic client of a daemon', () => {
  const room = preparedGreenroom(async () => undefined, {
    nats: { port: 0 },
    natsServerBin: natsServer ?? '',
    script: holding(new Promise(() => undefined)),
  });
  const servers = (): string => room().greenroom.status().broker ?? '';
  const clientOf = (options: ClaudeAgentOptions): ClaudeSDKClient => {
    const client = new ClaudeSDKClient({ servers: servers(), ...options });
    onTestFinished(() => client.close());
    return client;
  };

  test('makes its session there with the settings of its options, and goes on in it', async () => {
    const workingDirectory = newFolder();
    const client = clientOf({
      ...{ resume: 'made', model: 'claude-sonnet-4-6', workingDirectory, maxTurns: 2 },
      ...{ permissionMode: 'disabled', systemPrompt: 'Be brief.' },
    });
    await client.query('Hello');
    const messages = await all(client.receiveResponse());
    expect(messages).toMatchObject([
      { type: 'system', subtype: 'init', session_id: 'made' },
      { type: 'user', message: { content: 'Hello' } },
      { type: 'assistant', message: { content: [{ text: 'Rehearsal answer to: Hello' }] } },
      { type: 'result', subtype: 'success', num_turns: 1, total_cost_usd: expect.any(Number) },
    ]);
    const { sessionId, ...session } = await room().sessions.get('made');
    expect(session).toMatchObject({
      ...{ model: 'claude-sonnet-4-6', workingDirectory, permissionMode: 'disabled' },
      ...{ systemPrompt: 'Be brief.', limits: { maxTurns: 2 }, tools: [], numTurns: 1 },
    });
    expect(messages.at(-1)).toMatchObject({ total_cost_usd: session.totalCostUsd });
    await client.query('Again');
    expect(await all(client.query('Once more'))).toEqual([]);
    client.query('And again');
    expect((await all(client.receiveResponse())).at(-1)).toMatchObject({
      ...{ type: 'result', subtype: 'error_max_turns', is_error: true, num_turns: 2 },
    });
    expect(room().lastCall).not.toContain('"tools"');
  });

  test('gives a query’s two messages, and resumes what exists alone', async () => {
    const options = { servers: servers(), model: 'claude-sonnet-4-6' };
    await expect(all(resume('unknown', 'Hi', options))).rejects.toMatchObject({
      code: 'session_not_found',
    });
    const messages = await all(query('Hi', { ...options, resume: 'asked' }));
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(await all(resume('asked', 'More', options))).toHaveLength(2);
    expect((await room().sessions.get('asked')).numTurns).toBe(2);
  });

  test('answers what the daemon asks about the tools that its options name', async () => {
    const workingDirectory = newFolder();
    const asked: unknown[] = [];
    const canUseTool: CanUseTool = (name, input, { sessionId, commands }) => {
      asked.push([name, input, sessionId, commands]);
      return asked.length === 1 ? { behavior: 'allow' } : { behavior: 'deny', message: 'Enough.' };
    };
    const client = clientOf({ resume: 'tools', workingDirectory, tools: ['Bash'], canUseTool });
    await client.query(TOUCH);
    expect(existsSync(join(workingDirectory, 'made'))).toBe(true);
    expect(asked).toEqual([['Bash', { command: 'touch made' }, 'tools', ['touch made']]]);
    const roles = (await all(client.receiveResponse())).map(({ type }) => type);
    expect(roles).toEqual(['system', 'user', 'assistant', 'user', 'assistant', 'result']);
    await client.query(toolCalls([['Bash', { command: 'touch other' }]]));
    expect(existsSync(join(workingDirectory, 'other'))).toBe(false);
    expect(room().lastCall).toContain('Enough.');
  });

  test('gives the servers of its options to its session, if the daemon lets them run', async () => {
    const mcpServers = { own: { command: 'own-server' } };
    const client = clientOf({ resume: 'served', workingDirectory: newFolder(), mcpServers });
    await expect(
      (async () => {
        await client.query('Hello');
        await all(client.receiveResponse());
      })(),
    ).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringMatching(/own/),
    });
  });

  test('denies a call whose function throws, and says why', async () => {
    const canUseTool: CanUseTool = () => {
      throw new Error('no idea');
    };
    const workingDirectory = newFolder();
    await clientOf({ workingDirectory, tools: ['Bash'], canUseTool }).query(TOUCH);
    expect(existsSync(join(workingDirectory, 'made'))).toBe(false);
    expect(room().lastCall).toContain('no idea');
  });

  test('interrupts a turn there', async () => {
    const client = clientOf({ resume: 'held', model: 'claude-sonnet-4-6' });
    const running = client.query('hold').then(() => 'ended');
    await until(async () => (await room().sessions.get('held')).status === 'running');
    await client.interrupt();
    expect(await running).toBe('ended');
    expect((await all(client.receiveResponse())).at(-1)).toMatchObject({ is_error: true });
    await until(async () => (await room().sessions.get('held')).status === 'idle');
  });

  test('throws what a turn failed with, by its code', async () => {
    const client = clientOf({ model: 'claude-sonnet-4-6' });
    const failing = client.query('[[rehearse: status=400 message="Not so"]]');
    await expect(Promise.resolve(failing)).rejects.toThrow('Not so');
    await client.query('Fine');
  });

  test('puts the history of a file there first', async () => {
    const storagePath = newFolder();
    const id = '2aecab00-6512-4e29-9da3-9321cac6eb2a';
    copyFileSync(FIXTURE, join(storagePath, `${id}.json`));
    const options = { servers: servers(), model: 'claude-sonnet-4-6' };
    const client = new SessionPersistentClient({ options, storagePath });
    onTestFinished(() => client.close());
    await client.startOrResumeSession(id);
    await client.query('And now?');
    expect(room().lastCall).toContain('What is 2+2?');
    const saved = JSON.parse(readFileSync(join(storagePath, `${id}.json`), 'utf8'));
    expect(saved.conversation_history).toHaveLength(5);
  });
});

test('a broker that is not there is told by its code, and the client may try again', async () => {
  const client = new ClaudeSDKClient({ servers: 'nats://127.0.0.1:1' });
  for (const _ of ['once', 'twice'])
    await expect(Promise.resolve(client.query('Hi'))).rejects.toMatchObject({
      code: 'unavailable',
    });
  await client.close();
});
