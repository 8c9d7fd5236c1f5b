import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/otp/clock.ts';
import type { ActorRef } from '../../../src/otp/ref.ts';
import { startTree, supervisor, whichChildren } from '../../../src/otp/supervisor.ts';
import { System } from '../../../src/otp/system.ts';
import { systemClock } from '../../../src/otp/system-clock.ts';
import { virtualClock } from '../../../src/otp/virtual-clock.ts';
import { journalName } from '../../../src/session/ports/journal.ts';
import {
  type JournalServerArgs,
  journalServer,
} from '../../../src/storage/journal/journal-server.ts';
import { SyncGate } from '../../../src/storage/lmdb/sync-gate.ts';
import { folders } from '../folders.ts';
import { append, codeOf, keyOf } from '../sessions.ts';
import { until } from '../until.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
const folder = folders();

const started = async (args: Partial<JournalServerArgs> = {}, clock: Clock = systemClock) => {
  const system = new System({ clock, onReport: () => {} });
  const children = [journalServer({ dir: folder(), onFatal: () => {}, ...args })];
  const root = await startTree(
    system,
    supervisor({ id: 'storage', strategy: 'one_for_one', maxRestarts: 10, children }),
  );
  const stop = () => system.stop(root);
  stops.push(stop);
  const server = () => whichChildren(root)[0]?.ref as ActorRef;
  return { system, server, stop };
};

describe('the journal in the tree', () => {
  it('is registered once its store is open, and closes with the tree', async () => {
    const { system, stop } = await started();
    const journal = system.fetch(journalName);
    await journal.commit(append(keyOf('s1')));
    await stop();
    expect(system.find(journalName)).toBeUndefined();
    expect(await codeOf(journal.commit(append(keyOf('s2'))))).toBe('unavailable');
  });

  it.each(['kill', { crashed: new Error('boom') }] as const)(
    'comes back after %o with what was committed; the old one is fenced',
    async (reason) => {
      const { system, server } = await started();
      const before = system.fetch(journalName);
      await before.commit(append(keyOf('s1')));
      system.exit(server(), reason);
      await until(() => ![undefined, before].includes(system.find(journalName)));
      const after = system.fetch(journalName);
      expect((await after.open(keyOf('s1'))).head?.version).toBe(1);
      expect(after.info().epoch).toBe(before.info().epoch + 1);
      expect(await codeOf(before.commit(append(keyOf('s2'))))).toBe('unavailable');
      await after.commit(append(keyOf('s2')));
    },
  );

  it('comes back many times in one process', async () => {
    const { system, server } = await started();
    for (let life = 1; life <= 4; life += 1) {
      const journal = system.fetch(journalName);
      await journal.commit(append(keyOf(`s${life}`)));
      expect(journal.info().epoch).toBe(life);
      system.exit(server(), 'kill');
      await until(() => ![undefined, journal].includes(system.find(journalName)));
    }
  });

  it('killed in the middle of a slow commit it is found by nobody, and comes back after that', async () => {
    const gate = new SyncGate();
    const clock = virtualClock();
    const { system, server } = await started({ gate }, clock);
    const before = system.fetch(journalName);
    gate.hold();
    const commit = before.commit(append(keyOf('s1')));
    await clock.settle();
    system.exit(server(), 'kill');
    await clock.settle();
    expect(system.find(journalName)).toBeUndefined();
    await clock.advance(5_000); // longer than a release is waited for
    await clock.settle();
    gate.release();
    await commit;
    await until(() => system.find(journalName) !== undefined);
    expect((await system.fetch(journalName).open(keyOf('s1'))).head?.version).toBe(1);
  });

  it('stops only after the commits under way', async () => {
    const gate = new SyncGate();
    const { system, server, stop } = await started({ gate });
    const journal = system.fetch(journalName);
    gate.hold();
    const seen: string[] = [];
    const commit = journal.commit(append(keyOf('s1'))).then(() => seen.push('committed'));
    const stopped = stop().then(() => seen.push('stopped'));
    await until(() => !server().alive || journal.stats().waiting === 1);
    gate.release();
    await Promise.all([commit, stopped]);
    expect(seen).toEqual(['committed', 'stopped']);
  });

  it('refuses a directory that another store holds, and says who', async () => {
    const dir = folder();
    await started({ dir });
    await expect(started({ dir })).rejects.toMatchObject({
      reason: { shutdown: { reason: { crashed: { code: 'in_use' } } } },
    });
  });

  it('with no room to speak of it opens, and adds nothing', async () => {
    const { system } = await started({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    const journal = system.fetch(journalName);
    expect(journal.info().readOnlyBecause).toBe('disk_low');
    expect(await codeOf(journal.commit(append(keyOf('s1'))))).toBe('disk_low');
  });
});
