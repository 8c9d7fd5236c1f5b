/** A launcher that hangs, by itself: no actor around it. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/otp/system-clock.ts';
import {
  type Answer,
  Launching,
  type WantedCommand,
} from '../../../src/tools/commands/launching.ts';

const wanted = (command: string): WantedCommand => ({
  ...{ command, cwd: tmpdir(), workingDirectory: tmpdir(), folders: [] },
  ...{ timeoutMs: 1, spillPath: join(tmpdir(), 'greenroom-no-spill'), isOneFine: false },
  ...{ isBackground: false, sandbox: 'off', hasNetwork: false },
});

test('one that keeps a command beyond its time is killed, and the next command has another one', async () => {
  const launching = new Launching({
    ...{ clock: systemClock, dataDir: undefined, overtimeMs: 1, warn: () => undefined },
  });
  onTestFinished(() => launching.close());
  const run = (command: string, timeoutMs: number): Promise<Answer> =>
    new Promise((resolve) => void launching.run({ ...wanted(command), timeoutMs }, resolve));
  expect(await run('true', 60_000)).toMatchObject({ ending: { type: 'exited', code: 0 } });
  const { pid = 0 } = launching.status;
  process.kill(pid, 'SIGSTOP');
  expect(await run('true', 1)).toEqual({ type: 'lost' });
  expect(await run('true', 60_000)).toMatchObject({ ending: { type: 'exited', code: 0 } });
  expect(launching.status.pid).not.toBe(pid);
});
