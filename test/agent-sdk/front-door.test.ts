/** `query` and its like, as programs of the official SDK call them: on the real parts, against the rehearsal server over HTTP. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import {
  AbortError,
  createSdkMcpServer,
  type Options,
  type Query,
  query,
  type SDKMessage,
  type SDKResultMessage,
  type SDKUserMessage,
  tool,
} from '../../src/agent-sdk/index.ts';
import { type Greenroom, startGreenroom } from '../../src/index.ts';
import { createLog } from '../../src/platform/log.ts';
import { type Rehearsal, startRehearsal } from '../../src/rehearsal/server.ts';
import { toolCalls } from '../support/tool-turns.ts';

const MODEL = 'claude-sonnet-4-6';

let model: Rehearsal;
let greenroom: Greenroom;
let folder: string;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-front-door-')));
  model = await startRehearsal();
  greenroom = await startGreenroom({
    dataDir: join(folder, 'data'),
    ...{ provider: 'anthropic', anthropicApiKey: 'any', anthropicBaseUrl: model.url },
    ...{ workers: 1, retryDelaySeconds: 0.001, drainSeconds: 0, textSearch: 'off', minFreeMb: 0 },
    log: createLog({ level: 'silent' }),
  });
});
afterAll(async () => {
  await greenroom?.stop();
  await model?.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => model.clear());

const newFolder = (): string => {
  const made = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-front-door-cwd-')));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
};

const ask = (prompt: string | AsyncIterable<SDKUserMessage>, options: Options = {}): Query =>
  query({ prompt, options: { greenroom, model: MODEL, cwd: newFolder(), ...options } });

const all = async (messages: AsyncIterable<SDKMessage>): Promise<SDKMessage[]> => {
  const found: SDKMessage[] = [];
  for await (const message of messages) found.push(message);
  return found;
};

const resultOf = (messages: readonly SDKMessage[]): SDKResultMessage => {
  const last = messages.at(-1);
  if (last?.type !== 'result') throw new Error(`no result: ${JSON.stringify(last)}`);
  return last;
};

const kinds = (messages: readonly SDKMessage[]): readonly string[] =>
  messages.map((message) => ('subtype' in message ? message.subtype : message.type));

const bodies = () =>
  model.requests.toArray().map(({ rawBody }) => JSON.parse(rawBody.toString()) as Body);
interface Body {
  readonly system?: unknown;
  readonly tools?: readonly { readonly name: string }[];
  readonly messages: readonly unknown[];
  readonly [field: string]: unknown;
}

const userMessage = (content: string): SDKUserMessage => ({
  ...{ type: 'user', message: { role: 'user', content }, parent_tool_use_id: null },
});

const touching = (name: string): string => toolCalls([['Bash', { command: `touch ${name}` }]]);

describe('a text', () => {
  test('gives init, the answer and a result that says what it cost', async () => {
    const messages = await all(ask('[[rehearse: text="Good day."]]'));
    expect(kinds(messages)).toEqual(['init', 'assistant', 'success']);
    const [init, answer, result] = messages;
    expect(init).toMatchObject({
      ...{ type: 'system', model: MODEL, permissionMode: 'default' },
      apiKeySource: 'ANTHROPIC_API_KEY',
      tools: expect.arrayContaining(['Bash', 'Read', 'Write']),
    });
    expect(answer).toMatchObject({
      message: { role: 'assistant', model: MODEL, content: [{ type: 'text', text: 'Good day.' }] },
      parent_tool_use_id: null,
    });
    expect(result).toMatchObject({
      ...{ result: 'Good day.', is_error: false, num_turns: 1, permission_denials: [] },
      usage: { output_tokens: expect.any(Number) },
      modelUsage: { [MODEL]: { costUSD: expect.any(Number), costBasis: 'list' } },
    });
    const { total_cost_usd, usage, modelUsage } = resultOf(messages);
    expect(total_cost_usd).toBeGreaterThan(0);
    expect(modelUsage[MODEL]?.inputTokens).toBe(usage.input_tokens);
    const ids = new Set(messages.map(({ session_id }) => session_id));
    expect(ids.size).toBe(1);
    const view = await greenroom.sessions.get([...ids][0] ?? '');
    expect(view.totalCostUsd).toBeCloseTo(total_cost_usd, 12);
  });

  test('with includePartialMessages streams events that make the same answer', async () => {
    const prompt =
      '[[rehearse: thinking="Hm, well." text="Word by word." tool=Read input={"file_path":"/none"} chunks=3]] [[rehearse: text="Done."]]';
    const messages = await all(ask(prompt, { includePartialMessages: true }));
    const events = messages.flatMap((each) => (each.type === 'stream_event' ? [each.event] : []));
    const answers = messages.flatMap((each) => (each.type === 'assistant' ? [each.message] : []));
    const rebuilt: { type: string; text: string }[][] = [];
    for (const event of events) {
      if (event.type === 'message_start') rebuilt.push([]);
      if (event.type === 'content_block_start')
        rebuilt.at(-1)?.push({ type: event.content_block.type, text: '' });
      if (event.type !== 'content_block_delta') continue;
      const block = rebuilt.at(-1)?.[event.index];
      const { delta } = event;
      if (block === undefined) throw new Error('a delta of no block');
      if (delta.type === 'text_delta') block.text += delta.text;
      if (delta.type === 'thinking_delta') block.text += delta.thinking;
      if (delta.type === 'input_json_delta') block.text += delta.partial_json;
    }
    expect(rebuilt).toEqual(
      answers.map(({ content }) =>
        content.map((block) => {
          if (block.type === 'text') return { type: 'text', text: block.text };
          if (block.type === 'thinking') return { type: 'thinking', text: block.thinking };
          return { type: 'tool_use', text: JSON.stringify('input' in block ? block.input : {}) };
        }),
      ),
    );
    const types = events.map(({ type }) => type);
    const count = (type: string) => types.filter((each) => each === type).length;
    expect(count('message_start')).toBe(2);
    expect(count('message_stop')).toBe(2);
    expect(count('content_block_start')).toBe(count('content_block_stop'));
  });

  test('goes on in its session with resume, in another one with forkSession, in the last of its folder with continue', async () => {
    const cwd = newFolder();
    const first = resultOf(await all(ask('One', { cwd, systemPrompt: 'Be brief.' })));
    const second = resultOf(await all(ask('Two', { cwd, resume: first.session_id })));
    expect(second.session_id).toBe(first.session_id);
    const fork = { cwd, resume: first.session_id, forkSession: true };
    const third = resultOf(await all(ask('Three', fork)));
    expect(third.session_id).not.toBe(first.session_id);
    const fourth = resultOf(await all(ask('Four', { cwd, continue: true })));
    expect(fourth.session_id).toBe(third.session_id);
    const other = resultOf(await all(ask('Five', { continue: true })));
    expect([first.session_id, third.session_id]).not.toContain(other.session_id);
    expect(bodies().map(({ messages }) => messages.length)).toEqual([1, 3, 5, 7, 1]);
    expect(JSON.stringify(bodies()[1]?.system)).toContain('Be brief.');
    await expect(all(ask('Six', { resume: 'nowhere' }))).rejects.toMatchObject({
      code: 'session_not_found',
    });
  });

  test('takes limits, thinking, effort and a form of the answer', async () => {
    const many = toolCalls([['Bash', { command: 'ls' }]], [['Bash', { command: 'ls' }]]);
    const limited = await all(ask(many, { maxTurns: 1, allowedTools: ['Bash'] }));
    expect(resultOf(limited)).toMatchObject({
      ...{ subtype: 'error_max_turns', is_error: true, num_turns: 1 },
    });
    const dear = resultOf(await all(ask(many, { maxBudgetUsd: 1e-6, allowedTools: ['Bash'] })));
    expect(dear).toMatchObject({ subtype: 'error_max_budget_usd', num_turns: 1 });
    expect(dear.total_cost_usd).toBeGreaterThan(1e-6);
    model.clear();
    const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
    const formed = resultOf(
      await all(
        ask('A number, please', {
          ...{ outputFormat: { type: 'json_schema', schema }, effort: 'low' },
          thinking: { type: 'enabled', budgetTokens: 2_048 },
        }),
      ),
    );
    expect(formed).toMatchObject({
      subtype: 'success',
      structured_output: { n: expect.any(Number) },
    });
    expect(JSON.parse('result' in formed ? formed.result : '')).toEqual(
      'structured_output' in formed && formed.structured_output,
    );
    expect(bodies()[0]).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: 2_048 },
      output_config: { effort: 'low', format: { type: 'json_schema' } },
    });
  });

  test('that fails at the API gives a result with the reason; the session can be used', async () => {
    const failed = resultOf(await all(ask('[[rehearse: status=400 message="Not so"]]')));
    expect(failed).toMatchObject({ subtype: 'error_during_execution', is_error: true });
    expect('errors' in failed && failed.errors.join()).toContain('Not so');
    const next = resultOf(await all(ask('Fine', { resume: failed.session_id })));
    expect(next.subtype).toBe('success');
  });

  test('is told of calls that are made again', async () => {
    const messages = await all(
      ask('[[rehearse: status=529 times=1 retry-after=0 text="Now."]]', {}),
    );
    expect(messages).toContainEqual(
      expect.objectContaining({ subtype: 'api_retry', attempt: 1, error: 'overloaded' }),
    );
    expect(resultOf(messages)).toMatchObject({ result: 'Now.' });
  });
});

describe('tools', () => {
  test('are asked about by canUseTool, and denied where there is none; the result names what was denied', async () => {
    const cwd = newFolder();
    const seen: unknown[] = [];
    const canUseTool: Options['canUseTool'] = async (name, input, { toolUseID, requestId }) => {
      seen.push([name, input, typeof toolUseID, typeof requestId]);
      return { behavior: 'allow', updatedInput: { command: 'touch instead' } };
    };
    const allowed = resultOf(await all(ask(touching('made'), { cwd, canUseTool })));
    expect(seen).toEqual([['Bash', { command: 'touch made' }, 'string', 'string']]);
    expect(['made', 'instead'].map((name) => existsSync(join(cwd, name)))).toEqual([false, true]);
    expect(allowed.permission_denials).toEqual([]);
    const denied = await all(ask(touching('made'), { cwd, resume: allowed.session_id }));
    expect(existsSync(join(cwd, 'made'))).toBe(false);
    expect(resultOf(denied).permission_denials).toEqual([
      {
        ...{ tool_name: 'Bash', tool_use_id: expect.any(String) },
        tool_input: { command: 'touch made' },
      },
    ]);
  });

  test('of the program run in this process, for their own query alone', async () => {
    const calculator = (by: number) =>
      createSdkMcpServer({
        name: 'calculator',
        tools: [
          tool('add', 'Adds.', { a: z.number(), b: z.number() }, async ({ a, b }) => ({
            content: [{ type: 'text', text: `sum ${(a + b) * by}` }],
          })),
        ],
      });
    const call = toolCalls([['mcp__calculator__add', { a: 1, b: 2 }]]);
    const allowedTools = ['mcp__calculator__add'];
    const options = (by: number): Options => ({
      ...{ allowedTools, mcpServers: { calculator: calculator(by) }, tools: ['Read'] },
    });
    const [one, ten] = await Promise.all([all(ask(call, options(1))), all(ask(call, options(10)))]);
    const told = (messages: readonly SDKMessage[]) =>
      JSON.stringify(messages.filter(({ type }) => type === 'user'));
    expect(told(one)).toContain('sum 3');
    expect(told(ten)).toContain('sum 30');
    expect(one[0]).toMatchObject({
      tools: ['Read', 'mcp__calculator__add'],
      mcp_servers: [{ name: 'calculator', status: 'connected' }],
    });
    model.clear();
    await all(ask('Plain', { tools: [] }));
    expect(bodies()[0]?.tools).toBeUndefined();
    model.clear();
    const [search] = await all(ask('Search', { tools: ['Read', 'web_search_20250305'] }));
    expect(search).toMatchObject({ tools: ['Read', 'web_search_20250305'] });
    expect(bodies()[0]?.tools).toMatchObject([{ name: 'Read' }, { type: 'web_search_20250305' }]);
    const { session_id } = resultOf(one);
    const later = await all(ask('And now?', { resume: session_id }));
    expect(later[0]).toMatchObject({ tools: expect.arrayContaining(['Bash']) });
    expect(later[0]).toMatchObject({ tools: expect.not.arrayContaining(allowedTools) });
  });

  test('stand behind the hooks of their query, of its sub-agents too', async () => {
    const cwd = newFolder();
    const seen: string[] = [];
    const hooks: Options['hooks'] = {
      PreToolUse: [
        {
          matcher: 'Bash',
          hooks: [
            async ({ session_id, tool_name }) => {
              seen.push(`${session_id} ${String(tool_name)}`);
              const decision = { permissionDecision: 'deny', permissionDecisionReason: 'not here' };
              return { hookSpecificOutput: { hookEventName: 'PreToolUse', ...decision } };
            },
          ],
        },
      ],
    };
    const inner = touching('inner').replaceAll('[[', '[[');
    const input = { description: 'd', prompt: inner, subagent_type: 'general-purpose' };
    const prompt = toolCalls([
      ['Bash', { command: 'touch outer' }],
      ['Agent', input],
    ]);
    const allowedTools = ['Bash', 'Agent'];
    const messages = await all(ask(prompt, { cwd, hooks, allowedTools }));
    const { session_id } = resultOf(messages);
    expect(['outer', 'inner'].map((name) => existsSync(join(cwd, name)))).toEqual([false, false]);
    expect(seen.filter((each) => each === `${session_id} Bash`)).toHaveLength(1);
    expect(seen).toHaveLength(2);
    expect(JSON.stringify(messages)).toContain('not here');
    const { children, totalCostUsd } = await greenroom.api.session(session_id, 'children', {});
    expect(children).toHaveLength(1);
    expect(resultOf(messages).total_cost_usd).toBeCloseTo(totalCostUsd ?? 0, 12);
    // Others are not touched by it.
    await all(ask(touching('outer'), { cwd, allowedTools }));
    expect(existsSync(join(cwd, 'outer'))).toBe(true);
  });

  test('of sub-agents are asked about by canUseTool', async () => {
    const cwd = newFolder();
    const agents: unknown[] = [];
    const canUseTool: Options['canUseTool'] = async (name, _, { agentID }) => {
      agents.push([name, typeof agentID]);
      return { behavior: 'allow' };
    };
    const input = {
      ...{ description: 'd', prompt: touching('inner'), subagent_type: 'general-purpose' },
    };
    const prompt = toolCalls([['Agent', input]]);
    const options = { cwd, canUseTool, allowedTools: ['Agent'], forwardSubagentText: true };
    const messages = await all(ask(prompt, options));
    expect(agents).toEqual([['Bash', 'string']]);
    expect(existsSync(join(cwd, 'inner'))).toBe(true);
    // What it said comes between its call and the result of that.
    const said = messages.flatMap((each) =>
      each.type === 'assistant' || each.type === 'user' ? [each] : [],
    );
    const [call, ...others] = said;
    if (call?.type !== 'assistant') throw new Error('no call');
    const id = call.message.content.flatMap((each) => (each.type === 'tool_use' ? [each.id] : []));
    const theirs = others.filter(({ parent_tool_use_id }) => parent_tool_use_id !== null);
    expect(theirs.map(({ type }) => type)).toEqual(['user', 'assistant', 'user', 'assistant']);
    expect(new Set(theirs.map(({ parent_tool_use_id }) => parent_tool_use_id))).toEqual(
      new Set(id),
    );
    expect(said.slice(1, 1 + theirs.length)).toEqual(theirs);
  });
});

describe('a stream of messages', () => {
  test('is a turn for each; model and mode may change between them, and the result counts all', async () => {
    const cwd = newFolder();
    async function* messages() {
      yield userMessage('[[rehearse: text=one]]');
      await running.setModel('claude-opus-4-5');
      await running.setPermissionMode('acceptEdits');
      yield userMessage('[[rehearse: text=two]]');
    }
    const running = ask(messages(), { cwd });
    const found = await all(running);
    expect(kinds(found)).toEqual(['init', 'assistant', 'success', 'init', 'assistant', 'success']);
    expect(found[3]).toMatchObject({ model: 'claude-opus-4-5', permissionMode: 'acceptEdits' });
    expect(Object.keys(resultOf(found).modelUsage)).toEqual([MODEL, 'claude-opus-4-5']);
  });

  test('keeps none of them', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const given: WeakRef<SDKUserMessage>[] = [];
    async function* messages() {
      for (let n = 0; n < 4; n += 1) {
        const message = { ...userMessage(`note ${n}`), shouldQuery: false };
        given.push(new WeakRef(message));
        yield message;
      }
      await expect
        .poll(() => {
          gc();
          return given.slice(0, 2).filter((each) => each.deref() !== undefined).length;
        })
        .toBe(0);
      yield userMessage('[[rehearse: text=done]]');
    }
    expect(resultOf(await all(ask(messages()))).subtype).toBe('success');
  });

  test('goes on after an interrupt', async () => {
    async function* messages() {
      yield userMessage('[[rehearse: text="Slow words come late" chunks=4 wait-ms=60000]]');
      yield userMessage('[[rehearse: text=next]]');
    }
    const running = ask(messages());
    const found: SDKMessage[] = [];
    for await (const message of running) {
      found.push(message);
      if (found.length !== 1) continue;
      const reached = model.requests.toArray().length;
      void (async () => {
        await expect.poll(() => model.requests.toArray().length).toBeGreaterThan(reached);
        await running.interrupt();
      })();
    }
    expect(kinds(found).filter((kind) => kind.includes('e'))).toEqual([
      ...['error_during_execution', 'success'],
    ]);
  });
});

describe('an interrupt', () => {
  test('of a turn that was announced and is not asked for yet ends it', async () => {
    const running = ask('[[rehearse: text="Slow words come late" chunks=4 wait-ms=60000]]');
    const found: SDKMessage[] = [];
    for await (const message of running) {
      found.push(message);
      if (found.length === 1) await running.interrupt();
    }
    expect(resultOf(found)).toMatchObject({ subtype: 'error_during_execution' });
  });
});

describe('the end', () => {
  const slow = '[[rehearse: text="Slow words" wait-ms=60000]]';
  const openTurns = async (sessionId: string) =>
    (await greenroom.sessions.turns(sessionId)).turns.filter(
      ({ status }) => !['completed', 'cancelled'].includes(status),
    );

  test('by abortController throws an AbortError', async () => {
    const abortController = new AbortController();
    const seen: SDKMessage[] = [];
    const running = (async () => {
      for await (const message of ask(slow, { abortController })) {
        seen.push(message);
        abortController.abort();
      }
    })();
    await expect(running).rejects.toBeInstanceOf(AbortError);
    await expect.poll(() => openTurns(seen[0]?.session_id ?? '')).toEqual([]);
  });

  test('by leaving the loop, or by close, cancels the turn', async () => {
    let id = '';
    for await (const message of ask(slow)) {
      id = message.session_id ?? '';
      break;
    }
    await expect.poll(() => openTurns(id)).toEqual([]);
    const closed = ask(slow);
    for await (const message of closed) {
      id = message.session_id ?? '';
      closed.close();
    }
    await expect.poll(() => openTurns(id)).toEqual([]);
  });

  test('of one that is not to be kept deletes its session', async () => {
    const { session_id } = resultOf(await all(ask('Gone', { persistSession: false })));
    await expect(greenroom.sessions.get(session_id)).rejects.toMatchObject({
      code: 'session_not_found',
    });
  });
});
