/**
 * The same program over every store: two turns, a fork, and what is there afterwards. A store is a URL.
 *
 *     ANTHROPIC_API_KEY=… REDIS_URL=redis://localhost:6379 POSTGRES_URL=postgres://localhost/greenroom \
 *       node examples/stores/main.mjs
 *
 * Redis and PostgreSQL are left out where their variables are not set; they need `npm install redis` and `npm install pg`.
 */
import { openStore, query } from 'greenroom';

const { REDIS_URL, POSTGRES_URL } = process.env;
const urls = ['memory:', 'lmdb:./data', 'file:./files', REDIS_URL, POSTGRES_URL];
const model = 'claude-sonnet-5-5';

for (const url of urls.filter((one) => one !== undefined)) {
  const sessionStore = await openStore(url);
  const options = { sessionStore, model, resume: 'plan' };
  let answer;
  for await (const message of query('Tea or coffee?', options)) answer = message;
  for await (const message of query('And with milk?', options)) answer = message;
  await sessionStore.forkSession('plan', 'plan-b');
  const { messages, metadata } = await sessionStore.loadSession('plan-b');
  console.log(`${new URL(url).protocol} ${messages.length} messages, ${metadata.numTurns} turns`);
  console.log('  ', answer.content[0].text);
  for (const id of ['plan-b', 'plan']) await sessionStore.deleteSession(id);
  await sessionStore.close();
}
