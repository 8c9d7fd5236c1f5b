/** The contract suite itself: a simple store passes it, and each way to be wrong is found by some case. */
import { describe, expect, test } from 'vitest';
import { classicStoreContract, runCase } from '../../../src/classic/stores/contract/contract.ts';
import { messageCases } from '../../../src/classic/stores/contract/messages.ts';
import { sessionCases } from '../../../src/classic/stores/contract/sessions.ts';
import { versionCases } from '../../../src/classic/stores/contract/versions.ts';
import { pause } from '../../../src/otp/clock.ts';
import { systemClock } from '../../../src/otp/system-clock.ts';
import type { SessionStore, StoredMessage } from '../../../src/stores/index.ts';
import { OwnStore } from './own-store.ts';

classicStoreContract({
  ...{ describe, test, name: 'a store of one’s own', sharing: false },
  open: async () => ({ store: new OwnStore() }),
});

const CASES = [...sessionCases, ...messageCases, ...versionCases].filter(
  ({ needs = [] }) => !needs.includes('sharing'),
);

/** Names of the cases that a store fails. */
const failuresOf = async (open: () => SessionStore): Promise<string[]> => {
  const failed: string[] = [];
  for (const each of CASES)
    await runCase(each, async () => ({ store: open() })).catch(() => failed.push(each.name));
  return failed;
};

class NoVersions extends OwnStore {
  protected override mustBeAt() {}
}

class LosesOrder extends OwnStore {
  override async appendMessage(...asked: Parameters<OwnStore['appendMessage']>) {
    if ((asked[1] as { id?: string }).id === 'm3') await pause(systemClock, 2);
    return super.appendMessage(...asked);
  }
}

class Overwrites extends OwnStore {
  override async createSession(...asked: Parameters<OwnStore['createSession']>) {
    if (await this.sessionExists(asked[0])) await this.deleteSession(asked[0]);
    return super.createSession(...asked);
  }
}

class InclusiveEnd extends OwnStore {
  override async getMessages(id: string, from?: number, to?: number): Promise<StoredMessage[]> {
    return super.getMessages(id, from, to === undefined ? undefined : to + 1);
  }
}

class MergesMetadata extends OwnStore {
  override async updateMetadata(
    ...[id, metadata, options]: Parameters<OwnStore['updateMetadata']>
  ) {
    const before = await this.loadSession(id);
    await super.updateMetadata(id, { ...before?.metadata, ...(metadata as object) }, options);
  }
}

class OldestFirst extends OwnStore {
  override async listSessions(...asked: Parameters<OwnStore['listSessions']>) {
    return (await super.listSessions(...asked)).reverse();
  }
}

describe('the contract finds', () => {
  test.for([
    ['a store that compares no versions', NoVersions],
    ['a store that loses the order of the calls', LosesOrder],
    ['a store that makes a known session anew', Overwrites],
    ['a store whose ranges include their end', InclusiveEnd],
    ['a store that merges metadata', MergesMetadata],
    ['a store that lists the oldest first', OldestFirst],
  ] as const)('%s', async ([, Store]) => {
    expect(await failuresOf(() => new Store())).not.toEqual([]);
  });

  test('nothing wrong with the store that these are made of', async () => {
    expect(await failuresOf(() => new OwnStore())).toEqual([]);
  });
});
