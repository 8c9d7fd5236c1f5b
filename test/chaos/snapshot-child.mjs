/**
 * A process that changes sessions of the store named on its command line, for ever, and has the snapshot of their
 * catalog written beside, again and again; each change and each snapshot is a line. Arguments: the compiled program, the
 * store, the snapshot's file, a seed, and where the writer of each third snapshot is to die.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const [dist, dir, path, seed, crashpoint] = process.argv.slice(2);
const load = (file) => import(`${dist}/src/${file}`);
const { openLmdbJournal } = await load('storage/journal/lmdb-journal.js');
const { newHead } = await load('model/head.js');
const { sessionKey } = await load('model/ids.js');
const { Dice } = await load('testing/dice.js');

const SESSIONS = 150;
const dice = new Dice(Number(seed));
const { journal } = await openLmdbJournal({ dir });
const say = (line) => process.stdout.write(`${line}\n`);

const change = async () => {
  const key = sessionKey('default', `s${dice.int(1, SESSIONS)}`);
  const { head } = await journal.open(key);
  const n = dice.int(0, 999);
  if (head !== undefined && n < 80) {
    const tombstoneUntilMs = 1;
    await journal.commit({
      kind: 'delete',
      key,
      expectedVersion: head.version,
      tombstoneUntilMs,
      audit: [],
    });
    return;
  }
  const before = head ?? newHead(key, 1_000 + n);
  const fields = {
    title: `title ${n}`,
    tags: [`t${n % 7}`],
    costNanoUsd: n,
    updatedAtMs: 2_000 + n,
  };
  await journal.commit({
    kind: 'write',
    key,
    expectedVersion: before.version,
    head: { ...before, ...fields, version: before.version + 1 },
    ...{ audit: [], appends: [], streams: [], turns: [], newTurnIds: [], responses: [] },
  });
};

const changes = async () => {
  for (;;) {
    await change().catch((error) => {
      // Another of them was faster, or what it was of is being purged.
      if (!['version_conflict', 'session_deleted'].includes(error.code)) throw error;
    });
    say('changed');
    if (dice.once(20)) await journal.purge(5);
  }
};

const snapshots = async () => {
  for (let n = 1; ; n++) {
    const env = { ...process.env, ...(n % 3 === 0 ? { GREENROOM_CRASHPOINT: crashpoint } : {}) };
    const script = `${dist}/src/app/snapshot-child.js`;
    const child = spawn(process.execPath, [script, dir, path], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code, signal] = await once(child, 'exit');
    if (code !== 0 && signal !== 'SIGKILL')
      throw new Error(`the snapshot's writer ended with ${code}`);
    say(`snapshot ${signal ?? 'written'}`);
  }
};

await Promise.all([changes(), changes(), changes(), snapshots()]);
