/** Which servers a session may have for itself: programs of the file, hosts of the settings, and nothing of the environment. */
import { describe, expect, test } from 'vitest';
import type { SessionServer } from '../../../src/model/mcp-servers.ts';
import { SessionServers, shownServers } from '../../../src/model/mcp-servers.ts';
import { SessionRules } from '../../../src/tools/mcp/session-rules.ts';
import { mcpServersOf } from '../../../src/tools/mcp/settings.ts';

const servers = mcpServersOf(
  {
    files: { command: 'serve', args: ['--files'], env: { TOKEN: '' }, perSession: true },
    tickets: {
      ...{ type: 'http', url: 'https://tickets.example.com/mcp', perSession: true },
      headers: { Authorization: 'none' },
    },
    common: { command: 'serve' },
  },
  '/srv',
  {},
);
const HOSTS = ['api.example.com', '*.tools.example', 'localhost:8080'];
/** As of a server that the API calls. */
test('no session has a server of its own by the name of one that the API calls', () => {
  const wish = { docs: { type: 'http', url: 'https://crm.example.com/mcp' } } as const;
  expect(rules({ connectors: ['docs'] }).faultOf(wish)).toContain('name mcp__docs in tools');
});

const rules = (more: object = {}) =>
  new SessionRules({ servers, hosts: HOSTS, maxServers: 10, ...more });
const faultOf = (server: SessionServer, name = 'own') => rules().faultOf({ [name]: server });

describe('a program', () => {
  test('is one of the file that is marked for sessions, with values for the variables that the file names', () => {
    const [server, ...others] = rules().settingsOf({ files: { env: { TOKEN: 'mine' } } });
    expect(others).toEqual([]);
    expect(server).toMatchObject({
      ...{ name: 'files', isPerSession: true },
      transport: { type: 'stdio', command: 'serve', cwd: '/srv', env: { TOKEN: 'mine' } },
    });
    expect(faultOf({ command: 'serve', args: ['--files'] }, 'files')).toBeUndefined();
  });

  test.each([
    ['of nobody but the session', { command: 'sh', args: ['-c', 'id'] }, 'own'],
    ['of the file under another name', { command: 'serve', args: ['--files'] }, 'own'],
    ['with another command', { command: 'sh', args: ['--files'] }, 'files'],
    ['with other arguments', { args: ['--files', '--all'] }, 'files'],
    ['with a variable that the file does not name', { env: { NODE_OPTIONS: '-r x' } }, 'files'],
    ['with a variable of every object', { env: { constructor: 'x' } }, 'files'],
    ['with an address', { url: 'https://api.example.com' }, 'files'],
    ['that all sessions have', { command: 'serve' }, 'common'],
  ])('is refused: one %s', (_, server, name) => {
    expect(faultOf(server, name)).toMatch(new RegExp(`^mcpServers.${name}: `));
    expect(rules().settingsOf({ [name]: server })).toEqual([]);
  });
});

describe('a server on the web', () => {
  test.each([
    ['https://api.example.com/mcp', true],
    ['https://a.tools.example/mcp', true],
    ['http://localhost:8080/mcp', true],
    ['https://API.example.com/mcp', true],
    ['http://api.example.com/mcp', false],
    ['https://api.example.com:8443/mcp', false],
    ['https://api.example.com.evil.example/mcp', false],
    ['https://evil.example/api.example.com', false],
    ['https://api.example.com@evil.example/', false],
    ['https://tools.example/mcp', false],
    ['https://eviltools.example/mcp', false],
    ['http://localhost:8081/mcp', false],
    ['http://127.0.0.1:8080/mcp', false],
    ['file:///etc/passwd', false],
    ['no address', false],
  ])('of a host that is allowed is taken: %s: %s', (url, isTaken) => {
    expect(faultOf({ url }) === undefined).toBe(isTaken);
    expect(faultOf({ type: 'sse', url }) === undefined).toBe(isTaken);
  });

  test('may not bear the name of one of the file, however that is written', () => {
    const url = 'https://api.example.com/mcp';
    expect(faultOf({ url }, 'common')).toContain('the daemon has a server common');
    expect(faultOf({ url }, 'tickets')).toContain('another `url`');
    expect(rules().faultOf({ 'a b': { url }, a_b: { url } })).toContain('two servers');
    expect(faultOf({ url }, 'a__b')).toContain('no `_`');
  });

  test('of the file may be given the headers that the file names', () => {
    const [own] = rules().settingsOf({ tickets: { headers: { Authorization: 'Bearer mine' } } });
    expect(own?.transport).toMatchObject({ headers: { Authorization: 'Bearer mine' } });
    expect(faultOf({ headers: { Host: 'x' } }, 'tickets')).toContain('names no Host');
    expect(faultOf({ headers: { Authorization: 'a\nb' } }, 'tickets')).toContain('one line');
  });

  test('gets nothing of our environment', () => {
    const url = `https://api.example.com/\${PATH}`;
    const [own] = rules().settingsOf({ own: { url, headers: { A: `\${PATH}` } } });
    expect(own?.transport).toMatchObject({ url, headers: { A: `\${PATH}` } });
  });
});

test('where sessions may have none, each is refused', () => {
  const none = rules({ maxServers: 0 });
  expect(none.faultOf({ files: {} })).toContain('GREENROOM_SESSION_MCP_SERVERS');
  expect(none.settingsOf({ files: {} })).toEqual([]);
});

test('ten servers at most, and no secret is shown of one', () => {
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`s${at}`, { url: 'https://x' }]));
  expect(SessionServers.safeParse(many(10)).success).toBe(true);
  expect(SessionServers.safeParse(many(11)).success).toBe(false);
  const shown = shownServers({
    one: { url: 'https://me:pass@x.example/mcp?key=secret', headers: { A: 'secret' } },
    two: { command: 'serve', env: { T: 'secret' } },
    three: { url: 'https://x.example/mcp' },
  });
  expect(shown).toEqual({
    one: { url: 'https://x.example/mcp?(hidden)', headers: { A: '(hidden)' } },
    two: { command: 'serve', env: { T: '(hidden)' } },
    three: { url: 'https://x.example/mcp' },
  });
});
