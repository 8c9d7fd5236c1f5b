/**
 * A conversation that is kept in a file by itself: `SessionPersistentClient` does what `ClaudeSDKClient` does, and writes
 * `sessions/<id>.json` after each message.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SessionPersistentClient } from 'greenroom';

const storagePath = './sessions';
const client = new SessionPersistentClient({
  // Without `resume` it would be a new session, under an id of its own.
  options: { model: 'claude-sonnet-5-5', resume: 'simple-persist' },
  storagePath,
});

await client.connect();
console.log('session before the first message:', client.getCurrentSessionId());

await client.query('Hello! What is persistence?');
for await (const message of client.receiveResponse()) console.log('received:', message.type);

const id = client.getCurrentSessionId();
console.log('session after it:', id);

const saved = await client.loadSession(id);
console.log('messages saved:', saved.conversationHistory.length);

const path = join(storagePath, `${id}.json`);
console.log('file:', path);
console.log('its keys:', Object.keys(JSON.parse(readFileSync(path, 'utf8'))).join(', '));
console.log('all sessions:', await client.listSessions());

await client.close();
