/** The Redis store passes the contract, on a real server, and lies there as the Python original has it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classicStoreContract } from '../../../src/classic/stores/contract/contract.ts';
import { RedisSessionStore } from '../../../src/classic/stores/redis/redis-session-store.ts';
import { startRedis, type TestServer, withoutRedis } from '../../support/redis.ts';
import { RedisProbe } from './redis-probe.ts';
import { expectOneWinnerEach } from './rivals.ts';

describe.skipIf(withoutRedis())('RedisSessionStore', () => {
  let server: TestServer;
  let probe: RedisProbe;

  beforeAll(async () => {
    server = await startRedis();
    probe = await RedisProbe.connect(server.url);
  });
  afterAll(async () => {
    await probe.end();
    await server.stop();
  });

  classicStoreContract({
    ...{ describe, test, name: 'contract' },
    open: async () => {
      await probe.command('FLUSHALL');
      const another = async () => new RedisSessionStore(server.url);
      return { store: await another(), another };
    },
  });

  const fresh = async (ttlDays?: number): Promise<RedisSessionStore> => {
    await probe.command('FLUSHALL');
    return new RedisSessionStore(server.url, ttlDays);
  };

  describe('lies there as the Python original has it', () => {
    test('a message list of JSON, a metadata hash, a time of making, a set per directory', async () => {
      await using store = closing(await fresh());
      await store.createSession('s', { workingDirectory: '/w', usage: { input_tokens: 3 } });
      const timestamp = '2025-10-19T12:34:56.123456';
      await store.appendMessage('s', { role: 'user', content: 'Grüße', id: 'm1', timestamp });
      expect(await probe.command('LRANGE', 'session:s:messages', '0', '-1')).toEqual([
        '{"role":"user","content":"Grüße","id":"m1","timestamp":"2025-10-19T12:34:56.123456+00:00"}',
      ]);
      expect(await probe.hash('session:s:metadata')).toEqual({
        model: 'claude-sonnet-4-5-20250929',
        working_directory: '/w',
        permission_mode: 'ask',
        allowed_tools: '[]',
        disallowed_tools: '[]',
        total_cost_usd: '0',
        num_turns: '0',
        usage: '{"input_tokens":3}',
      });
      const createdAt = String(await probe.command('GET', 'session:s:created_at'));
      expect(createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
      expect(await probe.command('SMEMBERS', 'sessions_by_dir:/w')).toEqual(['s']);
    });

    test('what it has written is loaded, typed, and takes changes', async () => {
      await using store = closing(await fresh());
      await probe.python('p', {
        total_cost_usd: '1.23',
        num_turns: '5',
        allowed_tools: '["Read", "Bash"]',
        usage: '{"input_tokens": 100}',
        permission_mode: 'enabled',
        compaction_state:
          '{"last_compaction_turn": 3, "summary": "S", "original_message_ids": ["m0"]}',
      });
      const state = await store.loadSession('p');
      expect(state?.messages).toEqual([
        { role: 'user', content: 'Hi', id: null, timestamp: '2025-10-19T12:34:56.789012Z' },
      ]);
      expect(state?.createdAt).toBe('2025-10-19T12:00:00.000001Z');
      expect(state?.metadata).toMatchObject({
        totalCostUsd: 1.23,
        numTurns: 5,
        allowedTools: ['Read', 'Bash'],
        usage: { input_tokens: 100 },
        permissionMode: 'enabled',
        compactionState: { lastCompactionTurn: 3, summary: 'S', originalMessageIds: ['m0'] },
      });
      await store.appendMessage('p', { role: 'user', content: 'more' }, { expectedVersion: 0 });
      expect(await store.getMessages('p')).toHaveLength(2);
    });

    test('what it has written is listed too, the newest first, by directory and in all', async () => {
      await using store = closing(await fresh());
      await probe.python('old', {});
      await store.createSession('ours', { workingDirectory: '/py' });
      expect(await store.listSessions()).toEqual(['ours', 'old']);
      await probe.python('later', {});
      await probe.python('elsewhere', { working_directory: '/moved' });
      await probe.command('SADD', 'sessions_by_dir:/py', 'gone');
      expect(await store.listSessions('/py')).toEqual(['ours', 'later', 'old'].sort(byAge));
      expect(await probe.command('SMEMBERS', 'sessions_by_dir:/py')).not.toContain('gone');
      expect(await store.listSessions('/moved')).toEqual(['elsewhere']);
      expect(await store.listSessions()).toHaveLength(4);
    });
    /** Those of the original have the same time; then the index is in the order of the ids, backwards. */
    const byAge = (a: string, b: string) => (a === 'ours' ? -1 : b === 'ours' ? 1 : a < b ? 1 : -1);

    test('a session of it without metadata takes the defaults', async () => {
      await using store = closing(await fresh());
      await probe.command('RPUSH', 'session:old:messages', '{"role":"user","content":"Hi"}');
      expect((await store.loadSession('old'))?.metadata.permissionMode).toBe('ask');
    });
  });

  describe('time to live', () => {
    const ttls = (id: string) =>
      Promise.all(
        ['messages', 'metadata', 'created_at', 'state'].map((part) =>
          probe.command('TTL', `session:${id}:${part}`),
        ),
      );
    const DAY = 86_400;

    test('all keys of a session have thirty days, set anew together by every change', async () => {
      await using store = closing(await fresh());
      await store.createSession('s');
      const change = [
        () => store.appendMessage('s', { role: 'user', content: 'Hi' }),
        () => store.updateMetadata('s', { numTurns: 1 }),
        () =>
          store.compactSession('s', {
            lastCompactionTurn: 1,
            summary: 'S',
            originalMessageIds: [],
          }),
      ];
      for (const make of change) {
        await probe.command('EXPIRE', 'session:s:metadata', '100');
        await make();
        for (const ttl of await ttls('s')) expect(ttl).toBeGreaterThan(30 * DAY - 60);
      }
    });

    test('also the keys that a change adds: to a fork, to a session of the original, by a first message', async () => {
      await using store = closing(await fresh());
      await store.createSession('s');
      await store.appendMessage('s', { role: 'user', content: 'Hi' });
      await store.forkSession('s', 'fork');
      for (const ttl of await ttls('fork')) expect(ttl).toBeGreaterThan(30 * DAY - 60);
      await probe.command('HSET', 'session:old:metadata', 'working_directory', '/w');
      await probe.command('RPUSH', 'session:old:messages', '{"role":"user","content":"Hi"}');
      await probe.command('SET', 'session:old:created_at', '2026-01-01T00:00:00');
      for (const part of ['messages', 'metadata', 'created_at'])
        await probe.command('EXPIRE', `session:old:${part}`, String(30 * DAY));
      await store.appendMessage('old', { role: 'user', content: 'Hi' });
      for (const ttl of await ttls('old')) expect(ttl).toBeGreaterThan(30 * DAY - 60);
    });

    test('a session that is held has none, until it is held no more', async () => {
      await using store = closing(await fresh());
      const message = { role: 'user', content: 'Hi' };
      await store.saveSession('s', [message], { tags: ['Hold'] });
      await store.appendMessage('s', message);
      expect(await ttls('s')).toEqual([-1, -1, -1, -1]);
      await store.saveSession('s', [message]);
      for (const ttl of await ttls('s')) expect(ttl).toBeGreaterThan(30 * DAY - 60);
    });

    test('the class takes other days, and none', async () => {
      await using two = closing(await fresh(2));
      await two.createSession('s');
      expect(await probe.command('TTL', 'session:s:metadata')).toBeGreaterThan(2 * DAY - 60);
      await using none = closing(new RedisSessionStore(server.url, 0));
      await none.appendMessage('s', { role: 'user', content: 'Hi' });
      expect(await ttls('s')).toEqual([-1, -1, -1, -1]);
    });

    test('indexes have none, and what has expired is in no listing, and soon in no index', async () => {
      await using store = closing(await fresh());
      for (const id of ['a', 'b', 'c']) await store.createSession(id, { workingDirectory: '/w' });
      await probe.expire('a', 'b');
      expect(await store.listSessions()).toEqual(['c']);
      expect(await store.listSessions('/w')).toEqual(['c']);
      expect(await store.sessionExists('a')).toBe(false);
      for (const index of ['sessions_by_update', 'sessions_by_update:/w'])
        expect(await probe.command('ZRANGE', index, '0', '-1')).toEqual(['c']);
      expect(await probe.command('SMEMBERS', 'sessions_by_dir:/w')).toEqual(['c']);
      expect(await probe.hash('sessions_directories')).toEqual({ c: '/w' });
      for (const index of ['sessions_by_update', 'sessions_by_dir:/w', 'sessions_directories'])
        expect(await probe.command('TTL', index)).toBe(-1);
    });

    test('without any listing, new sessions clear away what has expired', async () => {
      await using store = closing(await fresh());
      for (let at = 0; at < 10; at += 1) {
        await store.createSession(`s${at}`, { workingDirectory: `/${at}` });
        await probe.expire(`s${at}`);
      }
      expect(await probe.command('ZCARD', 'sessions_by_update')).toBeLessThanOrEqual(2);
      expect(await probe.keys()).toHaveLength(4); // the indexes of the last one, which has expired too
    });
  });

  test('a session goes with all its keys, from all indexes', async () => {
    await using store = closing(await fresh());
    await store.createSession('s', { workingDirectory: '/one' });
    await store.appendMessage('s', { role: 'user', content: 'Hi' });
    await store.updateMetadata('s', { workingDirectory: '/two' });
    expect(await store.listSessions('/one')).toEqual([]);
    await store.deleteSession('s');
    expect(await probe.keys()).toEqual([]);
  });

  test('a listing longer than one look into the index is whole', async () => {
    await using store = closing(await fresh());
    const ids = Array.from({ length: 1_100 }, (_, at) => `s${at}`);
    await Promise.all(ids.map((id) => store.createSession(id)));
    expect((await store.listSessions(undefined, 5_000)).sort()).toEqual([...ids].sort());
    expect(await store.listSessions(undefined, 501)).toHaveLength(501);
  });

  test('goes on when somebody has emptied the cache of scripts', async () => {
    await using store = closing(await fresh());
    await store.createSession('s');
    await probe.command('SCRIPT', 'FLUSH');
    await store.appendMessage('s', { role: 'user', content: 'Hi' });
    expect(await store.getMessages('s')).toHaveLength(1);
  });

  test('a full server refuses a change whole, says so, and lets sessions be deleted', async () => {
    await using store = closing(await fresh());
    await store.createSession('s', { model: 'before' });
    await probe.command('CONFIG', 'SET', 'maxmemory', '1');
    try {
      const refused = store.updateMetadata('s', { model: 'after' });
      await expect(refused).rejects.toMatchObject({
        code: 'unavailable',
        details: { outcome: 'none' },
      });
      expect((await store.loadSession('s'))?.metadata.model).toBe('before');
      await store.deleteSession('s');
    } finally {
      await probe.command('CONFIG', 'SET', 'maxmemory', '0');
    }
    expect(await probe.keys()).toEqual([]);
  });

  test('a damaged value is told, and is none of the defaults', async () => {
    await using store = closing(await fresh());
    await store.createSession('s');
    await probe.command('HSET', 'session:s:metadata', 'num_turns', 'many');
    await expect(store.loadSession('s')).rejects.toMatchObject({ code: 'serialization_failed' });
    await probe.command('RPUSH', 'session:s:messages', '{');
    await expect(store.getMessages('s')).rejects.toMatchObject({ code: 'serialization_failed' });
  });

  describe('what the server promises', () => {
    const warningsOf = async (settings: Readonly<Record<string, string>>): Promise<string[]> => {
      for (const [name, value] of Object.entries(settings))
        await probe.command('CONFIG', 'SET', name, value);
      const warnings: string[] = [];
      const onWarning = (warning: string) => void warnings.push(warning);
      await using store = closing(new RedisSessionStore(server.url, 30, { onWarning }));
      await store.listSessions();
      await store.listSessions();
      return warnings;
    };
    afterAll(() => warningsOf({ appendonly: 'yes', appendfsync: 'always' }));

    test('nothing is said of a server that syncs before it answers', async () => {
      expect(await warningsOf({ appendfsync: 'always' })).toEqual([]);
    });

    test.each(['everysec', 'no'])('appendfsync %s is a warning, told once', async (appendfsync) => {
      expect(await warningsOf({ appendfsync })).toEqual([
        expect.stringContaining(`appendfsync ${appendfsync}`),
      ]);
    });

    test('so is a server that keeps nothing at all', async () => {
      const [warning] = await warningsOf({ appendonly: 'no' });
      expect(warning).toContain('appendonly no');
    });
  });

  test('of processes that name the same version one wins, and nothing interleaves', async () => {
    await using store = closing(await fresh());
    await expectOneWinnerEach('redis', server.url, store);
  }, 120_000);

  test('a store that compares no versions is found out', async () => {
    await using store = closing(await fresh());
    const competition = expectOneWinnerEach('redis', server.url, store, 'unversioned');
    await expect(competition).rejects.toThrow();
  }, 120_000);

  test.each(['redis://me:secret@localhost:port/0', 'redis://me:secret@[::'])(
    '%s is told at once, without its password',
    (address) => {
      expect(() => new RedisSessionStore(address)).toThrow(/this one is none(?!.*secret)/);
    },
  );

  test.each(['localhost', 'http://me:secret@localhost', ''])('%j is no address', (address) => {
    expect(() => new RedisSessionStore(address)).toThrow(
      /takes a URL that begins with (?!.*secret)/,
    );
  });

  test('a closed store opens again with the next call', async () => {
    await using store = closing(await fresh());
    await store.createSession('s');
    await store.close();
    expect(await store.sessionExists('s')).toBe(true);
  });

  test('a wrong password is told at once', async () => {
    await using store = closing(
      new RedisSessionStore(server.url.replace('redis://', 'redis://nobody:wrong@')),
    );
    await expect(store.listSessions()).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test.each([-1, Number.NaN])('%s days are refused', (days) => {
    expect(() => new RedisSessionStore(server.url, days)).toThrow(/defaultTtlDays/);
  });
});

/** Ends with its block. */
const closing = <S extends RedisSessionStore>(store: S): S & AsyncDisposable =>
  Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
