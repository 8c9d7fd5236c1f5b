/** A process that commits until its disk is full, and logs that as a daemon does. Its argument is the store's directory. */

import { newHead } from '../../../dist/src/model/head.js';
import { sessionKey } from '../../../dist/src/model/ids.js';
import { createLog } from '../../../dist/src/platform/log.js';
import { openLmdbJournal } from '../../../dist/src/storage/journal/lmdb-journal.js';

const [dir] = process.argv.slice(2);
const log = createLog({ pretty: false });
const onFatal = (error) => {
  log.fatal({ err: error }, 'the store failed');
  process.exit(70);
};
const { journal } = await openLmdbJournal({ dir, onFatal });
for (let n = 0; ; n += 1) {
  const key = sessionKey('default', `s${n}`);
  const body = Buffer.alloc(1_000 + ((n * 37) % 2_000), 'x');
  await journal.commit({
    ...{ kind: 'write', key, expectedVersion: 0, head: { ...newHead(key, 0), version: 1, seq: 1 } },
    appends: [{ subpath: '', entries: [{ kind: 'imported', seq: 1, atMs: 0, body }] }],
    ...{ streams: [], turns: [], newTurnIds: [], responses: [], audit: [] },
  });
}
