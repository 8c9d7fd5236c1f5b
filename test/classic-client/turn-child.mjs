/**
 * A process of its own that runs turns of one session, with a client whose answers repeat the number of messages that
 * they were sent and cost the same each. Arguments: a store's URL, the session, its name, how many turns.
 */

import { FileSessionStore } from '../../dist/src/classic/stores/file/file-session-store.js';
import { PostgresSessionStore } from '../../dist/src/classic/stores/postgres/postgres-session-store.js';
import { RedisSessionStore } from '../../dist/src/classic/stores/redis/redis-session-store.js';
import { AgentExecutor } from '../../dist/src/classic-client/agent-executor.js'; // alone: all of the package takes a second

const [url, sessionId, name, turns] = process.argv.slice(2);
const storeOf = {
  file: () => new FileSessionStore(url.slice('file:'.length)),
  redis: () => new RedisSessionStore(url),
  postgres: () => new PostgresSessionStore(url),
};
const store = storeOf[url.split(':')[0]]();

const model = 'claude-sonnet-4-5-20250929';
const create = async function* ({ messages }) {
  yield { type: 'message_start', message: { model, usage: { input_tokens: 7, output_tokens: 3 } } };
  yield { type: 'content_block_start', content_block: { type: 'text' } };
  const text = `${name} saw ${messages.length}`;
  yield { type: 'content_block_delta', delta: { type: 'text_delta', text } };
  yield { type: 'message_stop' };
};

const executor = new AgentExecutor(store, { messages: { create } }, { model });
const said = [];
for (let turn = 0; turn < Number(turns); turn += 1)
  for await (const { role, content } of executor.executeTurn(sessionId, `${name}-${turn}`))
    if (role === 'assistant') said.push(content[0].text);
await store.close();
console.log(JSON.stringify(said));
