/** `greenroom status`: what the daemon says of itself. */
import { daemonStatusIn, statusText } from '../daemon-status.ts';
import { act, type Registration } from '../invocation.ts';

export const registerStatus = (registration: Registration): void => {
  registration.program
    .command('status')
    .description('is it running, where, with what')
    .action(
      act(registration, (run) =>
        run.withDaemon(async (daemon) => {
          const status: unknown = await daemon.daemon('status', {});
          run.out.one(status, () => statusText(daemonStatusIn(status), run.shell.nowMs()));
        }),
      ),
    );
};
