/**
 * Clients of a backend, in a process of their own: each changes and reads the same session as the others,
 * here and in other processes, and every operation is told with the times of its call and its return.
 * Arguments: the backend, where it is, this process's name, its clients. On stdin, a line for each order:
 *
 *   make SESSION · play SESSION OPERATIONS SEED · read SESSION
 *
 * The answer to each is a line of JSON.
 */
import { resolve } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const dist = process.env.GREENROOM_DIST ?? resolve(import.meta.dirname, '../../../dist');
const load = (file) => import(pathToFileURL(resolve(dist, 'src', file)).href);
const [backend, place, name, clients] = process.argv.slice(2);

/** A backend: `make(session)`, `append(session, value, expectedVersion?)`, `read(session)` → version and values. */
const ofStore = (store) => ({
  make: (session) => store.createSession(session),
  append: (session, value, expectedVersion) =>
    store.appendMessage(session, { role: 'user', content: value, id: value }, { expectedVersion }),
  read: async (session) => {
    const { version, messages } = await store.loadSession(session);
    return { version, values: messages.map(({ id }) => id) };
  },
});

/** The bare journal: who names no version tries until it fits. */
const ofJournal = async (journal) => {
  const { newHead } = await load('model/head.js');
  const { sessionKey } = await load('model/ids.js');
  const nothing = { streams: [], turns: [], newTurnIds: [], responses: [], audit: [] };
  const write = (key, head, entries) =>
    journal.commit({
      ...{ kind: 'write', key, expectedVersion: head.version, ...nothing },
      head: { ...head, version: head.version + 1, seq: head.seq + entries.length },
      appends: [{ subpath: '', entries }],
    });
  const entry = (seq, value) => [{ kind: 'imported', seq, atMs: 0, body: Buffer.from(value) }];
  /** Others write between the two reads: what the head does not know of is of a later state. */
  const read = async (key) => {
    const session = await journal.open(key);
    const { head } = session;
    return { head, entries: await session.entries({ to: head.seq, limit: 10_000 }) };
  };
  return {
    make: (session) => {
      const key = sessionKey('default', session);
      return write(key, newHead(key, 0), []);
    },
    append: async (session, value, expectedVersion) => {
      const key = sessionKey('default', session);
      for (;;) {
        const { head } = await journal.open(key);
        const version = expectedVersion ?? head.version;
        try {
          // The transcript is as long as the version says: one was made before the first.
          return await write(key, { ...head, version, seq: version - 1 }, entry(version, value));
        } catch (error) {
          if (expectedVersion !== undefined || error.code !== 'version_conflict') throw error;
        }
      }
    },
    read: async (session) => {
      const { head, entries } = await read(sessionKey('default', session));
      return {
        version: head.version,
        values: entries.map(({ body }) => Buffer.from(body).toString()),
      };
    },
  };
};

/**
 * Its reads come late, as those of a journal on a server do: they wait before they are made and before they are told,
 * so that other commits come in between.
 */
const withLateReads = (journal) => {
  const wait = async () => {
    for (let left = Math.floor(Math.random() * 3); left > 0; left -= 1)
      await new Promise((resolve) => setImmediate(resolve));
  };
  const delay = (of, name) => {
    const real = of[name].bind(of);
    of[name] = async (...args) => {
      await wait();
      const got = await real(...args);
      await wait();
      return got;
    };
  };
  const open = journal.open.bind(journal);
  journal.open = async (key) => {
    const session = await open(key);
    for (const name of ['entries', 'turn', 'turns', 'tombstone']) delay(session, name);
    return session;
  };
  delay(journal, 'open');
  return journal;
};

const ofGreenroom = async (made = (journal) => journal) => {
  const { startGreenroom } = await load('index.js');
  const { createLog } = await load('platform/log.js');
  const log = createLog({ level: 'silent' });
  const less = { nats: false, provider: 'rehearsal', textSearch: 'off' };
  const settings = { ...less, workers: 1, minFreeMb: 0 };
  const { sessions, system } = await startGreenroom({ dataDir: place, log, ...settings });
  const { journalName } = await load('session/ports/journal.js');
  made(system.fetch(journalName));
  return {
    make: (session) => sessions.create(session),
    append: (session, value, expectedVersion) =>
      sessions.append(session, [{ role: 'user', content: value, id: value }], expectedVersion),
    /** Page by page: what is read twice under one version is one state. */
    read: async (session) => {
      for (;;) {
        const { version } = await sessions.get(session);
        const { entries } = await sessions.messages(session, { limit: 1_000 });
        if ((await sessions.get(session)).version === version)
          return { version, values: entries.map(({ id }) => id) };
      }
    },
  };
};

const BACKENDS = {
  memory: async () => ofJournal((await load('storage/memory/memory-journal.js')).memoryJournal()),
  lmdb: async () => {
    const { openLmdbJournal } = await load('storage/journal/lmdb-journal.js');
    return ofJournal((await openLmdbJournal({ dir: place })).journal);
  },
  'lmdb, read late': async () => {
    const { openLmdbJournal } = await load('storage/journal/lmdb-journal.js');
    return ofJournal(withLateReads((await openLmdbJournal({ dir: place })).journal));
  },
  greenroom: () => ofGreenroom(),
  'greenroom, read late': () => ofGreenroom(withLateReads),
  file: async () => ofStore(new (await load('stores/index.js')).FileSessionStore(place)),
  redis: async () => ofStore(new (await load('stores/index.js')).RedisSessionStore(place)),
  postgres: async () => ofStore(new (await load('stores/index.js')).PostgresSessionStore(place)),
};

/** Mulberry32. */
const dice = (seed) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const store = await BACKENDS[backend]();
const now = () => Number(process.hrtime.bigint());

const timed = async (operation, work) => {
  const calledAt = now();
  try {
    const result = await work();
    return { ...operation, ...result, calledAt, returnedAt: now(), outcome: 'ok' };
  } catch (error) {
    const code = error.code ?? String(error);
    const outcome = code === 'version_conflict' ? 'conflict' : 'unknown';
    return { ...operation, calledAt, returnedAt: now(), outcome, code };
  }
};

/** One client: one operation after another; it names the version that it saw last, fresh or stale. */
const play = async (client, session, operations, random) => {
  const done = [];
  let seen;
  for (let number = 0; number < operations; number += 1) {
    const value = `${client}-${number}`;
    const what = random();
    if (what < 0.4) {
      done.push(
        await timed({ client, kind: 'append', value }, () =>
          store.append(session, value).then(() => {}),
        ),
      );
    } else if (what < 0.7 || seen === undefined) {
      const read = await timed({ client, kind: 'read' }, () => store.read(session));
      if (read.outcome === 'ok') seen = { version: read.version, length: read.values.length };
      done.push(read);
    } else {
      const operation = { client, kind: 'append', value, expected: seen.length };
      done.push(
        await timed(operation, () => store.append(session, value, seen.version).then(() => {})),
      );
    }
  }
  return done;
};

const ORDERS = {
  make: async (session) => void (await store.make(session)),
  read: (session) => store.read(session),
  play: async (session, operations, seed) => {
    const each = Array.from({ length: Number(clients) }, (_, client) =>
      play(`${name}${client}`, session, Number(operations), dice(Number(seed) + client)),
    );
    return (await Promise.all(each)).flat();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [order, ...args] = line.split(' ');
  process.stdout.write(`${JSON.stringify((await ORDERS[order](...args)) ?? null)}\n`);
}
process.exit(0);
