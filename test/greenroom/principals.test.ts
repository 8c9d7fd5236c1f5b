/** Who a gateway knows its caller to be is written into the record of a session's life. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { RunningGreenroom } from '../../src/app/greenroom.ts';
import { loadConfig } from '../../src/config/config.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { createLog } from '../../src/platform/log.ts';
import { requestContext } from '../support/request-context.ts';

let running: RunningGreenroom;
beforeEach(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'greenroom-test-'));
  const flags = { dataDir, store: 'memory:', provider: 'rehearsal' } as const;
  running = await RunningGreenroom.start({
    config: loadConfig({ flags, newestModel: 'claude-sonnet-4-5' }).config,
    bus: { wanted: false },
    log: createLog({ level: 'silent' }),
    onFatal: (error) => {
      throw error;
    },
  });
  onTestFinished(async () => {
    await running.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
});

/** As the context of a gateway that tells its callers apart. */
const ann = () =>
  requestContext({
    principal: 'ann',
    deadlineMs: running.system.clock.monotonic() + 20_000,
  });
const key = sessionKey('default', 's');

const made = async (): Promise<void> => {
  await running.sessions.session(ann(), key, 'create', {});
  await running.sessions.session(ann(), key, 'append', {
    messages: [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'hi' },
    ],
  });
};

it('a compaction is by the principal of its request', async () => {
  await made();
  await running.sessions.session(ann(), key, 'compact', { summary: 'We said hello.' });
  const { audit } = await running.sessions.session(ann(), key, 'audit', { limit: 10 });
  expect(audit.map(({ action, by }) => [action, by])).toEqual([
    ['created', 'create'],
    ['compacted', 'ann'],
  ]);
});

it.each([false, true])('so is a deletion, release: %s', async (release) => {
  const news: unknown[] = [];
  onTestFinished(running.feed.onLifecycle((_, told) => void news.push(told)));
  await made();
  await running.sessions.session(ann(), key, 'delete', { release });
  expect(news.at(-1)).toMatchObject({ type: 'session.deleted', sessionId: 's', by: 'ann' });
});

it('and each session that a cleanup takes', async () => {
  const news: unknown[] = [];
  onTestFinished(running.feed.onLifecycle((_, told) => void news.push(told)));
  await made();
  const order = { maxAgeDays: 0, dryRun: false };
  expect(await running.sessions.sessions(ann(), 'cleanup', order)).toMatchObject({ count: 1 });
  expect(news).toContainEqual(expect.objectContaining({ type: 'session.swept', by: 'ann' }));
});
