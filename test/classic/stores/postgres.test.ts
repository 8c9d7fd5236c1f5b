/** The PostgreSQL store passes the contract, on a real server, and answers whoever asks in plain SQL. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classicStoreContract } from '../../../src/classic/stores/contract/contract.ts';
import { migrate } from '../../../src/classic/stores/postgres/migrate.ts';
import { migratePostgres } from '../../../src/classic/stores/postgres/migrate-postgres.ts';
import { PostgresClient } from '../../../src/classic/stores/postgres/postgres-pool.ts';
import { PostgresSessionStore } from '../../../src/classic/stores/postgres/postgres-session-store.ts';
import { STATEMENTS } from '../../../src/classic/stores/postgres/statements.ts';
import { systemClock } from '../../../src/otp/system-clock.ts';
import { isFull } from '../../chaos/size.ts';
import {
  query,
  startPostgres,
  type TestPostgres,
  withoutPostgres,
} from '../../support/postgres.ts';
import { until } from '../../support/until.ts';
import { expectOneWinnerEach } from './rivals.ts';

describe.skipIf(withoutPostgres())('PostgresSessionStore', () => {
  let server: TestPostgres;
  let url: string;

  beforeAll(async () => {
    server = await startPostgres();
    url = await server.newDatabase();
  });
  afterAll(() => server.stop());

  classicStoreContract({
    ...{ describe, test, name: 'contract' },
    open: async () => {
      const store = new PostgresSessionStore(url);
      await store.listSessions();
      await query(url, 'DELETE FROM sessions');
      return { store, another: async () => new PostgresSessionStore(url) };
    },
  });

  const fresh = async (): Promise<PostgresSessionStore> => {
    await query(url, 'DELETE FROM sessions');
    return new PostgresSessionStore(url);
  };

  const numbers = (rows: readonly Record<string, unknown>[]) =>
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          typeof value === 'string' && /^[0-9.]+$/.test(value) ? Number(value) : value,
        ]),
      ),
    );

  describe('answers in plain SQL', () => {
    test('what the sessions of a tag have cost', async () => {
      await using store = closing(await fresh());
      const costs = { a: 0.125, b: 1.5, c: 10.000000001 } as const;
      const tags = { a: ['review'], b: ['review', 'urgent'], c: ['urgent'] } as const;
      for (const id of ['a', 'b', 'c'] as const) {
        const result = { type: 'result', data: { total_cost_usd: costs[id] } };
        await store.saveSession(id, [result], { tags: tags[id] });
      }
      const rows = await query(
        url,
        `SELECT tag, count(*) AS sessions, sum(total_cost_usd) AS cost
         FROM sessions, unnest(tags) AS tag GROUP BY tag ORDER BY tag`,
      );
      expect(numbers(rows)).toEqual([
        { tag: 'review', sessions: 2, cost: costs.a + costs.b },
        { tag: 'urgent', sessions: 2, cost: 11.500000001 },
      ]);
    });

    test('which calls of Bash were denied, and how the others went', async () => {
      await using store = closing(await fresh());
      await store.createSession('s');
      const call = (id: string, name: string, command: string) => ({
        ...{ type: 'tool_use', id, name },
        input: { command },
      });
      await store.appendMessage('s', {
        role: 'assistant',
        content: [
          call('t1', 'Bash', 'rm -rf /'),
          call('t2', 'Bash', 'ls'),
          call('t3', 'Read', 'a'),
        ],
      });
      await store.appendMessage('s', {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 't1', content: 'denied', is_error: true },
          { type: 'tool_result', tool_use_id: 't2', content: [{ type: 'text', text: 'files' }] },
        ],
      });
      await store.record('s', {
        permissionDecisions: [
          { toolUseId: 't1', toolName: 'Bash', decision: 'deny', reason: 'dangerous' },
          { toolUseId: 't2', toolName: 'Bash', decision: 'allow' },
        ],
        toolCalls: [
          { toolUseId: 't1', toolName: 'Bash', permissionDecision: 'deny' },
          { toolUseId: 't2', toolName: 'Bash', permissionDecision: 'allow', durationMs: 12 },
        ],
      });
      expect(
        await query(
          url,
          `SELECT call.input->>'command' AS command, decision.reason
           FROM tool_calls AS call
           JOIN permission_decisions AS decision USING (tenant, session_id, tool_use_id)
           WHERE call.tool_name = 'Bash' AND decision.decision = 'deny'`,
        ),
      ).toEqual([{ command: 'rm -rf /', reason: 'dangerous' }]);
      expect(
        await query(
          url,
          `SELECT tool_use_id, status, is_error, duration_ms, permission_decision
           FROM tool_calls ORDER BY tool_use_id`,
        ),
      ).toEqual([
        { ...outcome('t1', 'failed', true), permission_decision: 'deny' },
        { ...outcome('t2', 'completed', false), duration_ms: 12, permission_decision: 'allow' },
        outcome('t3', 'pending', null),
      ]);
      const [counts] = await query(
        url,
        'SELECT total_tool_calls, total_permission_checks FROM sessions',
      );
      expect(counts).toEqual({ total_tool_calls: 3, total_permission_checks: 2 });
    });

    const outcome = (tool_use_id: string, status: string, is_error: boolean | null) => ({
      ...{ tool_use_id, status, is_error, duration_ms: null, permission_decision: null },
    });

    test('which hooks ran in a turn', async () => {
      await using store = closing(await fresh());
      await store.createSession('s');
      const run = (turnId: string, hookType: string) => ({ turnId, hookType, inputData: { a: 1 } });
      const hookExecutions = [
        run('t1', 'PreToolUse'),
        run('t1', 'PostToolUse'),
        run('t2', 'PreToolUse'),
      ];
      await store.record('s', { hookExecutions });
      expect(
        await query(
          url,
          `SELECT hook_type, count(*)::integer AS runs FROM hook_executions
           WHERE session_id = 's' AND turn_id = 't1' GROUP BY hook_type ORDER BY hook_type`,
        ),
      ).toEqual([
        { hook_type: 'PostToolUse', runs: 1 },
        { hook_type: 'PreToolUse', runs: 1 },
      ]);
    });

    test('tokens as whole numbers, money to the billionth, times with their zone', async () => {
      await using store = closing(await fresh());
      const usage = { input_tokens: 3_000_000_000, output_tokens: 7, web_searches: 2 };
      await store.createSession('s', { totalCostUsd: 12_345_678_901.123, usage });
      const [row] = await query(
        url,
        `SELECT input_tokens::text, output_tokens::text, other_usage, total_cost_usd::text,
           pg_typeof(total_cost_usd)::text AS money, pg_typeof(created_at)::text AS time FROM sessions`,
      );
      expect(row).toEqual({
        input_tokens: '3000000000',
        output_tokens: '7',
        other_usage: { web_searches: 2 },
        total_cost_usd: '12345678901.123000000',
        money: 'numeric',
        time: 'timestamp with time zone',
      });
      expect((await store.loadSession('s'))?.metadata.usage).toEqual(usage);
    });
  });

  test('all that belongs to a session goes with it', async () => {
    await using store = closing(await fresh());
    await store.createSession('s');
    const use = { type: 'tool_use', id: 't1', name: 'Bash', input: {} };
    await store.appendMessage('s', { role: 'assistant', content: [use] });
    const totals = { totalMessages: 1, totalCostUsd: 0.5 };
    await store.record('s', {
      hookExecutions: [{ hookType: 'PreToolUse' }],
      permissionDecisions: [{ toolName: 'Bash', decision: 'allow' }],
      metricsSnapshots: [totals, { ...totals, totalMessages: 2 }],
      archive: { archivePath: 'archives/s.tar.gz', sizeBytes: 5_000_000_000 },
    });
    await store.record('s', { archive: { archivePath: 'archives/s2.tar.gz', sizeBytes: 1 } });
    expect(await countsOf(url)).toEqual({
      ...{ sessions: 1, messages: 1, tool_calls: 1, hook_executions: 1 },
      ...{ permission_decisions: 1, working_directory_archives: 1, session_metrics_snapshots: 2 },
    });
    await store.deleteSession('s');
    expect(Object.values(await countsOf(url))).toEqual(TABLES.map(() => 0));
  });

  test('records of what is not there, and what is no record, are refused', async () => {
    await using store = closing(await fresh());
    const hookExecutions = [{ hookType: 'PreToolUse' }];
    await expect(store.record('absent', { hookExecutions })).rejects.toMatchObject({
      code: 'session_not_found',
    });
    await store.createSession('s');
    await expect(store.record('s', { hookExecutions: [{ hookType: '' }] })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('hookExecutions.0.hookType'),
    });
  });

  test('characters that only JSON can hold come back; in an id they are refused', async () => {
    await using store = closing(await fresh());
    await store.createSession('s');
    const odd = 'nul \u0000, half \ud83d, and the rest \u2028';
    const content = [
      { type: 'text', text: odd },
      { type: 'thinking', thinking: odd },
      { type: 'tool_use', id: odd, name: odd, input: { odd } },
      { type: 'tool_result', tool_use_id: odd, content: odd },
    ];
    await store.appendMessage('s', { role: 'assistant', content, odd });
    await store.saveSession('t', [{ type: 'odd', odd }]);
    expect((await store.getMessages('s'))[0]).toMatchObject({ content, odd });
    expect((await store.getMessages('t'))[0]).toEqual({ type: 'odd', odd });
    await expect(
      store.appendMessage('s', { role: 'user', content: 'Hi', id: odd }),
    ).rejects.toMatchObject({ code: 'serialization_failed' });
  });

  test('tenants do not see each other', async () => {
    await using one = closing(await fresh());
    await using two = closing(new PostgresSessionStore(url, { tenant: 'two' }));
    await one.createSession('s', { model: 'of one' });
    await two.createSession('s', { model: 'of two' });
    await two.deleteSession('s');
    expect((await one.loadSession('s'))?.metadata.model).toBe('of one');
    expect(await two.listSessions()).toEqual([]);
    expect(await one.cleanupOldSessions({ maxAgeDays: 0, now: 2 ** 42 })).toBe(1);
  });

  test('of processes that name the same version one wins, and nothing interleaves', async () => {
    await using store = closing(await fresh());
    await expectOneWinnerEach('postgres', url, store);
  }, 120_000);

  test.each(['postgres://me:secret@localhost:port/0', 'postgres://me:secret@[::'])(
    '%s is told at once, without its password',
    (address) => {
      expect(() => new PostgresSessionStore(address)).toThrow(/this one is none(?!.*secret)/);
    },
  );

  test.each(['postgres://me@/db', 'postgres:///db?host=/run/postgresql'])(
    '%s is one',
    (address) => {
      expect(() => new PostgresSessionStore(address)).not.toThrow();
    },
  );

  test.each(['localhost', 'http://me:secret@localhost', ''])('%j is no address', (address) => {
    expect(() => new PostgresSessionStore(address)).toThrow(
      /takes a URL that begins with (?!.*secret)/,
    );
  });

  test('a mode that there is none of is refused, whoever sets it', async () => {
    await using store = closing(await fresh());
    await store.createSession('s');
    for (const wrong of ["mode = 'x'", "permission_mode = 'x'"])
      await expect(query(url, `UPDATE sessions SET ${wrong}`)).rejects.toThrow(/there is no mode/);
    await expect(query(url, "UPDATE sessions SET mode = 'forked'")).resolves.toBeDefined();
  });

  test('changes that were planned while there was nothing find their session by its key', async () => {
    const empty = await server.newDatabase();
    await migratePostgres(empty);
    const client = new pg.Client({ connectionString: empty });
    await client.connect();
    try {
      await client.query('SET plan_cache_mode = force_generic_plan');
      const changes = [
        'append',
        'appendPlain',
        'appendTools',
        'update',
        'compact',
        'remove',
      ] as const;
      for (const name of changes) {
        const { text } = STATEMENTS[name];
        const count = Math.max(
          ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)),
        );
        await client.query(`PREPARE ${name} AS ${text}`);
        const nothing = Array.from({ length: count }, () => 'NULL').join(', ');
        const { rows } = await client.query<Record<string, string>>(
          `EXPLAIN EXECUTE ${name}(${nothing})`,
        );
        const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
        expect(plan, name).toMatch(/Index Scan using sessions_pkey on sessions s/);
      }
    } finally {
      await client.end();
    }
  });

  test('a closed store opens again with the next call', async () => {
    await using store = closing(await fresh());
    await store.createSession('s');
    await store.close();
    expect(await store.sessionExists('s')).toBe(true);
  });

  test('a database or a user that is not there is told at once', async () => {
    await using store = closing(new PostgresSessionStore(url.replace(/\/[^/]*$/, '/absent')));
    await expect(store.listSessions()).rejects.toMatchObject({ code: 'invalid_settings' });
    const nobody = new PostgresSessionStore(url.replace('//greenroom@', '//nobody@'));
    await expect(nobody.listSessions()).rejects.toMatchObject({ code: 'unauthorized' });
    await nobody.close();
  });

  test('two stores that meet an empty database make the tables once', async () => {
    const empty = await server.newDatabase();
    const stores = Array.from({ length: 4 }, () => closing(new PostgresSessionStore(empty)));
    await Promise.all(stores.map((store, at) => store.createSession(`s${at}`)));
    expect(await stores[0]?.listSessions()).toHaveLength(4);
    for (const store of stores) await store.close();
  });

  test('a store that meets tables in the making waits for them', async () => {
    const half = await server.newDatabase();
    await migratePostgres(half, { to: 1 });
    const client = new pg.Client({ connectionString: half });
    await client.connect();
    await client.query('SELECT pg_advisory_lock(7455206)');
    await using store = closing(new PostgresSessionStore(half));
    const made = store.createSession('s');
    await until(async () => (await waitersFor(half)) > 1);
    await migrate(new PostgresClient(client, 0), systemClock);
    await made;
    expect(await store.listSessions()).toHaveLength(1);
    await client.end();
  });

  describe('migrations', () => {
    test('go down and up again on a filled database, beside a writer that never fails', async () => {
      const filled = await server.newDatabase();
      const store = new PostgresSessionStore(filled, { deadlineMs: 30_000 });
      const ids = Array.from({ length: isFull() ? 20_000 : 100 }, (_, at) => `s${at}`);
      for (let at = 0; at < ids.length; at += 100)
        await Promise.all(
          ids.slice(at, at + 100).map((id) => store.saveSession(id, [MESSAGE], { tags: [id] })),
        );
      const writer = startWriter(store, ids);
      for (const to of [2, 1, 2, 3]) {
        await writer.flows(20);
        await migratePostgres(filled, { to });
        expect(await versionsOf(filled)).toEqual(Array.from({ length: to }, (_, at) => at + 1));
      }
      await writer.flows(20);
      await writer.stop();
      const stored = await query(
        filled,
        'SELECT session_id AS id, count(*)::integer - 1 AS appended FROM messages GROUP BY session_id',
      );
      for (const { id, appended } of stored)
        expect([id, appended]).toEqual([id, writer.appended.get(String(id)) ?? 0]);
      expect(stored).toHaveLength(ids.length);
      expect(await store.search({ tags: ['s7'] })).toHaveLength(1);
      await store.close();
    }, 120_000);

    test('to 0 leave nothing of ours', async () => {
      const made = await server.newDatabase();
      expect(await migratePostgres(made)).toEqual({ from: 0, to: 3 });
      expect(await migratePostgres(made, { to: 0 })).toEqual({ from: 3, to: 0 });
      const left = await query(
        made,
        `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`,
      );
      expect(left).toEqual([{ table_name: 'greenroom_migrations' }]);
    });

    test('older or newer tables are refused with what to do', async () => {
      const other = await server.newDatabase();
      await migratePostgres(other, { to: 1 });
      await using store = closing(new PostgresSessionStore(other));
      await expect(store.listSessions()).rejects.toThrow(/version 1.*needs 3.*migratePostgres/);
      await migratePostgres(other);
      expect(await store.listSessions()).toEqual([]);
      await query(other, `INSERT INTO greenroom_migrations VALUES (4, 'of the future')`);
      await using later = closing(new PostgresSessionStore(other));
      await expect(later.listSessions()).rejects.toThrow(/newer/);
      await expect(migratePostgres(other, { to: 9 })).rejects.toThrow(/0 to 3/);
    });
  });
});

const TABLES = [
  'sessions',
  'messages',
  'tool_calls',
  'hook_executions',
  'permission_decisions',
  'working_directory_archives',
  'session_metrics_snapshots',
];

const countsOf = async (url: string) => {
  const counts = TABLES.map((table) => `(SELECT count(*)::integer FROM ${table}) AS ${table}`);
  return (await query(url, `SELECT ${counts.join(', ')}`))[0] ?? {};
};

const versionsOf = async (url: string) =>
  (await query(url, 'SELECT version FROM greenroom_migrations ORDER BY version')).map(
    ({ version }) => version,
  );

const MESSAGE = { role: 'user', content: 'Hi' };

/** Appends to one session after another; a failure is told by `stop`. */
const startWriter = (store: PostgresSessionStore, ids: readonly string[]) => {
  const appended = new Map<string, number>();
  let count = 0;
  let isStopping = false;
  const write = async () => {
    for (let at = 0; !isStopping; at += 1) {
      const id = ids[at % ids.length] ?? '';
      await store.appendMessage(id, MESSAGE);
      appended.set(id, (appended.get(id) ?? 0) + 1);
      count += 1;
    }
  };
  const writing = write();
  writing.catch(() => undefined);
  return {
    appended,
    flows: async (more: number) => {
      const wanted = count + more;
      await Promise.race([until(() => count >= wanted), writing]);
    },
    stop: async () => {
      isStopping = true;
      await writing;
    },
  };
};

/** Ends with its block. */
/** Connections to a database that somebody has. */
const waitersFor = async (url: string): Promise<number> => {
  const rows = await query(
    url,
    'SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  return Number(rows[0]?.['n']);
};

const closing = <S extends PostgresSessionStore>(store: S): S & AsyncDisposable =>
  Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
