/**
 * How fast are messages appended to the stores on Redis and PostgreSQL? Beside bare commits by the same driver over as
 * many connections: once of the message alone, once of every byte that a store of ours writes with it. Client and
 * server share this machine's cores; each answer waits for the server's sync.
 */
import { createRequire } from 'node:module';
import { PostgresSessionStore, RedisSessionStore, type SessionStore } from '../src/stores/index.ts';
import { startPostgres, type TestPostgres } from '../test/support/postgres.ts';
import { startRedis, type TestServer } from '../test/support/redis.ts';
import { findPostgres, findRedisServer } from '../test/support/server-programs.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { number, spread, times } from './harness/figures.ts';
import { type Measured, measure } from './harness/loop.ts';
import { describeMachine } from './harness/machine.ts';
import { Quiet } from './harness/quiet.ts';
import { Rounds } from './harness/rounds.ts';
import { Sheet } from './harness/sheet.ts';
import {
  type BarePostgres,
  type BareStore,
  barePostgres,
  bareRedis,
} from './programs/bare-servers.ts';

const AT_ONCE = [1, 100] as const;
const SESSIONS = 100;
const CONTENT = 'x'.repeat(1_024);
const WANTED = 0.7;
const CONNECTIONS = 10;
const MAX_COUNT = 100_000;
const DEADLINE_MS = 30_000;

interface Plan {
  readonly rounds: number;
  readonly maxMs: number;
  readonly patienceMs: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { rounds: 1, maxMs: 200, patienceMs: 0 },
    normal: { rounds: 7, maxMs: 500, patienceMs: 20_000 },
    full: { rounds: 15, maxMs: 1_500, patienceMs: 120_000 },
  });

export const storesServers: Bench = {
  name: 'stores-servers',
  question: 'How close do the stores on Redis and PostgreSQL come to bare commits?',
  run: async (settings) => {
    const sheet = new Sheet();
    describeMachine(sheet, settings.scratch);
    sheet.configure('message', `${CONTENT.length} characters, ${SESSIONS} sessions in turn`);
    const rounds = new Rounds<Measured>();
    await measureRedis(settings, sheet, rounds);
    await measurePostgres(settings, sheet, rounds);
    return sheet;
  },
};

const measureRedis = async (
  settings: Settings,
  sheet: Sheet,
  rounds: Rounds<Measured>,
): Promise<void> => {
  const { missing } = findRedisServer();
  if (missing !== undefined) return skip(settings, sheet, missing);
  await using server = await startRedis({ below: settings.scratch });
  const store = new RedisSessionStore(server.url, 30, { deadlineMs: DEADLINE_MS });
  const bare = await bareRedis(server.url);
  sheet.configure(
    'Redis',
    `redis ${versionOf('redis')} as driver, appendfsync always, one connection`,
  );
  await compare({ name: 'Redis', store, bare, settings, sheet, rounds, server });
};

const measurePostgres = async (
  settings: Settings,
  sheet: Sheet,
  rounds: Rounds<Measured>,
): Promise<void> => {
  const { missing } = findPostgres();
  if (missing !== undefined) return skip(settings, sheet, missing);
  await using server: TestPostgres = await startPostgres({ below: settings.scratch });
  const options = { deadlineMs: DEADLINE_MS, maxConnections: CONNECTIONS };
  const store = new PostgresSessionStore(server.url, options);
  const bare = await barePostgres(server.url, CONNECTIONS, SESSIONS);
  sheet.configure(
    'PostgreSQL',
    `pg ${versionOf('pg')} as driver, fsync and synchronous_commit on, ${CONNECTIONS} connections`,
  );
  await checkBytes(sheet, store, bare);
  await compare({ name: 'PostgreSQL', store, bare, settings, sheet, rounds, server });
};

const COUNTED = 500;
const SAME_WITHIN = 0.05;

/** So many appends of each, and what they put into the server's log: the floor must be one of the same bytes. */
const checkBytes = async (sheet: Sheet, store: SessionStore, bare: BarePostgres): Promise<void> => {
  const id = idOf(0);
  await store.createSession(id, SETTINGS);
  const bytesOf = async (once: () => Promise<unknown>): Promise<number> => {
    await once(); // after a checkpoint the first one writes whole pages
    const before = await bare.walBytes();
    for (let count = 0; count < COUNTED; count += 1) await once();
    return ((await bare.walBytes()) - before) / COUNTED;
  };
  const floor = await bytesOf(() => bare.sameBytes(id, jsonOf()));
  const ours = await bytesOf(() => store.appendMessage(id, { role: 'user', content: CONTENT }));
  await store.deleteSession(id);
  const isSame = Math.abs(ours / floor - 1) <= SAME_WITHIN;
  const found = `${number(floor)} and ${number(ours)} bytes of its log an append`;
  sheet.check('PostgreSQL: the floor writes as many bytes', isSame, found);
};

interface Comparison {
  readonly name: string;
  readonly store: SessionStore;
  readonly bare: BareStore;
  readonly settings: Settings;
  readonly sheet: Sheet;
  readonly rounds: Rounds<Measured>;
  readonly server: TestServer;
}

const SETTINGS = { workingDirectory: '/srv/project' };
const idOf = (index: number): string => `bench-session-${index % SESSIONS}`;

const MESSAGE_ONLY = 'the message alone';
const SAME_BYTES = 'the same bytes';
const OURS = 'ours';

const compare = async ({ name, store, bare, settings, sheet, rounds, server }: Comparison) => {
  const plan = planOf(settings);
  const quiet = new Quiet(plan.patienceMs, () => [process.pid, ...server.pids()]);
  const ids = Array.from({ length: SESSIONS }, (_, at) => idOf(at));
  for (const id of ids) await store.createSession(id, SETTINGS);
  let appended = 0;
  const rivals: Readonly<Record<string, (index: number) => Promise<unknown>>> = {
    [MESSAGE_ONLY]: (index) => bare.message(idOf(index), jsonOf()),
    [SAME_BYTES]: (index) => bare.sameBytes(idOf(index), jsonOf()),
    [OURS]: async (index) => {
      await store.appendMessage(idOf(index), { role: 'user', content: CONTENT });
      appended += 1;
    },
  };
  // The first round only warms up.
  for (let round = 0; round <= plan.rounds; round += 1) {
    settings.say(
      round === 0 ? `  ${name}, warming up` : `  ${name}, round ${round} of ${plan.rounds}`,
    );
    for (const inFlight of AT_ONCE)
      for (const [what, once] of Object.entries(rivals)) {
        const limits = { inFlight, maxCount: MAX_COUNT, maxMs: plan.maxMs };
        const measured = await quiet.round(() => measure(limits, once));
        if (round > 0) rounds.add(`${name} ${what} @${inFlight}`, measured);
      }
  }
  quiet.describe(sheet);
  report(name, sheet, rounds);
  const lengths = await Promise.all(ids.map(async (id) => (await store.getMessages(id)).length));
  const stored = lengths.reduce((sum, length) => sum + length, 0);
  sheet.check(
    `${name}: every message that was answered is stored`,
    stored === appended,
    number(stored),
  );
  await store.close();
  await bare.close();
};

const COLUMNS = ['append', '/s at 1', 'p50 ms', 'p99 ms', '/s at 100', 'p50 ms', 'p99 ms'];
const RATIOS = ['of the same bytes at 1', 'at 100'];

const report = (name: string, sheet: Sheet, rounds: Rounds<Measured>): void => {
  const key = (what: string, inFlight: number) => `${name} ${what} @${inFlight}`;
  const perSecond = ({ perSecond }: Measured) => perSecond;
  const ratio = (what: string, inFlight: number) =>
    rounds.ratio(key(what, inFlight), key(SAME_BYTES, inFlight), perSecond);
  const rows = [MESSAGE_ONLY, SAME_BYTES, OURS].map((what) => [
    what,
    ...AT_ONCE.flatMap((inFlight) =>
      [perSecond, (it: Measured) => it.p50Ms, (it: Measured) => it.p99Ms].map((figure) =>
        number(rounds.median(key(what, inFlight), figure)),
      ),
    ),
    ...AT_ONCE.map((inFlight) => times(ratio(what, inFlight))),
  ]);
  sheet.table(`${name} (medians over rounds)`, [...COLUMNS, ...RATIOS], rows);
  for (const inFlight of AT_ONCE) {
    const reached = ratio(OURS, inFlight);
    const goal = `${name}, ${inFlight} in flight: ours to a bare commit of the same bytes`;
    sheet.goal(goal, `>= ${WANTED}`, times(reached), reached >= WANTED);
  }
  const spreads = AT_ONCE.map((inFlight) =>
    spread(rounds.ratios(key(OURS, inFlight), key(SAME_BYTES, inFlight), perSecond)),
  );
  sheet.remark(`${name}: ratios over the rounds at 1 and 100 in flight: ${spreads.join('; ')}.`);
};

const skip = ({ say }: Settings, sheet: Sheet, missing: string): void => {
  say(`  SKIPPED: ${missing}`);
  sheet.remark(`Skipped: ${missing}.`);
};

/** As the stores write it, with the time of the moment. */
const jsonOf = (): string => {
  const timestamp = new Date().toISOString().replace('Z', '+00:00');
  return JSON.stringify({ role: 'user', content: CONTENT, id: null, timestamp });
};

const versionOf = (packageName: string): string => {
  const found = createRequire(import.meta.url)(`${packageName}/package.json`) as {
    version: string;
  };
  return found.version;
};
