/** The Greenroom that queries share when the program brings none. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Options, query, type SDKMessage } from '../../src/agent-sdk/index.ts';
import { startGreenroom } from '../../src/index.ts';
import { createLog } from '../../src/platform/log.ts';
import { type Rehearsal, startRehearsal } from '../../src/rehearsal/server.ts';

let model: Rehearsal;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'greenroom-rooms-'));
  model = await startRehearsal();
});
afterAll(async () => {
  await model?.close();
  rmSync(folder, { recursive: true, force: true });
});

const env = () => ({
  ...{ HOME: folder, ANTHROPIC_API_KEY: 'any', ANTHROPIC_BASE_URL: model.url },
  ...{ GREENROOM_MIN_FREE_MB: '0', GREENROOM_WORKERS: '1' },
});
const ask = (prompt: string, options: Options = {}) =>
  query({
    prompt,
    options: { env: env(), dataDir: join(folder, 'data'), cwd: folder, ...options },
  });

test('is one for queries side by side, and stops with the last of them', async () => {
  const dataDir = join(folder, 'data');
  const first = ask('One');
  const init = (await first.next()).value as SDKMessage;
  const second = ask('Two');
  expect((await second.next()).value).toMatchObject({ type: 'system' });
  // It has another key: no key pays for the work of another.
  const other = ask('Three', { env: { ...env(), ANTHROPIC_API_KEY: 'another' } });
  await expect(other.next()).rejects.toMatchObject({ code: 'invalid_settings' });
  await first.return();
  for await (const message of second)
    if (message.type === 'result') expect(message.subtype).toBe('success');
  // All of it is let go: another Greenroom can have the directory.
  const greenroom = await startGreenroom({
    ...{ dataDir, textSearch: 'off', minFreeMb: 0, log: createLog({ level: 'silent' }) },
  });
  expect((await greenroom.sessions.get(init.session_id ?? '')).workingDirectory).toBe(folder);
  await greenroom.stop();
});

test('needs a key, and does not start without one', async () => {
  const { ANTHROPIC_API_KEY: _, ...without } = env();
  await expect(ask('One', { env: without }).next()).rejects.toThrow(
    /a query needs a key: .* or GREENROOM_PROVIDER=rehearsal/,
  );
  const next = ask('One');
  expect((await next.next()).value).toMatchObject({ type: 'system' });
  await next.return();
});

test('is refused while another process or Greenroom has the directory; one in memory is not', async () => {
  const dataDir = join(folder, 'taken');
  const greenroom = await startGreenroom({
    ...{ dataDir, textSearch: 'off', minFreeMb: 0, log: createLog({ level: 'silent' }) },
  });
  await expect(ask('One', { dataDir }).next()).rejects.toThrow();
  const before = readdirSync(dataDir);
  const inMemory = ask('Two', { dataDir, persistSession: false });
  for await (const message of inMemory)
    if (message.type === 'result') expect(message.subtype).toBe('success');
  expect(readdirSync(dataDir)).toEqual(before);
  await greenroom.stop();
  expect(existsSync(dataDir)).toBe(true);
});
