/** A cleanup that is killed between two batches: what went is gone, what stayed is whole, the next one goes on. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CleanupReport, SessionsFacade } from '../../src/index.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { withClient } from './audit.ts';
import { DaemonProcess } from './daemon-process.ts';
import { isFull } from './size.ts';

/** The cleaner takes a hundred at a time. */
const BATCH = 100;
const KILLS = isFull() ? 6 : 2;
const HELD = 5;
const SESSIONS = (KILLS + 1) * BATCH + 30;

const inSessions = <T>(servers: string, use: (sessions: SessionsFacade) => Promise<T>) =>
  withClient(servers, (client) => use(new SessionsFacade(client)));

const fill = async (sessions: SessionsFacade): Promise<void> => {
  await Promise.all(
    Array.from({ length: SESSIONS }, (_, at) =>
      sessions.create(`old-${at}`, at < HELD ? { tags: ['hold'] } : {}),
    ),
  );
};

const sweep = (sessions: SessionsFacade): Promise<CleanupReport> =>
  sessions.cleanup({ maxAgeDays: 0 });

describe.skipIf(withoutNatsServer())('a cleanup', () => {
  it(`that is killed ${KILLS} times after a batch goes on and reports what it still found`, {
    timeout: 600_000,
  }, async () => {
    const daemon = new DaemonProcess();
    await inSessions((await daemon.start()).natsUrl, fill);
    for (let kill = 1; kill <= KILLS; kill++) {
      await daemon.kill();
      const { natsUrl } = await daemon.start({ GREENROOM_CRASHPOINT: 'cleanup.batch:1' });
      await inSessions(natsUrl, (sessions) => Promise.race([sweep(sessions), daemon.gone]));
      expect(await daemon.gone).toEqual({ code: null, signal: 'SIGKILL' });
    }
    const { natsUrl } = await daemon.start();
    await inSessions(natsUrl, async (sessions) => {
      const left = (await sessions.count({})).count;
      expect(left).toBe(SESSIONS - KILLS * BATCH);
      expect(await sweep(sessions)).toMatchObject({ count: left - HELD, dryRun: false });
      const { sessions: kept } = await sessions.search({});
      expect(kept.map(({ tags }) => tags)).toEqual(Array(HELD).fill(['hold']));
      await expect(sessions.get(`old-${HELD}`)).rejects.toMatchObject({ code: 'session_deleted' });
    });
  });

  it('that is killed before or after it removed a session’s folders ends with neither folders nor records', {
    timeout: 300_000,
  }, async () => {
    const daemon = new DaemonProcess();
    const folders = ['workspaces', 'tool-output'].map((kind) =>
      join(daemon.dataDir, kind, 'default', 'done'),
    );
    await inSessions((await daemon.start()).natsUrl, async (sessions) => {
      await sessions.create('done');
      for (const folder of folders) mkdirSync(join(folder, 'deep'), { recursive: true });
    });
    await daemon.kill();
    const { natsUrl: first } = await daemon.start({ GREENROOM_CRASHPOINT: 'commit.after' });
    await inSessions(first, (sessions) =>
      Promise.race([sessions.delete('done', { release: true }).catch(String), daemon.gone]),
    );
    expect(await daemon.gone).toEqual({ code: null, signal: 'SIGKILL' });
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true]);
    await daemon.startOrEnd({ GREENROOM_CRASHPOINT: 'purge.folders' }); // a start goes on with it
    expect(await daemon.gone).toEqual({ code: null, signal: 'SIGKILL' });
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false]);
    const { natsUrl } = await daemon.start();
    await inSessions(natsUrl, async (sessions) => {
      await sessions.delete('done', { release: true });
      expect(await sessions.create('done')).toMatchObject({ messageCount: 0 });
    });
    expect(folders.some((folder) => existsSync(folder))).toBe(false);
  });
});
