/**
 * A process that opens a store and reads everything of it: prints each session with its version, and
 * what is not as it must be. Then it commits once, for a store that opens has to go on. The argument is
 * the store's directory.
 */

import { catalogRowOf } from '../../../dist/src/model/catalog-row.js';
import { newHead } from '../../../dist/src/model/head.js';
import { sessionKey } from '../../../dist/src/model/ids.js';
import { openLmdbJournal } from '../../../dist/src/storage/journal/lmdb-journal.js';

const [dir] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const wrong = (what) => say(`wrong: ${what}`);

/** A session of `store-child.mjs` has an entry and a turn for each version. */
const audit = async (journal, row) => {
  const { sessionId } = row.key;
  const session = await journal.open(row.key);
  const { head } = session;
  if (head === undefined) return wrong(`${sessionId} has a row and no head`);
  say(`${sessionId} ${head.version}`);
  const entries = await session.entries({ limit: head.seq });
  const whole = entries.filter(({ seq, body }) =>
    Buffer.from(body).toString('latin1').startsWith(`${sessionId} ${seq} `),
  );
  if (whole.length !== head.version) wrong(`${sessionId} has ${whole.length} entries`);
  const turns = await session.turns({ limit: head.version + 1 });
  if (turns.length !== head.version) wrong(`${sessionId} has ${turns.length} turns`);
  if (JSON.stringify(row) !== JSON.stringify(catalogRowOf(head)))
    wrong(`the row of ${sessionId} differs from its head`);
};

try {
  const { journal, close } = await openLmdbJournal({ dir, onCorrupt: (error) => wrong(error) });
  const rows = [];
  await journal.scanRows((row) => rows.push(row));
  for (const row of rows) if (row.key.tenant === 'default') await audit(journal, row);
  const key = sessionKey('audit', `n${journal.info().epoch}`);
  const head = { ...newHead(key, 0), version: 1 };
  const nothing = { appends: [], streams: [], turns: [], newTurnIds: [], responses: [], audit: [] };
  await journal.commit({ kind: 'write', key, expectedVersion: 0, head, ...nothing });
  await close();
} catch (error) {
  wrong(`${error.code}: ${error.message}`);
}
