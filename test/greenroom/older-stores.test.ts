/** Stores that earlier versions have written, byte for byte: each opens, and has everything that it had. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Read, readAll } from '../../scripts/store-fixture/read-all.ts';
import { storeCare } from '../../src/storage/backup/care.ts';
import { FORMAT_VERSION } from '../../src/storage/records/store.ts';
import { unstartedGreenroom } from '../support/greenroom.ts';
import { folderOf } from '../support/new-folder.ts';

const STORES = fileURLToPath(new URL('../fixtures/stores', import.meta.url));

/** The data directory that the fixture was, in a folder that may be written. */
const unpacked = (format: string, dataDir: string): string => {
  const store = join(dataDir, 'store');
  mkdirSync(store, { recursive: true });
  for (const name of readdirSync(join(STORES, format)).filter((file) => file.endsWith('.gz')))
    writeFileSync(
      join(store, name.slice(0, -3)),
      gunzipSync(readFileSync(join(STORES, format, name))),
    );
  return store;
};

const expectedOf = (format: string) =>
  JSON.parse(readFileSync(join(STORES, format, 'expected.json'), 'utf8')) as readonly Read[];

test('there is a fixture of the format of today', () => {
  expect(readdirSync(STORES)).toContain(`format-${FORMAT_VERSION}`);
});

describe.each(readdirSync(STORES))('a store of %s', (format) => {
  test('opens with all that it had, and goes on', async () => {
    const greenroom = await unstartedGreenroom();
    unpacked(format, greenroom.dataDir);
    await greenroom.start();
    const expected = expectedOf(format);
    expect(expected.length).toBeGreaterThan(3);
    // A later version may say more of it, and nothing else.
    expect(await readAll(greenroom.greenroom)).toMatchObject(expected);
    await expect(greenroom.sessions.get('gone')).rejects.toMatchObject({ code: 'session_deleted' });
    for await (const _ of greenroom.greenroom.turn('talk', 'And today?', {
      provider: 'anthropic',
    }));
    const before =
      expected.find(({ session }) => session.sessionId === 'talk')?.entries.length ?? 0;
    const { entries } = await greenroom.sessions.messages('talk', { limit: 100 });
    expect(entries).toHaveLength(before + 2);
  });

  test('is sound, record by record', async () => {
    const store = unpacked(format, folderOf('older'));
    expect(await storeCare.verify(store)).toMatchObject({ isSound: true, report: { broken: 0 } });
  });
});
