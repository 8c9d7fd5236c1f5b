/**
 * A process that commits until the store fails, says what was acknowledged and what came then, and
 * ends by itself. The argument is the store's directory; a limit on file sizes stands in for a full disk.
 */
import { newHead } from '../../dist/src/model/head.js';
import { sessionKey } from '../../dist/src/model/ids.js';
import { openLmdbJournal } from '../../dist/src/storage/journal/lmdb-journal.js';

const [dir] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const { journal } = await openLmdbJournal({ dir, onFatal: () => say('fatal') });

const change = (sessionId) => {
  const key = sessionKey('default', sessionId);
  const body = Buffer.alloc(20_000, 'x');
  return {
    ...{ kind: 'write', key, expectedVersion: 0, head: { ...newHead(key, 0), version: 1, seq: 1 } },
    appends: [{ subpath: '', entries: [{ kind: 'imported', seq: 1, atMs: 0, body }] }],
    ...{ streams: [], turns: [], newTurnIds: [], responses: [], audit: [] },
  };
};

let failed = '';
for (let number = 0; failed === ''; number += 1) {
  await journal.commit(change(`s${number}`)).then(
    () => say(`committed s${number}`),
    (error) => {
      failed = error.code;
    },
  );
}
say(`failed ${failed}`);
await journal.commit(change('later')).catch((error) => say(`later ${error.code}`));
process.exit(0);
