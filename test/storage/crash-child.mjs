/**
 * A process that commits under load and says on stdout what was acknowledged, until it is killed.
 * Arguments: the store's directory, the number of sessions, and `sound` or the name of a mutant.
 */
import { systemClock } from '../../dist/src/otp/system-clock.js';
import { newHead } from '../../dist/src/session/head.js';
import { newTurnId, sessionKey } from '../../dist/src/session/ids.js';
import { emptyUsage } from '../../dist/src/session/usage.js';
import { LmdbStore } from '../../dist/src/storage/lmdb-store.js';
import { StoredJournal } from '../../dist/src/storage/stored-journal.js';

const [dir, sessions, mutant] = process.argv.slice(2);

/** Says "done" when a batch is handed over, and hands it over a little later. */
const answersEarly = (writer) => ({
  listen: (events) => {
    writer.listen({ settled: () => {}, failed: (error) => events.failed(error) });
    writer.early = () => events.settled({ batches: 1, refusals: [], buffers: [] });
  },
  write: (batch) => {
    setTimeout(() => writer.write(batch), 20);
    setImmediate(writer.early);
  },
});

const opened = await LmdbStore.open({ dir, nowMs: Date.now() });
const store =
  mutant === 'answers-early'
    ? Object.create(opened, { writer: { value: answersEarly(opened.writer) } })
    : opened;
const journal = new StoredJournal(store, { clock: systemClock });

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

const work = async (sessionId) => {
  const key = sessionKey('default', sessionId);
  let head = journal.head(key) ?? newHead(key, 0);
  for (;;) {
    const change = step(key, head);
    await journal.commit(change);
    head = change.head;
    process.stdout.write(`${sessionId} ${head.version}\n`);
  }
};

for (let number = 0; number < Number(sessions); number += 1) void work(`s${number}`);
