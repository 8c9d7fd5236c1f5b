/** The file of servers: what is taken, and in what words the rest is refused. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectorsIn, mcpServersIn } from '../../../src/tools/mcp/settings.ts';

const fileWith = (text: string): string => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-mcp-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'mcp.json'), text);
  return join(dir, 'mcp.json');
};
const read = (mcpServers: object, env = {}) =>
  mcpServersIn(fileWith(JSON.stringify({ mcpServers })), env);

test('servers that the API calls stand beside the others, with their tokens', () => {
  const api = { type: 'url', url: 'https://docs.example/mcp' };
  const servers = {
    wiki: api,
    docs: { ...api, authorization_token: `\${TOKEN}` },
    one: { command: 'serve' },
  };
  expect(read(servers).map(({ name }) => name)).toEqual(['one']);
  const connected = (written: object, env = {}) =>
    connectorsIn(fileWith(JSON.stringify({ mcpServers: written })), env);
  expect(connected(servers, { TOKEN: 'secret' })).toEqual([
    { name: 'docs', url: api.url, token: 'secret' },
    { name: 'wiki', url: api.url },
  ]);
  expect(() => connected(servers)).toThrow('mcpServers.docs: the environment has no TOKEN');
  expect(() => connected({ a: { ...api, url: 'http://a.example' } })).toThrow('an https URL');
  expect(() => connected({ a: { ...api, headers: {} } })).toThrow('mcpServers.a');
  expect(() => connected({ a: { ...api, authorization_token: 'se cret' } })).toThrow(
    /^(?!.*se cret)/s,
  );
  expect(() => read({ 'a.b': api, a_b: { command: 'serve' } })).toThrow('called a_b too');
});

test('what is left out has its default', () => {
  const [stdio, web] = read({
    one: { command: 'serve' },
    two: { type: 'http', url: 'https://example.com/mcp', timeout: 5_000, idleTimeout: 2_000 },
  });
  expect(stdio).toMatchObject({
    ...{ name: 'one', timeoutMs: 600_000, idleTimeoutMs: 60_000 },
    transport: { type: 'stdio', command: 'serve', args: [], env: {} },
  });
  expect(web).toMatchObject({
    ...{ timeoutMs: 5_000, idleTimeoutMs: 2_000 },
    transport: { type: 'http', url: 'https://example.com/mcp', headers: {} },
  });
});

test('variables are put in where values are, and never read twice', () => {
  const env = { KEY: `\${OTHER}`, HOST: 'example.com', EMPTY: '' };
  const [web, stdio] = read(
    {
      web: { type: 'sse', url: `https://\${HOST}/`, headers: { Authorization: `Bearer \${KEY}` } },
      stdio: { command: `\${SHELL_OF:-sh}`, args: ['-c', `\${EMPTY:-x}\${NO:-}`] },
    },
    env,
  );
  expect(web?.transport).toMatchObject({
    url: 'https://example.com/',
    headers: { Authorization: `Bearer \${OTHER}` },
  });
  expect(stdio?.transport).toMatchObject({ command: 'sh', args: ['-c', 'x'] });
});

describe('refused, with the place', () => {
  const server = { command: 'serve' };
  test.each<[string, object, string]>([
    ['nothing to start', { a: {} }, 'mcpServers.a: command: is missing'],
    ['a list that is none', { a: { ...server, args: 'x' } }, 'args: must be a list, not text'],
    ['a variable that is not set', { a: { command: `\${MISSING}` } }, 'has no MISSING'],
    [
      'an address of another kind',
      { a: { type: 'http', url: 'file:///etc' } },
      'mcpServers.a: url',
    ],
    [
      'a header on two lines',
      { a: { type: 'http', url: 'http://a', headers: { B: 'x\ny' } } },
      'B',
    ],
    ['too short a time', { a: { ...server, timeout: 10 } }, 'mcpServers.a: timeout'],
    [
      'a field that means nothing',
      { a: { ...server, disabled: true } },
      'a: disabled: is not known',
    ],
    ['a field misspelt', { a: { ...server, arg: [] } }, 'arg: is not known (did you mean args?)'],
    ['no name', { '': server }, '1 to 40 characters'],
    ['a long name', { ['a'.repeat(41)]: server }, '1 to 40 characters'],
    ['two names that are one', { 'a.b': server, a_b: server }, 'is called a_b too'],
    ['a name that could hide a tool of another', { a__b: server }, 'no two in a row'],
    ['an unknown type', { a: { type: 'sdk', command: 'x' } }, 'mcpServers.a: type'],
  ])('%s', (_, servers, words) => {
    expect(() => read(servers)).toThrow(words);
    expect(() => read(servers)).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
  });

  test('a file that is no JSON, or not there', () => {
    for (const file of [fileWith('{'), fileWith('[]'), '/nowhere/mcp.json'])
      expect(() => mcpServersIn(file, {})).toThrow(/^GREENROOM_MCP_FILE /);
  });

  test('a secret is not told', () => {
    const url = 'ftp://user:password@host';
    expect(() => read({ a: { type: 'http', url } })).not.toThrow(/password/);
  });
});
