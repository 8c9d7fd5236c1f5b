/**
 * A process that plays one scenario of everything that a journal does to a store, always the same, and
 * prints a line of JSON for each change whose commit was answered. The first argument says what to do:
 *
 *   expect             on a store in memory: prints each session as it stands after each of its changes
 *   play DIR FROM STEP on stores in DIR/n, with the n-th operation failing (faults.ts), for n = FROM and
 *                      every STEP-th after it, until nothing fails any more
 *   read DIR…          prints the sessions of stores, and plays the scenario to its end
 *   group DIR          a hundred changes in one transaction, whose last row fails
 *   syscalls DIR       plays once, on the disk that is preloaded
 */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = process.env.GREENROOM_DIST ?? resolve(import.meta.dirname, '../../../dist');
const load = (file) => import(pathToFileURL(resolve(dist, 'src', file)).href);
const { newHead } = await load('model/head.js');
const { sessionKey } = await load('model/ids.js');
const { emptyUsage } = await load('model/usage.js');
const { openLmdbJournal } = await load('storage/journal/lmdb-journal.js');
const { memoryJournal } = await load('storage/memory/memory-journal.js');
const { SyncGate } = await load('storage/lmdb/sync-gate.js');
const { verifyTables } = await load('storage/verify/verify-tables.js');

const NOW = 1_790_000_000_000;
/** Tombstones of the scenario never end. */
const NEVER = 9_000_000_000_000;
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const keyOf = (id) => sessionKey('default', id);

const message = (seq, text) => ({
  ...{ kind: 'message', seq, atMs: NOW + seq, role: 'user' },
  body: Buffer.from(JSON.stringify({ role: 'user', content: `${text} ${'y'.repeat(seq * 900)}` })),
});

const turn = (seq) => ({
  ...{ turnId: `0199aaaa-0000-7000-8000-00000000000${seq}`, seq, promptHash: '', steps: 1 },
  ...{ acceptedAtMs: NOW, finishedAtMs: NOW, lastSeq: seq, attempt: 1, retries: 0 },
  ...{ usage: emptyUsage, costNanoUsd: 0, status: 'completed', stopReason: null },
});

const lifecycle = (action) => ({ kind: 'lifecycle', action, atMs: NOW, by: 'scenario' });

/** The change that takes a session from version `at` on, with something of everything. */
const writeAt = (id, at) => {
  const seq = at + 1;
  const isFirst = at === 0;
  return {
    ...{ kind: 'write', key: keyOf(id), expectedVersion: at },
    head: {
      ...newHead(keyOf(id), NOW),
      version: seq,
      seq,
      numTurns: seq,
      messageCount: seq,
      sideTranscripts: 1,
      title: `${id} ${seq}`,
    },
    appends: [
      { subpath: '', entries: [message(seq, id)] },
      ...(isFirst ? [{ subpath: 'agent', entries: [message(1, 'side')] }] : []),
    ],
    streams: isFirst ? [{ subpath: 'agent', seq: 1 }] : [],
    turns: [turn(seq)],
    newTurnIds: [turn(seq).turnId],
    responses: [{ responseKey: `r${seq}`, record: { seq } }],
    audit: isFirst ? [lifecycle('created')] : [],
  };
};

const deleteAt = (id, at) => ({
  ...{ kind: 'delete', key: keyOf(id), expectedVersion: at, tombstoneUntilMs: NEVER },
  audit: [lifecycle('deleted')],
});

/** Versions: 0 absent, 1… after so many writes, `deleted`. Changes of one list are made side by side. */
const STEPS = [
  [['a', 0]],
  [
    ['b', 0],
    ['c', 0],
    ['d', 0],
  ],
  [
    ['a', 1],
    ['b', 1],
  ],
  [['c', 'delete']],
  ['purge'],
  [
    ['a', 2],
    ['d', 1],
  ],
];
const SESSIONS = ['a', 'b', 'c', 'd'];

const dump = async (journal, id) => {
  const key = keyOf(id);
  const session = await journal.open(key);
  const { head } = session;
  const tombstone = await session.tombstone();
  const version = head?.version ?? (tombstone === undefined ? 0 : 'deleted');
  const text = (entries) =>
    entries.map(({ body, ...rest }) => [rest, Buffer.from(body).toString()]);
  const audit = await journal.audit(key.tenant, { limit: 100 });
  const state = JSON.stringify({
    head,
    entries: text(await session.entries()),
    side: text(await session.entries({ subpath: 'agent' })),
    streams: await session.streams(),
    turns: await session.turns({ limit: 100 }),
    responses: await Promise.all(
      [1, 2, 3].map(async (seq) => (await session.response(`r${seq}`)) ?? null),
    ),
    tombstone,
    audit: audit.filter(({ sessionId }) => sessionId === id).map(({ action }) => action),
  });
  return { session: id, version, state };
};

const dumpRows = async (journal, ids) => {
  const rows = new Map();
  await journal.scanRows((row) => rows.set(row.key.sessionId, row));
  const dumped = ids.map(async (id) => {
    const { state, ...rest } = await dump(journal, id);
    return { ...rest, state: `${state} ${JSON.stringify(rows.get(id) ?? null)}` };
  });
  return Promise.all(dumped);
};

/** Plays what is not done yet; `told` hears of each change when it is answered. Resolves with the first error. */
const play = async (journal, told) => {
  for (const step of STEPS) {
    if (step[0] === 'purge') {
      const error = await journal.purge(9).then(
        () => undefined,
        (reason) => reason,
      );
      if (error !== undefined) return error;
      continue;
    }
    const versions = await Promise.all(step.map(async ([id]) => (await dump(journal, id)).version));
    const left = step.filter(([, at], number) => {
      const version = versions[number];
      return at === 'delete' ? version !== 'deleted' : version === at;
    });
    const outcomes = await Promise.allSettled(
      left.map(async ([id, at]) => {
        await journal.commit(at === 'delete' ? deleteAt(id, 1) : writeAt(id, at));
        await told({ session: id, version: at === 'delete' ? 'deleted' : at + 1 });
      }),
    );
    const failed = outcomes.find(({ status }) => status === 'rejected');
    if (failed !== undefined) return failed.reason;
  }
  return undefined;
};

const openAt = (dir, options = {}) => openLmdbJournal({ dir, ...options });

const playOn = async (dir, store) => {
  try {
    const { journal, close } = await openAt(dir);
    const error = await play(journal, (change) => say({ store, ...change }));
    say({ store, end: error === undefined ? 'done' : (error.code ?? String(error)) });
    if (error === undefined) await close();
    return error === undefined;
  } catch (error) {
    say({ store, end: `not opened: ${error.code ?? String(error)}` });
    return false;
  }
};

const group = async (dir) => {
  const gate = new SyncGate();
  const { journal } = await openAt(dir, { gate });
  gate.hold();
  const first = journal.commit(writeAt('first', 0));
  await new Promise((next) => setTimeout(next, 50)); // it is with the writer, who waits at the gate
  const ids = Array.from({ length: 100 }, (_, number) => `g${number}`);
  const commits = ids.map((id) => journal.commit(writeAt(id, 0)));
  await new Promise((next) => setTimeout(next, 50));
  gate.release();
  await first;
  say({ session: 'first', version: 1 });
  const outcomes = await Promise.allSettled(commits);
  say({ end: outcomes.map(({ reason }) => reason?.code ?? 'committed').join(' ') });
};

const [what, dir, ...more] = process.argv.slice(2);
switch (what) {
  case 'expect': {
    const journal = memoryJournal();
    const all = async (ids) => {
      for (const state of await dumpRows(journal, ids)) say(state);
    };
    await all(SESSIONS);
    await play(journal, ({ session }) => all([session]));
    break;
  }
  case 'play': {
    const [from, step] = more.map(Number);
    for (let n = from; ; n += step) {
      process.env.GREENROOM_FAIL_OPERATION = String(n);
      if (await playOn(join(dir, String(n)), n)) break;
    }
    break;
  }
  case 'read':
    for (const store of [dir, ...more]) {
      const { journal, store: opened, close } = await openAt(store);
      say({ store, broken: verifyTables(opened.tables).brokenKeys });
      const ids = process.env.GREENROOM_SESSIONS?.split(' ') ?? SESSIONS;
      for (const state of await dumpRows(journal, ids)) say({ store, ...state });
      if (process.env.GREENROOM_SESSIONS === undefined) {
        const error = await play(journal, () => {});
        say({ store, end: error === undefined ? 'done' : String(error) });
        for (const state of await dumpRows(journal, ids)) say({ store, isLast: true, ...state });
      }
      await close();
    }
    break;
  case 'group':
    await group(dir);
    break;
  case 'syscalls':
    await playOn(dir, dir);
    break;
  default:
    throw new Error(`what is ${what}?`);
}
process.exit(0);
