/** When servers of sessions are started, what makes room, and when they are closed. Nothing runs: what would be is written down. */
import { expect, test } from 'vitest';
import type { SessionKey } from '../../../src/model/ids.ts';
import type { SessionServers as Written } from '../../../src/model/mcp-servers.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';
import { Pins } from '../../../src/tools/mcp/pins.ts';
import type { ServerDoor } from '../../../src/tools/mcp/server-door.ts';
import { SessionRules } from '../../../src/tools/mcp/session-rules.ts';
import { REST_MS, SessionServers } from '../../../src/tools/mcp/session-servers.ts';

const keyOf = (sessionId: string) => ({ tenant: 't', sessionId }) as SessionKey;
const WEB: Written = { web: { url: 'https://example.com/mcp' } };
const said = [{ name: 'say', inputSchema: { type: 'object' } }];

const setUp = (maxServers = 2) => {
  const clock = virtualClock();
  const done: string[] = [];
  const doors = new Map<string, ServerDoor>();
  const word = (key: string) => key.split('.')[1] ?? '';
  const servers = new SessionServers({
    ...{ maxServers, clock, doors, pins: new Pins(undefined) },
    rules: new SessionRules({ servers: [], hosts: ['example.com'], maxServers }),
    notices: { info: () => undefined, warn: () => undefined },
    start: (key) => void done.push(`start ${word(key)}`),
    stop: (key) => void done.push(`stop ${word(key)}`),
  });
  const asker = (id: string, mcpServers: Written | undefined = WEB) => ({
    ...{ key: keyOf(id), childOf: undefined, mcpServers },
  });
  const doorOf = (id: string) => {
    const [, door] = [...doors].find(([key]) => word(key) === id) ?? [];
    if (door === undefined) throw new Error(`no door of ${id}`);
    return door;
  };
  return { clock, done, doors, servers, asker, doorOf };
};

test('to ask which tools there are starts nothing; to prepare a step starts them once, and waits for the first word', async () => {
  const { servers, asker, done, doorOf } = setUp();
  expect(servers.toolsOf(asker('a'))).toBeUndefined();
  expect(done).toEqual([]);
  const waits = servers.prepare(asker('a'));
  void servers.prepare(asker('a'));
  expect(done).toEqual(['start a']);
  doorOf('a').take(said);
  doorOf('a').tell({ kind: 'down', why: 'of this test' });
  await waits;
  expect(servers.prepare(asker('a'))).toBeUndefined();
  const tools = servers.toolsOf(asker('a'));
  expect(tools?.map(({ name }) => name)).toEqual(['mcp__web__say']);
  expect(servers.toolsOf(asker('a', { ...WEB }))).toBe(tools);
  expect(servers.placeOf({ key: keyOf('a'), name: 'mcp__web__say' })).toMatchObject({
    tool: 'say',
  });
  expect(servers.placeOf({ key: keyOf('b'), name: 'mcp__web__say' })).toBeUndefined();
});

test('what one session has learnt of a server is known to the next one of its tenant, and waits for nothing', () => {
  const { servers, asker, doorOf } = setUp();
  void servers.prepare(asker('a'));
  doorOf('a').take(said);
  expect(servers.prepare(asker('b'))).toBeUndefined();
  expect(servers.toolsOf(asker('b'))).toHaveLength(1);
  const ofOther = { ...asker('c'), key: { ...keyOf('c'), tenant: 'other' } as SessionKey };
  expect(servers.toolsOf(ofOther)).toBeUndefined();
});

test('a server that never says anything is not waited for twice', async () => {
  const { servers, asker, clock } = setUp();
  const waits = servers.prepare(asker('a'));
  await clock.advance(60_000);
  await waits;
  expect(servers.prepare(asker('a'))).toBeUndefined();
});

test('servers close after their rest, and not while a call is under way', async () => {
  const { servers, asker, clock, done, doors, doorOf } = setUp();
  void servers.prepare(asker('a'));
  void servers.prepare(asker('b'));
  await clock.advance(REST_MS - 1);
  servers.rest();
  expect(done).toEqual(['start a', 'start b']);
  const cancel = doorOf('b').begin({ tool: 'say', input: {}, path: '/none' }, () => undefined);
  await clock.advance(1);
  servers.rest();
  expect(done.slice(2)).toEqual(['stop a']);
  cancel();
  servers.rest();
  expect(done.slice(3)).toEqual(['stop b']);
  expect(doors.size).toBe(0);
});

test('the session that has rested longest makes room; where all work, the new one is down', async () => {
  const { servers, asker, clock, done, doorOf } = setUp();
  for (const id of ['a', 'b']) {
    void servers.prepare(asker(id));
    await clock.advance(1);
  }
  void servers.prepare(asker('a'));
  void servers.prepare(asker('c'));
  expect(done.slice(2)).toEqual(['stop b', 'start c']);
  expect(servers.size).toBe(2);
  for (const id of ['a', 'c'])
    doorOf(id).begin({ tool: 'say', input: {}, path: '/none' }, () => undefined);
  expect(servers.prepare(asker('d'))).toBeUndefined();
  expect(doorOf('d').state).toMatchObject({ kind: 'down', why: expect.stringContaining('2') });
});

test('other settings are other servers, and none are none', () => {
  const { servers, asker, done } = setUp();
  void servers.prepare(asker('a'));
  void servers.prepare(asker('a', { other: { url: 'https://example.com/other' } }));
  expect(done).toEqual(['start a', 'stop a', 'start a']);
  expect(servers.prepare(asker('a', {}))).toBeUndefined();
  expect(servers.size).toBe(0);
  expect(servers.prepare(asker('a', { evil: { url: 'https://evil.example/' } }))).toBeUndefined();
  expect(done.slice(3)).toEqual(['stop a']);
});
