/**
 * A conversation that goes on where it was: two turns, the end of the client and of its process, then two more turns by a
 * new client in a new process, which sees all of it.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SessionPersistentClient } from 'greenroom';

const [, , resumed] = process.argv;

const talk = async (client, prompt) => {
  await client.query(prompt);
  for await (const message of client.receiveResponse())
    if (message.type === 'assistant')
      console.log(`> ${prompt}\n${message.message.content[0].text}`);
};

const options = { model: 'claude-sonnet-5-5' };
const newClient = () => new SessionPersistentClient({ options, storagePath: './sessions' });

const begin = async () => {
  const client = newClient();
  console.log('phase 1: a new session');
  await talk(client, 'My name is Ada.');
  await talk(client, 'I like tea.');
  await client.close();
  return client.getCurrentSessionId();
};

const goOn = async (id) => {
  const client = newClient();
  console.log('phase 2: the session again, in another process');
  await client.startOrResumeSession(id);
  await talk(client, 'What is my name?');
  await talk(client, 'What do I like?');
  const saved = await client.loadSession(id);
  console.log('messages saved:', saved.conversationHistory.length);
  await client.close();
};

if (resumed === undefined) {
  const id = await begin();
  execFileSync(process.execPath, [fileURLToPath(import.meta.url), id], { stdio: 'inherit' });
} else await goOn(resumed);
