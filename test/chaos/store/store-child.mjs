/**
 * A process that commits under load and says on stdout what was acknowledged, until it is killed or the
 * store fails. Arguments: the store's directory and the number of sessions.
 *
 * `GREENROOM_DIST` names another compiled program. With a disk that remembers (disk.c) what was
 * acknowledged stands in its log too, between the writes and syncs.
 */
import { openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = process.env.GREENROOM_DIST ?? resolve(import.meta.dirname, '../../../dist');
const load = (file) => import(pathToFileURL(resolve(dist, 'src', file)).href);
const { newHead } = await load('model/head.js');
const { newTurnId, sessionKey } = await load('model/ids.js');
const { emptyUsage } = await load('model/usage.js');
const { openLmdbJournal } = await load('storage/journal/lmdb-journal.js');

const [dir, sessions] = process.argv.slice(2);
const WORD = 9;
const diskLog = process.env.GREENROOM_DISK_LOG;
const log = diskLog === undefined ? null : openSync(diskLog, 'a');

const tell = (line) => {
  if (log !== null) {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(WORD, 0);
    header.writeUInt32LE(Buffer.byteLength(line), 4);
    writeSync(log, Buffer.concat([header, Buffer.from(line)]));
  }
  process.stdout.write(`${line}\n`);
};

const step = (key, head) => {
  const seq = head.seq + 1;
  const turnId = newTurnId(Date.now());
  const body = Buffer.from(`${key.sessionId} ${seq} ${'x'.repeat((seq * 37) % 2_000)}`);
  return {
    kind: 'write',
    key,
    expectedVersion: head.version,
    head: { ...head, version: head.version + 1, seq, numTurns: head.numTurns + 1 },
    appends: [{ subpath: '', entries: [{ kind: 'imported', seq, atMs: 0, body }] }],
    streams: [],
    turns: [
      {
        ...{ turnId, seq, promptHash: '', acceptedAtMs: 0, finishedAtMs: 0, lastSeq: seq },
        ...{ usage: emptyUsage, costNanoUsd: 0, steps: 1, attempt: 1, retries: 0 },
        ...{ status: 'completed', stopReason: null },
      },
    ],
    newTurnIds: [turnId],
    responses: [],
    audit: [],
  };
};

const fail = (error) => {
  process.stdout.write(`failed ${error.code}\n`);
  process.exit(70);
};

const { journal } = await openLmdbJournal({ dir, onFatal: fail }).catch(fail);
tell('opened');

const work = async (sessionId) => {
  const key = sessionKey('default', sessionId);
  let head = (await journal.open(key)).head ?? newHead(key, 0);
  for (;;) {
    const change = step(key, head);
    await journal.commit(change);
    head = change.head;
    tell(`${sessionId} ${head.version}`);
  }
};

for (let number = 0; number < Number(sessions); number += 1) work(`s${number}`).catch(fail);
