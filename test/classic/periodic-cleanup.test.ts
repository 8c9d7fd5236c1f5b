/** A store that is cleaned up at intervals. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cleanPeriodically } from '../../src/classic/periodic-cleanup.ts';
import { virtualClock } from '../../src/otp/virtual-clock.ts';
import { openStore } from '../../src/stores/index.ts';

const HOUR_MS = 3_600_000;
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('is cleaned one interval after the start, then again and again, also after a failure', async () => {
  const clock = virtualClock();
  const asked: unknown[] = [];
  const told: unknown[] = [];
  const store = {
    cleanupOldSessions: async (options: unknown) => {
      asked.push(options);
      if (asked.length === 2) throw new Error('the disk is away');
      return asked.length;
    },
  };
  const end = cleanPeriodically(
    store,
    {
      maxAgeDays: 7,
      onCleaned: (deleted) => told.push(deleted),
      onError: (error) => told.push(String(error)),
    },
    clock,
  );
  await clock.advance(23 * HOUR_MS);
  await settled();
  expect(asked).toEqual([]);
  for (let day = 0; day < 3; day += 1) {
    await clock.advance(24 * HOUR_MS);
    await settled();
  }
  expect(asked).toEqual([{ maxAgeDays: 7 }, { maxAgeDays: 7 }, { maxAgeDays: 7 }]);
  expect(told).toEqual([1, 'Error: the disk is away', 3]);
  await end();
  await clock.advance(100 * HOUR_MS);
  await settled();
  expect(asked).toHaveLength(3);
});

test('goes on working, and its cleanup ends with it', async () => {
  const store = await openStore('memory:', { cleanup: { everyHours: 1_000 } });
  await store.createSession('s');
  expect(await store.listSessions()).toEqual(['s']);
  await store.close();
  await expect(store.listSessions()).rejects.toMatchObject({ code: 'store_closed' });
});

test.each([{ everyHours: 0 }, { everyHours: Number.NaN }, { everyHours: 1, maxAgeDays: -1 }])(
  '%j is refused before anything is opened',
  async (cleanup) => {
    const dir = mkdtempSync(join(tmpdir(), 'greenroom-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    await expect(openStore(`lmdb:${dir}`, { cleanup })).rejects.toMatchObject({
      code: 'invalid_settings',
    });
    await (await openStore(`lmdb:${dir}`)).close();
  },
);
