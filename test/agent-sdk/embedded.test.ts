/** The Agent SDK's store in the process of its sessions: a whole Greenroom, or a journal alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { agentSdkSessionStore } from '../../src/agent-sdk/index.ts';
import { type ClassicStore, openStore } from '../../src/stores/index.ts';
import { entry, KEY, sessionStoreContract } from './contract.ts';
import { embedded, inMemory } from './hosts.ts';

describe('over an embedded Greenroom', () => {
  sessionStoreContract(embedded);
});

describe('over openStore', () => {
  sessionStoreContract(inMemory);

  test('lmdb: keeps it for the next that opens it, and for the classic store beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'greenroom-sdk-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const first = await openStore(`lmdb:${folder}`);
    await agentSdkSessionStore(first).append(KEY, [entry('1')]);
    expect(await first.listSessions()).toEqual([KEY.sessionId]);
    await first.close();
    const second = await openStore(`lmdb:${folder}`);
    onTestFinished(() => second.close());
    expect(await agentSdkSessionStore(second).load(KEY)).toEqual([entry('1')]);
  });

  test('a store that stands on something else is refused by the compiler', () => {
    const refused = (store: ClassicStore) =>
      // @ts-expect-error it has no api
      agentSdkSessionStore(store);
    expect(refused).toBeTypeOf('function');
  });
});
