/** `greenroom inspect`: one actor of the running tree, by its path. */
import type { ActorView } from '../../session/verbs/daemon-verbs.ts';
import { facts } from '../format.ts';
import { act, type Registration } from '../invocation.ts';

/** More fields may come, and are shown as they are. */
type Shown = Pick<ActorView, 'current'>;

export const registerInspect = (registration: Registration): void => {
  registration.program
    .command('inspect <path>')
    .description('one actor of the running tree, such as storage/journal')
    .action(
      act<[string]>(registration, (run, [path]) =>
        run.withDaemon(async (daemon) => {
          const actor = await daemon.daemon('inspect', { path });
          run.out.one(actor, () => facts({ ...actor, current: atWork(actor) }));
        }),
      ),
    );
};

const atWork = ({ current }: Shown): string | undefined =>
  current ? `${current.message} since ${current.since}` : undefined;
