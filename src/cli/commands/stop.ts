/** `greenroom stop`: ends the daemon of a data directory, waits for that, and says what it did. */
import type { Config } from '../../config/config.ts';
import { stopDaemon } from '../daemon/stop-daemon.ts';
import { act, type Registration } from '../invocation.ts';
import { parseSeconds } from '../values.ts';

/** Beside the time that the daemon takes to drain: to close its doors, its broker and its store. */
const CLOSING_SECONDS = 30;

interface Options {
  readonly timeout?: number;
  readonly force?: boolean;
}

export const registerStop = (registration: Registration): void => {
  registration.program
    .command('stop')
    .description('end the daemon: running steps may end first')
    .option(
      '--timeout <seconds>',
      'how long to wait (default: as long as it may drain, and 30 s)',
      parseSeconds,
    )
    .option('--force', 'kill it if it has not ended by then; nothing acknowledged is lost')
    .action(
      act<[], Options>(registration, async (run, _, { timeout, force: isForced = false }) => {
        const { config } = run.config();
        const deadlineMs = timeout === undefined ? stopDeadlineMs(config) : timeout * 1_000;
        const sleep = (ms: number) => run.shell.sleep(ms);
        const ended = await stopDaemon(config.dataDir, { deadlineMs, isForced, sleep });
        run.out.one(ended, () => `${ended.what}\n`);
      }),
    );
};

export const stopDeadlineMs = ({ drainSeconds }: Config): number =>
  (drainSeconds + CLOSING_SECONDS) * 1_000;
