/** `SessionPersistentClient`: its files, what it takes over from those of the older client, and what it leaves alone. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type ClaudeAgentOptions,
  type ClaudeSDKClient,
  FileSessionStore,
  openStore,
  resume,
  SessionPersistentClient,
} from '../../src/index.ts';
import { readJsonFile } from '../../src/stores/index.ts';
import { doors, PlainClient } from './doors.ts';
import { LiveStore } from './live-store.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/classic/', import.meta.url));
const PYTHON = 'python3';
const hasPython = spawnSync(PYTHON, ['--version']).status === 0;
const MODEL = 'claude-sonnet-4-6';

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-persistent-'));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.each(doors())('over $name', (door) => {
  const clientOn = (storagePath: string, options: ClaudeAgentOptions) =>
    new SessionPersistentClient({
      options: { model: MODEL, ...options },
      storagePath,
      ...door.parts(),
    });

  test('a session is in a file of the older form after each message, and has an id from the first on', async () => {
    const folder = newFolder();
    const sessionStore = new LiveStore();
    const client: ClaudeSDKClient = clientOn(folder, {
      sessionStore,
      anthropicApiKey: 'sk-secret',
    });
    const persistent = client as SessionPersistentClient;
    expect(persistent.getCurrentSessionId()).toBe(null);
    door.answers('Hello!');
    const lengths: number[] = [];
    client.query('Hi');
    for await (const message of client.receiveResponse()) {
      const saved = await persistent.loadSession(message.session_id);
      lengths.push(saved?.conversationHistory.length ?? -1);
    }
    expect(lengths).toEqual([0, 1, 2, 2]);
    const id = await client.getSessionId();
    expect(persistent.getCurrentSessionId()).toBe(id);
    const path = join(folder, `${id}.json`);
    const text = readFileSync(path, 'utf8');
    expect(Object.keys(JSON.parse(text))).toEqual([
      ...['session_id', 'start_time', 'last_activity', 'conversation_history'],
      ...['working_directory', 'options'],
    ]);
    expect(text).not.toContain('sk-secret');
    expect(text).not.toMatch(/\dZ"/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readJsonFile(text).messages).toEqual(await sessionStore.getMessages(id));
    expect(readdirSync(folder)).toEqual([`${id}.json`]);
    await client.close();
  });

  test('a new client goes on where another one was, and its file with it', async () => {
    const folder = newFolder();
    const sessionStore = new FileSessionStore(newFolder());
    door.answers('One', 'Two', 'Three');
    const first = clientOn(folder, { sessionStore });
    await first.query('1');
    await first.query('2');
    const id = String(first.getCurrentSessionId());
    await first.disconnect();
    const second = clientOn(folder, { sessionStore });
    expect(await second.startOrResumeSession(id)).toBe(id);
    await second.query('3');
    expect(door.requests().at(-1)?.messages).toHaveLength(5);
    expect((await second.loadSession(id))?.conversationHistory).toHaveLength(6);
    expect(await second.listSessions()).toEqual([id]);
    await second.deleteSession(id);
    await second.deleteSession(id);
    expect([await second.listSessions(), await second.loadSession(id)]).toEqual([[], null]);
    expect(await sessionStore.getMessages(id)).toHaveLength(6);
    await second.query('4'); // the file begins again, with what the store has
    expect((await second.loadSession(id))?.conversationHistory).toHaveLength(8);
  });

  test.each([
    ['a store of ours', async () => openStore('memory:')],
    ['a store of forty lines', async () => new LiveStore()],
  ])(
    'a file that the older client wrote goes on over %s: the request has its turns',
    async (_, open) => {
      const folder = newFolder();
      const original = JSON.parse(readFileSync(`${FIXTURES}conversation.json`, 'utf8'));
      const id: string = original.session_id;
      copyFileSync(`${FIXTURES}conversation.json`, join(folder, `${id}.json`));
      const sessionStore = await open();
      const client = clientOn(folder, { sessionStore });
      door.answers('Third');
      await client.startOrResumeSession(id);
      const before = await sessionStore.loadSession(id);
      expect(before?.metadata).toEqual(readJsonFile(JSON.stringify(original)).metadata);
      await client.query('And now?');
      const sent = door.requests().at(-1)?.messages ?? [];
      expect(sent.slice(0, -1)).toEqual([
        { role: 'user', content: 'What is 2+2?' },
        { role: 'assistant', content: '4' },
      ]);
      expect(sent.at(-1)).toEqual({ role: 'user', content: 'And now?' });
      const saved = JSON.parse(readFileSync(join(folder, `${id}.json`), 'utf8'));
      expect(saved.conversation_history).toHaveLength(original.conversation_history.length + 2);
      expect(saved.start_time).toBe(`${original.start_time}+00:00`);
      await client.close();
      await sessionStore.close();
    },
  );

  test('files of other programs in the folder are left alone', async () => {
    const folder = newFolder();
    copyFileSync(`${FIXTURES}saved.json`, join(folder, 'saved-1.json'));
    writeFileSync(join(folder, 'broken.json'), '{');
    const before = readFileSync(join(folder, 'saved-1.json'), 'utf8');
    const client = clientOn(folder, { sessionStore: new LiveStore() });
    expect(await client.listSessions()).toEqual([]);
    expect(await client.loadSession('saved-1')).toBe(null);
    await client.deleteSession('saved-1');
    await client.startOrResumeSession('saved-1');
    await expect(Promise.resolve(client.query('Hi'))).rejects.toMatchObject({
      code: 'invalid_state',
    });
    expect(readFileSync(join(folder, 'saved-1.json'), 'utf8')).toBe(before);
    await expect(client.loadSession('broken')).rejects.toMatchObject({
      code: 'serialization_failed',
    });
    await expect(client.startOrResumeSession('../up')).rejects.toMatchObject({
      code: 'invalid_session_id',
    });
  });
});

describe.skipIf(!hasPython)('with Python', () => {
  const python = (script: string, ...words: string[]): unknown =>
    JSON.parse(execFileSync(PYTHON, [join(FIXTURES, script), ...words], { encoding: 'utf8' }));
  const parts = () => {
    const client = new PlainClient();
    client.next = () => 'Grüße, 世界';
    return { client, anthropicClient: client };
  };

  test('a file that we wrote is read by a program of the older models', async () => {
    const storagePath = newFolder();
    const options = { sessionStore: new LiveStore(), resume: 'ours' };
    const client = new SessionPersistentClient({ options, storagePath, ...parts() });
    await client.query('Hallo');
    await client.close();
    expect(python('conversation.py', join(storagePath, 'ours.json'))).toEqual([
      ['user', 'Hallo'],
      ['assistant', [{ type: 'text', text: 'Grüße, 世界' }]],
    ]);
  });

  test('a session that Python wrote goes on here, and is read by Python with what came', async () => {
    const base = newFolder();
    execFileSync(PYTHON, [join(FIXTURES, 'file_store.py'), 'write', base, 'theirs']);
    const before = python('file_store.py', 'read', base, 'theirs') as Read;
    const { client, anthropicClient } = parts();
    const sessionStore = new FileSessionStore(base);
    for await (const _ of resume('theirs', 'Weiter', { sessionStore }, { anthropicClient }));
    await sessionStore.close();
    const after = python('file_store.py', 'read', base, 'theirs') as Read;
    expect(after.messages.slice(0, before.messages.length)).toEqual(before.messages);
    expect(after.messages.slice(before.messages.length)).toMatchObject([
      { role: 'user', content: 'Weiter', id: 'msg-1-user' },
      { role: 'assistant', content: [{ text: 'Grüße, 世界' }], id: 'msg-1-assistant' },
    ]);
    expect(after.metadata).toEqual({ ...before.metadata, num_turns: 2 });
    expect(client.requests[0]?.messages[0]).toEqual({ role: 'user', content: 'Grüße' }); // its compaction
  });
});

interface Read {
  readonly messages: readonly object[];
  readonly metadata: object;
}
