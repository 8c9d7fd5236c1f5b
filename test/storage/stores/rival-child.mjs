/**
 * A process of its own that competes for one session: names the version that it has seen, appends, and tells which
 * versions it has won. Arguments: `redis` or `postgres`, the URL, its name, how often it wants to win, and
 * `unversioned` for a mutant whose store does not compare versions.
 */
import { PostgresSessionStore, RedisSessionStore } from '../../../dist/src/stores.js';

const [kind, url, name, wins, mutant] = process.argv.slice(2);
const store =
  kind === 'redis'
    ? new RedisSessionStore(url, 30, { deadlineMs: 20_000 })
    : new PostgresSessionStore(url, { deadlineMs: 20_000 });

const won = [];
let lost = 0;
while (won.length < Number(wins)) {
  const { version } = await store.loadSession('s');
  try {
    const id = `${name}-${won.length}`;
    const expectedVersion = mutant === 'unversioned' ? undefined : version;
    await store.appendMessage('s', { role: 'user', content: id, id }, { expectedVersion });
    won.push(version);
  } catch (error) {
    if (error.code !== 'version_conflict') throw error;
    lost += 1;
  }
}
// Without a version all land, in the order of the calls.
const free = Array.from({ length: 20 }, (_, at) => `${name}-free-${at}`);
await Promise.all(free.map((id) => store.appendMessage('s', { role: 'user', content: id, id })));
await store.close();
process.stdout.write(JSON.stringify({ won, lost }));
