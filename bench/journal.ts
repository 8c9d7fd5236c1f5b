/**
 * What does a durable commit cost beside bare LMDB? A commit is one message of 1 KB with everything that
 * belongs to it: entry, head, ledger, and the summary row that search is built from. Then whether it
 * stays so with many sessions and with a long one, and what it takes to read and to wake a session.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startGreenroom } from '../src/index.ts';
import { type Head, newHead } from '../src/model/head.ts';
import { keyString, newTurnId, type SessionKey, sessionKey } from '../src/model/ids.ts';
import { emptyUsage } from '../src/model/usage.ts';
import { createLog } from '../src/platform/log.ts';
import { liveName, sessionSupervisorName } from '../src/session/actor/live-names.ts';
import type { SessionWrite } from '../src/session/ports/journal.ts';
import { type OpenJournal, openLmdbJournal } from '../src/storage/journal/lmdb-journal.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { FlushWatch } from './harness/disk.ts';
import { ms, number, quantile, spread, times } from './harness/figures.ts';
import { type Measured, measure } from './harness/loop.ts';
import { describeMachine } from './harness/machine.ts';
import { Quiet } from './harness/quiet.ts';
import { Rounds } from './harness/rounds.ts';
import { Sheet } from './harness/sheet.ts';
import { checkSyncs } from './harness/sync-check.ts';
import { MESSAGE } from './programs/floor-records.ts';
import { FloorStore } from './programs/floor-store.ts';

const MESSAGE_BYTES = 1_024;
const SESSIONS = 100;
const AT_ONCE = [1, 100] as const;
const MAX_COUNT = 200_000;
const WAKE_MESSAGES = 100;
const HEAD_READS = 200_000;

interface Plan {
  readonly rounds: number;
  readonly maxMs: number;
  /** How long to wait for a quiet machine, in all. */
  readonly patienceMs: number;
  /** Sessions of the store that has many. */
  readonly many: number;
  /** Messages of the session that is long. */
  readonly long: number;
  readonly wakes: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { rounds: 1, maxMs: 150, patienceMs: 0, many: 1_000, long: 1_000, wakes: 20 },
    normal: { rounds: 9, maxMs: 400, patienceMs: 20_000, many: 50_000, long: 20_000, wakes: 300 },
    full: {
      rounds: 15,
      maxMs: 1_000,
      patienceMs: 120_000,
      many: 1_000_000,
      long: 100_000,
      wakes: 2_000,
    },
  });

const FLOOR = 'bare LMDB: entry, head, ledger';
const OURS = 'ours: the same, checked, and the row for searching';
const MANY = 'ours, with many sessions in the store';
const SHORT = 'ours, one session after its first messages';
const LONG = 'ours, one session with many messages';

export const journal: Bench = {
  name: 'journal',
  question: 'What does a durable commit cost beside bare LMDB?',
  run: async (settings) => {
    const sheet = new Sheet();
    const plan = planOf(settings);
    describeMachine(sheet, settings.scratch);
    sheet.configure('message', `${number(MESSAGE_BYTES)} bytes, over ${SESSIONS} sessions`);
    sheet.configure('many sessions', number(plan.many));
    sheet.configure('long session', `${number(plan.long)} messages`);
    await measureCommits(sheet, plan, settings);
    await measureLive(sheet, plan, settings);
    return sheet;
  },
};

// ── commits ──────────────────────────────────────────────────────────────────────────────────────

/** Sessions of one store that messages are appended to, round and round. */
class Writers {
  readonly #journal: OpenJournal['journal'];
  readonly #keys: readonly SessionKey[];
  readonly #heads = new Map<SessionKey, Head>();
  readonly #busy = new Set<SessionKey>();
  #next = 0;

  constructor({ journal: theirs }: OpenJournal, names: readonly string[]) {
    this.#journal = theirs;
    this.#keys = names.map((name) => sessionKey('default', name));
  }

  /** One message in the next session that has no commit under way. */
  async commit(messages = 1): Promise<void> {
    const key = this.#idle();
    this.#busy.add(key);
    const head =
      this.#heads.get(key) ?? (await this.#journal.open(key)).head ?? newHead(key, Date.now());
    const change = messageChange(key, head, messages);
    await this.#journal.commit(change);
    this.#heads.set(key, change.head);
    this.#busy.delete(key);
  }

  #idle(): SessionKey {
    for (;;) {
      const key = this.#keys[this.#next % this.#keys.length];
      this.#next += 1;
      if (key !== undefined && !this.#busy.has(key)) return key;
    }
  }
}

const FRAME_BYTES = JSON.stringify({ role: 'user', content: '' }).length;
const CONTENT = 'a line of what was said, '.repeat(100).slice(0, MESSAGE_BYTES - FRAME_BYTES);
/** Ready, as the floor's is: making a message is nobody's commit. */
const BODY = Buffer.from(JSON.stringify({ role: 'user', content: CONTENT }));

export const messageChange = (key: SessionKey, head: Head, messages: number): SessionWrite => {
  const atMs = Date.now();
  const turnId = newTurnId(atMs);
  const entries = Array.from({ length: messages }, (_, at) => ({
    ...({ kind: 'message', role: 'user', seq: head.seq + at + 1, atMs, turnId } as const),
    body: BODY,
  }));
  const seq = head.seq + messages;
  return {
    ...{ kind: 'write', key, expectedVersion: head.version },
    head: {
      ...head,
      version: head.version + 1,
      seq,
      updatedAtMs: atMs,
      numTurns: head.numTurns + 1,
    },
    appends: [{ subpath: '', entries }],
    streams: [],
    turns: [
      {
        ...{ turnId, seq, promptHash: '0123456789abcdef', acceptedAtMs: atMs, finishedAtMs: atMs },
        ...{ usage: emptyUsage, costNanoUsd: 0, steps: 1, attempt: 1, retries: 0, lastSeq: seq },
        ...{ status: 'completed', stopReason: 'end_turn' },
      },
    ],
    newTurnIds: [turnId],
    responses: [],
    audit: [],
  };
};

const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

interface Stores {
  readonly floor: FloorStore;
  readonly ours: OpenJournal;
  readonly many: OpenJournal;
}

const openStores = async (scratch: string): Promise<Stores> => {
  const folder = (name: string) => {
    const dir = join(scratch, name);
    mkdirSync(dir, { recursive: true });
    return dir;
  };
  return {
    floor: new FloorStore(folder('floor')),
    ours: await openLmdbJournal({ dir: folder('ours') }),
    many: await openLmdbJournal({ dir: folder('many') }),
  };
};

const measureCommits = async (sheet: Sheet, plan: Plan, settings: Settings): Promise<void> => {
  const stores = await openStores(settings.scratch);
  await fill(stores, plan, settings);
  const rounds = new Rounds<Measured>();
  const quiet = new Quiet(plan.patienceMs, () => [process.pid]);
  const before = stores.ours.journal.stats();
  const watch = new FlushWatch(settings.scratch);
  const rivals = rivalsOf(stores, plan);
  for (let round = 0; round < plan.rounds; round += 1) {
    settings.say(`  commits, round ${round + 1} of ${plan.rounds}`);
    const order = round % 2 === 0 ? rivals : rivals.toReversed();
    for (const { what, inFlight, once } of order) {
      const limits = { inFlight, maxCount: MAX_COUNT, maxMs: plan.maxMs };
      rounds.add(`${what} @${inFlight}`, await quiet.round(() => measure(limits, once)));
    }
  }
  quiet.describe(sheet);
  const after = stores.ours.journal.stats();
  const commits = after.commits - before.commits;
  const syncs = after.syncs - before.syncs;
  checkSyncs(sheet, { who: 'ours', commits, syncs, flushes: watch.flushes, maxGroup: 100 });
  const bytes = (after.bytesWritten - before.bytesWritten) / commits;
  sheet.configure('bytes of a commit of ours', number(Math.round(bytes)));
  report(sheet, rounds);
  await stores.floor.close();
  await stores.ours.close();
  await stores.many.close();
};

/** Sessions and messages that are there before anything is measured. */
const fill = async ({ ours, many }: Stores, { many: count, long }: Plan, { say }: Settings) => {
  say(`  making ${number(count)} sessions and one of ${number(long)} messages`);
  const all = new Writers(many, names('many', count));
  await measure({ inFlight: 2_000, maxCount: count, maxMs: 3_600_000 }, () => all.commit());
  const one = new Writers(ours, ['long']);
  for (let done = 0; done < long; done += 500) await one.commit(500);
};

interface Rival {
  readonly what: string;
  readonly inFlight: number;
  readonly once: (index: number) => Promise<void>;
}

const rivalsOf = ({ floor, ours, many }: Stores, plan: Plan): readonly Rival[] => {
  const few = new Writers(ours, names('few', SESSIONS));
  const step = Math.max(1, Math.floor(plan.many / SESSIONS));
  const spreadOut = names('many', plan.many)
    .filter((_, at) => at % step === 0)
    .slice(0, SESSIONS);
  const among = new Writers(many, spreadOut);
  const short = new Writers(ours, ['short']);
  const long = new Writers(ours, ['long']);
  const floorOnce = (index: number) =>
    floor.commit(`floor-${index % SESSIONS}`, nextSeq(), MESSAGE);
  const nextSeq = counter();
  return [
    ...AT_ONCE.flatMap((inFlight) => [
      { what: FLOOR, inFlight, once: floorOnce },
      { what: OURS, inFlight, once: () => few.commit() },
      { what: MANY, inFlight, once: () => among.commit() },
    ]),
    { what: SHORT, inFlight: 1, once: () => short.commit() },
    { what: LONG, inFlight: 1, once: () => long.commit() },
  ];
};

const counter = (): (() => number) => {
  let last = 0;
  return () => {
    last += 1;
    return last;
  };
};

const rate = ({ perSecond }: Measured): number => perSecond;

const report = (sheet: Sheet, rounds: Rounds<Measured>): void => {
  const row = (what: string, inFlight: number): string[] => {
    const name = `${what} @${inFlight}`;
    const figure = (pick: (measured: Measured) => number) => number(rounds.median(name, pick));
    return [figure(rate), figure(({ p50Ms }) => p50Ms), figure(({ p99Ms }) => p99Ms)];
  };
  const columns = ['commits', 'in flight', '/s', 'p50 ms', 'p99 ms'];
  const lines = AT_ONCE.flatMap((inFlight) =>
    [FLOOR, OURS, MANY].map((what) => [what, String(inFlight), ...row(what, inFlight)]),
  );
  const single = [SHORT, LONG].map((what) => [what, '1', ...row(what, 1)]);
  sheet.table('Durable commits (medians over rounds)', columns, [...lines, ...single]);
  const goal = (what: string, name: string, other: string, least: number) => {
    const ratio = rounds.ratio(name, other, rate);
    const measured = `${times(ratio)} (${spread(rounds.ratios(name, other, rate))})`;
    sheet.goal(what, `>= ${least.toFixed(2)}`, measured, ratio >= least);
  };
  goal('rate at 1, of the floor', `${OURS} @1`, `${FLOOR} @1`, 0.9);
  goal('rate at 100, of the floor', `${OURS} @100`, `${FLOOR} @100`, 0.7);
  goal('with many sessions, at 1, of that with few', `${MANY} @1`, `${OURS} @1`, 0.5);
  goal('with many sessions, at 100, of that with few', `${MANY} @100`, `${OURS} @100`, 0.5);
  goal('with many messages, of that with few', `${LONG} @1`, `${SHORT} @1`, 0.8);
};

// ── live sessions ────────────────────────────────────────────────────────────────────────────────

const CACHE = 20;
const MESSAGES = Array.from({ length: WAKE_MESSAGES }, (_, at) => ({
  role: at % 2 === 0 ? ('user' as const) : ('assistant' as const),
  content: CONTENT,
}));

/** Reading the head of a session that is awake, and waking one that is not, in a whole Greenroom. */
const measureLive = async (sheet: Sheet, plan: Plan, { scratch, say }: Settings): Promise<void> => {
  say('  reading and waking sessions');
  const greenroom = await startGreenroom({
    ...{ dataDir: join(scratch, 'greenroom'), nats: false, provider: 'rehearsal', workers: 1 },
    ...{ minFreeMb: 0, cacheSessions: CACHE, log: createLog({ level: 'silent' }) },
  });
  const ids = names('session', 5 * CACHE);
  for (const id of ids) await greenroom.sessions.append(id, MESSAGES);
  const supervisor = greenroom.system.fetch(sessionSupervisorName);
  const live = greenroom.system.fetch(liveName);
  const tookMs: number[] = [];
  for (let at = 0; tookMs.length < plan.wakes && at < 20 * plan.wakes; at += 1) {
    const name = keyString(sessionKey('default', ids[at % ids.length] ?? ''));
    if (live.find(name) !== undefined) continue;
    const fromMs = performance.now();
    await (await supervisor.ensure(name)).call('get');
    tookMs.push(performance.now() - fromMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const awake = ids.find((id) => live.find(keyString(sessionKey('default', id))) !== undefined);
  const actor = live.find(keyString(sessionKey('default', awake ?? '')));
  const headsPerSecond = await readsPerSecond(async () => actor?.call('get'));
  const viewsPerSecond = await readsPerSecond(() => greenroom.sessions.get(awake ?? ''));
  await greenroom.stop();
  const sorted = Float64Array.from(tookMs).sort();
  const p50 = quantile(sorted, 0.5);
  sheet.table(
    'A live session',
    ['what', 'figure'],
    [
      ['its head, asked of the actor, 100 in flight', `${number(Math.round(headsPerSecond))} /s`],
      ['its view, asked of the API, 100 in flight', `${number(Math.round(viewsPerSecond))} /s`],
      [`waking, ${WAKE_MESSAGES} messages of 1 KB, p50`, ms(p50)],
      [`waking, ${WAKE_MESSAGES} messages of 1 KB, p99`, ms(quantile(sorted, 0.99))],
    ],
  );
  const heads = number(Math.round(headsPerSecond));
  sheet.goal('head reads of a live session', '>= 1,000,000 /s', heads, headsPerSecond >= 1e6);
  sheet.goal('waking a session, p50', '<= 1 ms', ms(p50), p50 <= 1);
  sheet.check(
    'sessions were asleep before they were woken',
    tookMs.length === plan.wakes,
    number(tookMs.length),
  );
};

const readsPerSecond = async (read: () => Promise<unknown>): Promise<number> => {
  const run = () => measure({ inFlight: 100, maxCount: HEAD_READS, maxMs: 2_000 }, read);
  await run();
  return (await run()).perSecond;
};
