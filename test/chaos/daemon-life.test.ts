/** How daemons begin and end: one at a time on a directory, in order or at once, and what that costs nobody. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectClient } from '../../src/client/client.ts';
import { SessionsFacade } from '../../src/index.ts';
import { withoutNatsServer } from '../support/nats.ts';
import { Reading } from '../support/reading.ts';
import { withClient } from './audit.ts';
import { DaemonProcess } from './daemon-process.ts';
import { type HeldModel, startHeldModel } from './held-model.ts';
import { until } from './waiting.ts';

const TIMEOUT_MS = 180_000;

/** A daemon with a turn whose model call is under way. */
const withRunningTurn = async (daemon: DaemonProcess, model: HeldModel) => {
  const { natsUrl } = await daemon.start();
  const client = await connectClient({ servers: natsUrl });
  const reading = new Reading(client.turn('s', { prompt: 'slow', turnId: 'slow' }));
  await until(() => model.calls === 1, 'the model call');
  return { client, reading };
};

const beginToDrain = async (daemon: DaemonProcess): Promise<void> => {
  daemon.signal('SIGTERM');
  await until(() => !existsSync(daemon.file), 'the daemon to begin to drain');
};

describe.skipIf(withoutNatsServer())('daemons on one directory', { timeout: TIMEOUT_MS }, () => {
  it('the second refuses, names the first and leaves it alone', async () => {
    const first = new DaemonProcess();
    const { natsUrl } = await first.start();
    const second = new DaemonProcess({ dataDir: first.dataDir });
    expect(await second.startOrEnd()).toBeUndefined();
    expect((await second.gone).code).toBeGreaterThan(0);
    expect(second.log).toContain(String(first.pid));
    expect(JSON.parse(readFileSync(first.file, 'utf8')).pid).toBe(first.pid);
    await withClient(natsUrl, (client) => client.daemon('status'));
  });

  it('the second refuses also when the lock of the first was taken away', async () => {
    const first = new DaemonProcess();
    const { natsUrl } = await first.start();
    rmSync(join(first.dataDir, 'store', 'lock'));
    const second = new DaemonProcess({ dataDir: first.dataDir });
    expect(await second.startOrEnd()).toBeUndefined();
    expect(await second.gone).toEqual({ code: 4, signal: null });
    expect(second.log).toContain(`in use by process ${first.pid}`);
    await withClient(natsUrl, (client) => client.daemon('status'));
  });

  it('the file of a killed one does not keep the next from starting', async () => {
    const daemon = new DaemonProcess();
    await daemon.start();
    const { pid } = daemon;
    await daemon.kill();
    expect(JSON.parse(readFileSync(daemon.file, 'utf8')).pid).toBe(pid);
    await daemon.start();
    expect(JSON.parse(readFileSync(daemon.file, 'utf8')).pid).toBe(daemon.pid);
  });

  it('a file that names a process which is none of ours does not either', async () => {
    const daemon = new DaemonProcess();
    await daemon.start();
    await daemon.kill();
    const stale = JSON.parse(readFileSync(daemon.file, 'utf8'));
    writeFileSync(daemon.file, JSON.stringify({ ...stale, pid: process.pid }));
    await daemon.start();
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  });
});

describe.skipIf(withoutNatsServer())(
  'a daemon that is told to stop',
  { timeout: TIMEOUT_MS },
  () => {
    it('takes nothing new, finishes the step under way and exits with 0', async () => {
      const model = await startHeldModel();
      const daemon = new DaemonProcess({ env: model.env });
      const { client, reading } = await withRunningTurn(daemon, model);
      await beginToDrain(daemon);
      const refused = new Reading(client.turn('other', { prompt: 'too late' }));
      await expect(refused.done).rejects.toMatchObject({ code: 'draining' });
      model.answer();
      expect(await reading.finished()).toMatchObject({ status: 'completed' });
      expect(await daemon.gone).toEqual({ code: 0, signal: null });
      expect(existsSync(daemon.file)).toBe(false);
      await client.close();
    });

    it('stops at once when it is told twice, and its successor finishes the turn', async () => {
      const model = await startHeldModel();
      const daemon = new DaemonProcess({ env: model.env });
      const { client } = await withRunningTurn(daemon, model);
      await beginToDrain(daemon);
      await until(() => {
        daemon.signal('SIGTERM'); // one that comes at once is taken for the first
        return !daemon.isRunning;
      }, 'the daemon to end');
      expect(await daemon.gone).toEqual({ code: 1, signal: null });
      await client.close();
      model.answer();
      const { natsUrl } = await daemon.start();
      await withClient(natsUrl, async (again) => {
        const sessions = new SessionsFacade(again);
        const turn = () => sessions.turnStatus('s', 'slow');
        await until(async () => (await turn()).finishedAt !== undefined, 'the turn to finish');
        expect(await turn()).toMatchObject({ status: 'completed', attempt: 2, steps: 1 });
        expect((await sessions.messages('s')).entries).toHaveLength(2);
      });
    });
  },
);
