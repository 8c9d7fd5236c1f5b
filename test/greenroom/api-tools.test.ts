/** Sessions whose models have the API's own tools: they do what ours do, and obey the same rules and hooks. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ownGreenroom, testGreenroom } from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';
import { toolCalls, toolResults } from '../support/tool-turns.ts';
import { until } from '../support/until.ts';

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-api-tools-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

const EDITOR = 'str_replace_based_edit_tool';

it('runs bash, the text editor and the memory in turns, under the rules and hooks for our names', async () => {
  const cwd = folder();
  writeFileSync(join(cwd, 'a.txt'), 'one\ntwo\n');
  const seen: string[] = [];
  const watch = ({ tool_name, tool_input }: Record<string, unknown>) => {
    seen.push(`${String(tool_name)} ${JSON.stringify(tool_input)}`);
    return {};
  };
  const test = await testGreenroom({
    hooks: { PreToolUse: [{ matcher: 'Bash|Edit|Write', hooks: [watch as never] }] },
  });
  const create = (id: string, tool: string) =>
    test.sessions.create(id, {
      ...{ workingDirectory: cwd, tools: [tool], permissionMode: 'bypassPermissions' },
      disallowedTools: ['Bash(rm *)'],
    });
  const run = async (id: string, calls: readonly (readonly [string, object])[]) => {
    const events = await test.run(id, toolCalls(...calls.map((call) => [call])));
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    return toolResults(test, id);
  };

  await create('shell', 'bash_20250124');
  const shell = await run('shell', [
    ['bash', { command: 'echo hi > b.txt; cat b.txt' }],
    ['bash', { command: 'cd / && rm a.txt b.txt' }],
    ['bash', { restart: true }],
  ]);
  expect(shell.map(({ isError }) => isError)).toEqual([false, true, false]);
  expect(shell[0]?.text).toContain('hi');
  expect(shell[1]?.text).toContain('Bash(rm *)');
  expect(existsSync(join(cwd, 'b.txt'))).toBe(true);
  expect(seen).toContain('Bash {"command":"echo hi > b.txt; cat b.txt"}');

  await create('editor', 'text_editor_20250728');
  const change = { command: 'str_replace', path: 'a.txt', old_str: 'two', new_str: '2' };
  const editor = await run('editor', [
    [EDITOR, change],
    [EDITOR, { command: 'view', path: 'a.txt' }],
    [EDITOR, change],
    [EDITOR, { command: 'insert', path: 'a.txt', insert_line: 1, insert_text: 'half' }],
    [EDITOR, { command: 'create', path: 'c.txt', file_text: 'new' }],
    [EDITOR, { command: 'view', path: '.' }],
  ]);
  expect(editor.map(({ isError }) => isError)).toEqual([true, ...Array(5).fill(false)]);
  expect(editor[1]?.text).toContain('     2\ttwo');
  expect(editor[5]?.text).toMatch(/2 levels deep[\s\S]*\/c\.txt/);
  expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\nhalf\n2\n');
  const { entries } = await test.sessions.messages('editor', { limit: 100 });
  expect(JSON.stringify(entries)).toContain('"command":"insert"');

  await create('memory', 'memory_20250818');
  const memory = await run('memory', [
    ['memory', { command: 'view', path: '/memories' }],
    ['memory', { command: 'create', path: '/memories/d/a.md', file_text: 'tea\n' }],
    ['memory', { command: 'create', path: '/memories/d/a.md', file_text: 'x' }],
    ['memory', { command: 'view', path: '/memories/d/a.md' }],
    [
      'memory',
      { command: 'insert', path: '/memories/d/a.md', insert_line: 1, insert_text: 'milk' },
    ],
    ['memory', { command: 'rename', old_path: '/memories/d/a.md', new_path: '/memories/b.md' }],
    ['memory', { command: 'view', path: '/memories' }],
    ['memory', { command: 'view', path: '/memories/../../x' }],
    ['memory', { command: 'delete', path: '/memories/d' }],
    ['memory', { command: 'view', path: '/memories/d' }],
  ]);
  expect(memory.map(({ text, isError }) => (isError ? `! ${text}` : text))).toEqual([
    expect.stringContaining('/memories'),
    'File created successfully at: /memories/d/a.md',
    '! Error: File /memories/d/a.md already exists',
    "Here's the content of /memories/d/a.md with line numbers:\n     1\ttea",
    'The file /memories/d/a.md has been edited: text was put behind line 1.',
    'Successfully renamed /memories/d/a.md to /memories/b.md',
    expect.stringMatching(/\t\/memories\/b\.md\n.*\t\/memories\/d$/),
    '! The path /memories/../../x is not in /memories.',
    'Successfully deleted /memories/d',
    '! The path /memories/d does not exist. Please provide a valid path.',
  ]);
});

it('runs what a person was asked about, though the session has been given other tools since', async () => {
  const cwd = folder();
  const test = await testGreenroom();
  await test.sessions.create('s', { workingDirectory: cwd, tools: ['bash_20250124'] });
  const turn = test.begin('s', toolCalls([['bash', { command: 'touch a.txt' }]]));
  const waiting = async () => (await test.sessions.approvals()).approvals;
  await until(async () => (await waiting()).length === 1);
  await test.sessions.update('s', { tools: ['Read'] });
  const [asked] = await test.sessions.asked('s');
  expect(asked).toMatchObject({ input: { command: 'touch a.txt' } });
  const yes = { approvalId: asked?.approvalId ?? '', decision: 'allow' } as const;
  const other = { ...yes, input: { command: 'touch b.txt' } };
  await expect(test.sessions.approve('s', other)).rejects.toMatchObject({ code: 'forbidden' });
  await test.sessions.approve('s', yes);
  expect(finishedOf(await turn.done)).toMatchObject({ status: 'completed', text: 'done' });
  expect([existsSync(join(cwd, 'a.txt')), existsSync(join(cwd, 'b.txt'))]).toEqual([true, false]);
});

it('passes on the tools that the API runs itself, with their blocks, usage and price', async () => {
  const permissionsFile = join(folder(), 'rules.json');
  writeFileSync(permissionsFile, JSON.stringify({ deny: ['WebFetch(domain:evil.example)'] }));
  const test = await testGreenroom({ permissionsFile });
  const tools = ['web_search_20260318', 'web_fetch_20260318', 'Read'];
  await test.sessions.create('s', { tools });
  const search = 'server-tool=web_search input={"query":"tide"} result=[]';
  const events = await test.run('s', `[[rehearse: ${search} text=found]] [[rehearse: text=again]]`);
  expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'found' });
  const blocked = { blocked_domains: ['evil.example'] };
  expect(Object(test.modelCalls[0]?.json).tools).toEqual([
    expect.objectContaining({ name: 'Read' }),
    { type: 'web_fetch_20260318', name: 'web_fetch', ...blocked },
    expect.objectContaining({ type: 'web_search_20260318', name: 'web_search', ...blocked }),
  ]);
  await test.run('s', 'And now?');
  expect(JSON.stringify(Object(test.modelCalls.at(-1)?.json).messages)).toContain(
    '"type":"web_search_tool_result"',
  );
  const session = await test.sessions.get('s');
  expect(session.usage.webSearchRequests).toBe(1);
  expect(session.toolsUsed).toEqual(['web_search']);
  const { audit } = await test.sessions.audit('s', { kind: 'tool' });
  expect(audit).toMatchObject([
    { action: 'succeeded', by: 'api', details: { tool: 'web_search', permission: 'not_checked' } },
  ]);
  expect(session.totalCostUsd).toBeGreaterThan(0.01);
  const { tools: told, toolsMissing } = await test.sessions.explain('s');
  expect([told, toolsMissing]).toEqual([
    ['Read', 'web_fetch_20260318', 'web_search_20260318'],
    undefined,
  ]);
});

it('gives them the options that a session has, within what is denied, in a fork and a task too', async () => {
  const test = await testGreenroom();
  const search = {
    ...{ type: 'web_search_20250305', max_uses: 3 },
    ...{ allowed_domains: ['tide.example', 'evil.example'] },
  };
  const serverTools = [search, { type: 'code_execution_20260521' }];
  const settings = {
    ...{ serverTools, disallowedTools: ['WebFetch(domain:evil.example)', 'code_execution'] },
  };
  const offered = () => Object(test.modelCalls.at(-1)?.json).tools;
  const inRequest = [
    expect.objectContaining({
      ...{ ...search, name: 'web_search', allowed_domains: ['tide.example'] },
    }),
  ];
  await test.sessions.create('s', settings);
  await test.run('s', 'Hello');
  expect(offered()).toEqual(inRequest);
  expect(await test.sessions.get('s')).toMatchObject({ serverTools });
  expect(await test.sessions.explain('s')).toMatchObject({
    tools: ['web_search_20250305'],
    toolsDenied: [{ tool: 'code_execution_20260521', rule: 'code_execution', of: 'session' }],
  });

  await test.sessions.fork('s', { newSessionId: 'f' });
  await test.run('f', 'Hello');
  expect(offered()).toEqual(inRequest);
  await test.sessions.update('f', { serverTools: [] });
  await test.run('f', 'Hello');
  expect(offered()).toBeUndefined();

  const twice = 'server-tool=web_search result=[] server-tool=web_search result=[]';
  await test.sessions.create('u', { serverTools: [{ ...search, max_uses: 1 }] });
  await test.run('u', `[[rehearse: ${twice} text=enough]]`);
  expect((await test.sessions.get('u')).usage.webSearchRequests).toBe(1);
  expect(JSON.stringify((await test.sessions.messages('u', {})).entries)).toContain(
    'max_uses_exceeded',
  );

  const { tasks } = test.greenroom;
  const begun = test.modelCalls.length;
  await tasks.put('tide', { prompt: 'Hello', settings });
  await tasks.run('tide');
  await until(async () => test.modelCalls.length > begun);
  expect(offered()).toEqual(inRequest);
  await tasks.delete('tide');

  const both = [{ ...search, blocked_domains: ['a.example'] }];
  const code = 'invalid_settings';
  await expect(test.sessions.update('s', { serverTools: both })).rejects.toMatchObject({ code });
});

it('has the API call MCP servers of its file for sessions that name them, and no session has their tokens', async () => {
  vi.stubEnv('DOCS_TOKEN', 'docs-secret-token');
  onTestFinished(() => void vi.unstubAllEnvs());
  const mcpFile = join(folder(), 'mcp.json');
  const docs = {
    ...{ type: 'url', url: 'https://docs.example/mcp' },
    authorization_token: `$${'{DOCS_TOKEN}'}`,
  };
  const wiki = { type: 'url', url: 'https://wiki.example/mcp' };
  writeFileSync(mcpFile, JSON.stringify({ mcpServers: { docs, wiki } }));
  const test = await ownGreenroom({ mcpFile });
  const last = () => test.modelCalls.at(-1);
  const sent = () => Object(last()?.json);
  await test.sessions.create('s', {
    tools: ['mcp__docs__search', 'mcp__wiki'],
    disallowedTools: ['mcp__wiki__delete'],
  });
  const call = 'mcp-tool=docs/search input={"query":"tide"} result="High at noon."';
  const events = await test.run('s', `[[rehearse: ${call} text="At noon."]]`);
  expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'At noon.' });
  expect(sent()).toMatchObject({
    mcp_servers: [
      { type: 'url', name: 'docs', url: docs.url, authorization_token: 'docs-secret-token' },
    ],
    tools: [
      {
        ...{ type: 'mcp_toolset', mcp_server_name: 'docs' },
        ...{ default_config: { enabled: false }, configs: { search: { enabled: true } } },
      },
    ],
  });
  expect(last()?.headers['anthropic-beta']).toBe('mcp-client-2025-11-20');
  expect(await test.sessions.explain('s')).toMatchObject({
    tools: ['mcp__docs__search'],
    toolsDenied: [{ tool: 'mcp__wiki', rule: 'mcp__wiki__delete', of: 'session' }],
  });
  expect(await test.sessions.context('s', { count: true })).toMatchObject({
    from: 'count',
  });

  const refused = 'status=400 message="no docs-secret-token here"';
  const failed = await test.run('s', `[[rehearse: ${refused}]]`);
  expect(JSON.stringify(finishedOf(failed))).toContain('no (hidden) here');

  // What was called for stays in its messages, whether it is offered still or not.
  await test.sessions.update('s', { tools: [] });
  expect(finishedOf(await test.run('s', 'And now?'))).toMatchObject({ status: 'completed' });
  expect(sent().mcp_servers).toBeUndefined();
  expect(last()?.headers['anthropic-beta']).toBe('mcp-client-2025-11-20');
  expect(sent().messages[1].content).toMatchObject([
    { type: 'mcp_tool_use', server_name: 'docs', name: 'search', input: { query: 'tide' } },
    { type: 'mcp_tool_result', content: [{ type: 'text', text: 'High at noon.' }] },
    { type: 'text', text: 'At noon.' },
  ]);
  expect(await test.sessions.get('s')).toMatchObject({ toolsUsed: ['mcp__docs__search'] });
  const { audit } = await test.sessions.audit('s', { tool: 'mcp__docs__search' });
  expect(audit).toMatchObject([{ kind: 'tool', action: 'succeeded', by: 'api' }]);
  const kept = JSON.stringify([
    await test.sessions.get('s'),
    (await test.sessions.messages('s', { limit: 100 })).entries[1],
    await test.sessions.explain('s'),
  ]);
  expect(kept).not.toContain('docs-secret-token');
});

it('goes on behind a call of such a server that was cut off', async () => {
  const mcpFile = join(folder(), 'mcp.json');
  const docs = { type: 'url', url: 'https://docs.example/mcp' };
  writeFileSync(mcpFile, JSON.stringify({ mcpServers: { docs } }));
  const test = await ownGreenroom({ mcpFile });
  await test.sessions.create('s', { tools: ['mcp__docs'] });
  const events = await test.run(
    's',
    '[[rehearse: mcp-tool=docs/search text=half stop=max_tokens]]',
  );
  expect(finishedOf(events).status).toBe('completed');
  expect(finishedOf(await test.run('s', 'Again?'))).toMatchObject({ status: 'completed' });
  expect(JSON.stringify(Object(test.modelCalls.at(-1)?.json).messages)).not.toContain(
    'mcp_tool_use',
  );
});

it('names the container in which code ran while it is there, over a restart too, and goes on without one that is gone', async () => {
  const lost: string[] = [];
  const test = await ownGreenroom({
    script: ({ json }) => {
      const { container } = Object(json) as { readonly container?: string };
      if (!lost.includes(container ?? '')) return undefined;
      const message = `container: Container ${String(container)} was not found.`;
      return { kind: 'error', status: 400, message };
    },
  });
  const code = 'server-tool=code_execution input={"code":"1+1"} result={}';
  const ran = async (id: string, prompt: string) => {
    expect(finishedOf(await test.run(id, prompt))).toMatchObject({ status: 'completed' });
    return Object(test.modelCalls.at(-1)?.json).container as string | undefined;
  };
  await test.sessions.create('s', { tools: ['code_execution_20260521'] });
  expect(await ran('s', `[[rehearse: ${code} text=2]]`)).toBeUndefined();
  const first = await ran('s', 'And now?');
  expect(first).toMatch(/^container_/);
  expect(await ran('s', `[[rehearse: ${code} text=2]]`)).toBe(first);

  // A fork has files of its own.
  await test.sessions.fork('s', { newSessionId: 'f' });
  expect(await ran('f', 'Hello')).toBeUndefined();

  await test.restart();
  expect(await ran('s', 'Still there?')).toBe(first);
  lost.push(first ?? '');
  expect(await ran('s', 'And now?')).toBeUndefined();
  const calls = test.modelCalls.length;
  expect(await ran('s', `[[rehearse: ${code} text=2 container-seconds=0]]`)).toBeUndefined();
  expect(test.modelCalls.length).toBe(calls + 1);
  expect(await ran('s', 'It has expired')).toBeUndefined();
});

it('goes on behind an answer that was cut off in a call of the API, now and after a restart', async () => {
  const test = await ownGreenroom();
  await test.sessions.create('s', { tools: ['web_search_20260318'] });
  const search = 'server-tool=web_search input={"query":"tide"}';
  await test.run('s', `[[rehearse: text=Let ${search} stop=max_tokens]]`);
  expect(finishedOf(await test.run('s', 'And now?'))).toMatchObject({ status: 'completed' });
  expect(JSON.stringify(Object(test.modelCalls.at(-1)?.json).messages)).not.toContain(
    'server_tool_use',
  );
  await test.restart();
  expect(finishedOf(await test.run('s', 'Still?'))).toMatchObject({ status: 'completed' });
  const limits = { maxSteps: 1 };
  await test.run('s', `[[rehearse: text=wait ${search} stop=pause_turn]]`, { ...limits });
  expect(finishedOf(await test.run('s', 'Once more?'))).toMatchObject({ status: 'completed' });
});
