/**
 * A process of its own that competes for one session, from the moment at which its parent says so: names the version that it has seen, appends, and tells which
 * versions it has won. Arguments: `redis` or `postgres`, the URL, its name, how often it wants to win, and
 * `unversioned` for a mutant whose store does not compare versions.
 */
import { once } from 'node:events';
import { PostgresSessionStore, RedisSessionStore } from 'greenroom/stores';

const [kind, url, name, wins, mutant] = process.argv.slice(2);
const store =
  kind === 'redis'
    ? new RedisSessionStore(url, 30, { deadlineMs: 20_000 })
    : new PostgresSessionStore(url, { deadlineMs: 20_000 });

await store.sessionExists('s'); // connected
process.send('ready');
await once(process, 'message');

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
process.send({ won, lost });
process.disconnect();
