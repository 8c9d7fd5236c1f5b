/** `greenroom status`: what the daemon says of itself. */
import { facts } from '../format.ts';
import { act, type Registration } from '../invocation.ts';

export const registerStatus = (registration: Registration): void => {
  registration.program
    .command('status')
    .description('is it running, where, with what')
    .action(
      act(registration, (run) =>
        run.withDaemon(async (daemon) => {
          const status = (await daemon.daemon('status', {})) as Record<string, unknown>;
          run.out.one(status, () => facts(status));
        }),
      ),
    );
};
