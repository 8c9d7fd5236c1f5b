/**
 * A process that forks, appends to, deletes and purges sessions side by side until it is killed, and says on
 * stdout what it found at its start and what was acknowledged since. Argument: the store's directory.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const load = (file) =>
  import(pathToFileURL(resolve(import.meta.dirname, '../../../dist/src', file)).href);
const { newHead } = await load('model/head.js');
const { sessionKey } = await load('model/ids.js');
const { segmentsOfFork } = await load('model/segments.js');
const { openLmdbJournal } = await load('storage/journal/lmdb-journal.js');

const [dir] = process.argv.slice(2);
const DAY_MS = 86_400_000;
const MAX_SESSIONS = 40;
const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const keyOf = (id) => sessionKey('default', id);
const textsOf = async (id) => {
  const entries = await (await journal.open(keyOf(id))).entries({ limit: 10_000 });
  return entries.map(({ body }) => Buffer.from(body).toString());
};

const { journal } = await openLmdbJournal({ dir });
const alive = new Map();
await journal.scanRows(({ key }) => alive.set(key.sessionId, undefined));
for (const id of alive.keys()) alive.set(id, (await journal.open(keyOf(id))).head);
for (const id of alive.keys()) tell({ found: id, texts: await textsOf(id) });
tell({ opened: true });

const nothing = { appends: [], streams: [], turns: [], newTurnIds: [], responses: [], audit: [] };
const busy = new Set();
const random = (count) => Math.floor(Math.random() * count);
let born = 0;
const newName = () => {
  born += 1;
  return `${process.pid}-${born}`;
};

const append = async (id, head) => {
  const seq = head.seq + 1;
  const text = `${id} ${seq}`;
  const change = {
    ...{ kind: 'write', key: keyOf(id), expectedVersion: head.version, ...nothing },
    head: { ...head, version: head.version + 1, seq, messageCount: head.messageCount + 1 },
    appends: [
      {
        subpath: '',
        entries: [{ kind: 'message', seq, atMs: 0, role: 'user', body: Buffer.from(text) }],
      },
    ],
  };
  await journal.commit(change);
  alive.set(id, change.head);
  tell({ appended: id, text });
};

const fork = async (parent) => {
  const id = newName();
  const atSeq = random(parent.seq + 1);
  const segments = segmentsOfFork(parent, atSeq);
  const head = {
    ...newHead(keyOf(id), 0),
    ...{ version: 1, seq: atSeq, messageCount: atSeq },
    ...(segments.length === 0 ? {} : { segments }),
  };
  const origin = { parent: parent.key, parentVersion: parent.version };
  const change = { kind: 'write', key: keyOf(id), expectedVersion: 0, ...nothing, head };
  await journal.commit({ ...change, fork: origin });
  alive.set(id, head);
  tell({ forked: id, of: parent.key.sessionId, atSeq });
};

const remove = async (id, { version, segments }) => {
  tell({ deleting: id });
  alive.delete(id);
  await journal.commit({
    ...{ kind: 'delete', key: keyOf(id), expectedVersion: version, audit: [] },
    ...(segments === undefined ? {} : { segments }),
    tombstoneUntilMs: Date.now() + DAY_MS,
  });
};

const step = async () => {
  const free = [...alive].filter(([id]) => !busy.has(id));
  const [id, head] = free[random(free.length)] ?? [];
  if (id === undefined) {
    const name = newName();
    return append(name, newHead(keyOf(name), 0));
  }
  const what = random(10);
  if (what < 4 && alive.size < MAX_SESSIONS) return fork(head); // the parent may go meanwhile
  busy.add(id);
  try {
    await (what < 7
      ? append(id, head)
      : what < 9
        ? remove(id, head)
        : journal.purge(1 + random(3)));
  } finally {
    busy.delete(id);
  }
};

const work = async () => {
  for (;;)
    await step().catch((error) => {
      if (error.code !== 'session_deleted') throw error;
    });
};
for (const id of ['a', 'b', 'c'])
  if (!alive.has(id) && (await (await journal.open(keyOf(id))).tombstone()) === undefined)
    await append(id, newHead(keyOf(id), 0));
await Promise.all([work(), work(), work(), work()]);
