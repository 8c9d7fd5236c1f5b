import { expect, it, onTestFinished } from 'vitest';
import { hibernator } from '../../src/housekeeping/hibernator.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { type Journal, type JournalUpkeep, journalName } from '../../src/session/ports/journal.ts';
import { holder } from '../search/fake-journal.ts';

/** A hibernator beside a journal that only counts, under a clock that stands still. */
const stage = async (usedBytes = 0, canCollect = true) => {
  const clock = virtualClock();
  const system = new System({ clock, onReport: () => {} });
  const stats = { commits: 0, reads: 0 };
  const journal = { stats: () => stats } as unknown as Journal & JournalUpkeep;
  const seen = { collections: 0, looks: 0 };
  const empty = { slabs: 0 };
  const dropEmpty = () => {
    seen.looks += 1;
    return Number(empty.slabs > 0 && empty.slabs--);
  };
  const collect = canCollect ? () => void seen.collections++ : undefined;
  const children = [
    holder(journalName, journal),
    hibernator({ dropEmpty, collect, usedBytes: () => usedBytes }),
  ];
  const root = await startTree(
    system,
    supervisor({ id: 'root', strategy: 'one_for_one', children }),
  );
  onTestFinished(async () => void (await system.stop(root, 'shutdown')));
  return { clock, stats, seen, empty, status: () => system.tree(root).children[1]?.status };
};

it('collects once in a quiet time, and again in the next', async () => {
  const { clock, stats, seen } = await stage();
  await clock.advance(60_000);
  expect(seen.collections).toBe(1);
  stats.commits += 1;
  await clock.advance(60_000);
  expect(seen.collections).toBe(2);
});

it('leaves a daemon alone that writes or reads', async () => {
  const { clock, stats, seen } = await stage();
  for (let look = 0; look < 20; look++) {
    stats[look % 2 === 0 ? 'commits' : 'reads'] += 1;
    await clock.advance(5_000);
  }
  expect(seen.collections).toBe(0);
});

it('does not stop the loop for a large heap', async () => {
  const { clock, seen } = await stage(1024 ** 3);
  await clock.advance(60_000);
  expect(seen.collections).toBe(0);
});

it('collects once more for what was dropped in a quiet time', async () => {
  const { clock, seen, empty } = await stage();
  await clock.advance(60_000);
  empty.slabs = 1;
  await clock.advance(5_000);
  expect([empty.slabs, seen.collections]).toEqual([0, 1]); // threads let go of it after this look
  await clock.advance(60_000);
  expect(seen.collections).toBe(2);
});

it('drops what is empty under load too, and collects nothing for that', async () => {
  const { clock, stats, seen, empty } = await stage();
  empty.slabs = 3;
  for (let look = 0; look < 5; look++) {
    stats.reads += 1;
    await clock.advance(5_000);
  }
  expect(seen).toEqual({ collections: 0, looks: 5 });
  expect(empty.slabs).toBe(0);
});

it('drops what is empty where nothing is collected', async () => {
  const { clock, seen, status } = await stage(0, false);
  await clock.advance(60_000);
  expect(seen).toEqual({ collections: 0, looks: 12 });
  expect(status()).toBe('running');
});
