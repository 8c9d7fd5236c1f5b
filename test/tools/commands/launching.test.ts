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
import { until } from '../../support/until.ts';

const wanted = (command: string): WantedCommand => ({
  ...{ command, cwd: tmpdir(), workingDirectory: tmpdir(), folders: [] },
  ...{ timeoutMs: 1, spillPath: join(tmpdir(), 'greenroom-no-spill'), isOneFine: false },
  ...{ isBackground: false, sandbox: 'off', hasNetwork: false },
});

const begun = (): Launching => {
  const launching = new Launching({
    ...{ clock: systemClock, dataDir: undefined, overtimeMs: 1, warn: () => undefined },
  });
  onTestFinished(() => launching.close());
  return launching;
};

test('one that does not say what a command has printed is killed', async () => {
  const launching = begun();
  let answered: Answer | undefined;
  const running = launching.run({ ...wanted('sleep 1000'), timeoutMs: 600_000 }, (answer) => {
    answered = answer;
  });
  await until(() => launching.status.pid !== undefined);
  process.kill(launching.status.pid ?? 0, 'SIGSTOP');
  expect(await running.read()).toBeUndefined();
  await until(() => answered?.type === 'lost');
});

test('one that keeps a command beyond its time is killed, and the next command has another one', async () => {
  const launching = begun();
  const run = (command: string, timeoutMs: number): Promise<Answer> =>
    new Promise((resolve) => void launching.run({ ...wanted(command), timeoutMs }, resolve));
  expect(await run('true', 60_000)).toMatchObject({ ending: { type: 'exited', code: 0 } });
  const { pid = 0 } = launching.status;
  process.kill(pid, 'SIGSTOP');
  expect(await run('true', 1)).toEqual({ type: 'lost' });
  expect(await run('true', 60_000)).toMatchObject({ ending: { type: 'exited', code: 0 } });
  expect(launching.status.pid).not.toBe(pid);
});
