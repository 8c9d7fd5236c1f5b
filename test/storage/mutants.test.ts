/** Journals that break a promise on purpose: the checks that the sound one passes must catch each. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/otp/system-clock.ts';
import type { StoredJournal } from '../../src/storage/journal/stored-journal.ts';
import { StoredJournal as Journal } from '../../src/storage/journal/stored-journal.ts';
import { SyncGate } from '../../src/storage/lmdb/sync-gate.ts';
import { memoryJournal } from '../../src/storage/memory/memory-journal.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import {
  headKey,
  referencesPrefix,
  SESSIONS,
  sessionPrefix,
  UPKEEP,
} from '../../src/storage/records/keys.ts';
import { read } from '../support/read-journal.ts';
import { fork, removeFork } from './contract-forks.ts';
import { append, keyOf } from './sessions.ts';

const key = keyOf('s1');

/** How many of 20 changes that name the same version were acknowledged. */
const winners = async (journal: StoredJournal): Promise<number> => {
  const rivals = Array.from({ length: 20 }, () => journal.commit(append(key)));
  return (await Promise.allSettled(rivals)).filter(({ status }) => status === 'fulfilled').length;
};

/** Whether a reply left while the sync was held back. */
const answersBeforeSync = async (journal: StoredJournal, gate: SyncGate): Promise<boolean> => {
  gate.hold();
  let answered = false;
  const reply = journal.commit(append(key)).then(() => {
    answered = true;
  });
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const early = answered;
  gate.release();
  await reply;
  return early;
};

/** Never finds a head, so that any version fits. */
const withoutVersionCheck = (): StoredJournal => {
  const store = new MemoryStore();
  const { tables } = store;
  const peek = tables.peek.bind(tables);
  const name = headKey(sessionPrefix(key));
  tables.peek = (table, wanted, length) =>
    table === SESSIONS && Buffer.from(wanted).toString('latin1') === name
      ? undefined
      : peek(table, wanted, length);
  return new Journal(store, { clock: systemClock });
};

/** Whether a fork still reads its parent's entries when that was deleted and purged, also right before it. */
const forkIsWhole = async (journal: StoredJournal, isParentFirst: boolean): Promise<boolean> => {
  const parent = append(key, undefined, 'a', 'b');
  await journal.commit(parent);
  const forking = () => journal.commit(fork('fork', parent.head)).catch(() => undefined);
  if (!isParentFirst) await forking();
  await journal.commit(removeFork(parent.head));
  for (let left = true; left; ) left = (await journal.purge(10)).left;
  if (isParentFirst) await forking();
  if ((await read(journal).head(keyOf('fork'))) === undefined) return isParentFirst;
  try {
    return (await read(journal).entries(keyOf('fork'))).length === 2;
  } catch {
    return false;
  }
};

/** Purges what others refer to. */
const withoutReferences = (): StoredJournal => {
  const store = new MemoryStore();
  const { tables } = store;
  const range = tables.range.bind(tables);
  const references = referencesPrefix(sessionPrefix(key));
  tables.range = (table, wanted) =>
    table === UPKEEP && wanted.start === references ? [] : range(table, wanted);
  return new Journal(store, { clock: systemClock });
};

/** Takes every parent for alive. */
const withoutParentCheck = (): StoredJournal => {
  const store = new MemoryStore();
  const { tables } = store;
  const peek = tables.peek.bind(tables);
  const name = headKey(sessionPrefix(key));
  let seen: Buffer | undefined;
  tables.peek = (table, wanted, length) => {
    const found = peek(table, wanted, length);
    if (Buffer.from(wanted).toString('latin1') !== name) return found;
    seen = found === undefined ? seen : Buffer.from(found);
    return seen;
  };
  return new Journal(store, { clock: systemClock });
};

describe('mutants', () => {
  it('a purge that takes what forks refer to is caught by the fork that outlives its parent', async () => {
    expect(await forkIsWhole(memoryJournal(), false)).toBe(true);
    expect(await forkIsWhole(withoutReferences(), false)).toBe(false);
  });

  it('a fork of what is gone is caught by the deletion before it', async () => {
    expect(await forkIsWhole(memoryJournal(), true)).toBe(true);
    expect(await forkIsWhole(withoutParentCheck(), true)).toBe(false);
  });

  it('a journal without a version check is caught by the race for a version', async () => {
    expect(await winners(memoryJournal())).toBe(1);
    expect(await winners(withoutVersionCheck())).toBe(20);
  });

  it('a journal that answers before its commit is caught by the gate', async () => {
    const gate = new SyncGate();
    expect(await answersBeforeSync(memoryJournal({ gate }), gate)).toBe(false);
    const hasty = new Journal(new MemoryStore(new SyncGate()), { clock: systemClock });
    expect(await answersBeforeSync(hasty, gate)).toBe(true);
  });
});
