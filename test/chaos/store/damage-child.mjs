/**
 * A process that opens a store as the daemon does, scans its rows, says so, and then reads everything:
 * prints a line of JSON for each session that it was asked about, with what was served or refused.
 * Arguments: the store's directory and the sessions' ids.
 */
import { createHash } from 'node:crypto';
import { sessionKey } from '../../../dist/src/model/ids.js';
import { openLmdbJournal } from '../../../dist/src/storage/journal/lmdb-journal.js';

const [dir, ...ids] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const key = (id) => sessionKey('default', id);
const hash = (value) => createHash('sha256').update(JSON.stringify(value)).digest('hex');
const attempt = async (read) => {
  try {
    return await read();
  } catch (error) {
    return { refused: error.code ?? String(error) };
  }
};
/** A list as the digests of what stands in it. */
const digest = (value) => {
  if (value?.refused !== undefined) return 'refused';
  return Array.isArray(value) ? value.map(hash).join(' ') : hash(value ?? null);
};

const opened = await openLmdbJournal({ dir, onCorrupt: () => {} }).catch((error) => {
  say({ refused: error.code ?? String(error) });
  process.exit(0);
});
const { journal } = opened;
const rows = new Map();
await journal.scanRows((row) => rows.set(row.key.sessionId, row));
say({ opened: true });
for (const id of ids) {
  const open = () => journal.open(key(id));
  const parts = {
    head: await attempt(async () => (await open()).head),
    entries: await attempt(async () => (await open()).entries({ limit: 1_000 })),
    turns: await attempt(async () => (await open()).turns({ limit: 1_000 })),
    streams: await attempt(async () => (await open()).streams()),
    tombstone: await attempt(async () => (await open()).tombstone()),
    row: rows.get(id),
  };
  const served = Object.entries(parts).map(([part, value]) => [part, digest(value)]);
  say({ id, served: Object.fromEntries(served) });
}
const audit = await attempt(() => journal.audit(key('all').tenant, { limit: 10_000 }));
say({ id: 'all', served: { audit: digest(audit) } });
process.exit(0);
