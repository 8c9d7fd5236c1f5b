/** `greenroom inspect`: one actor of the running tree, by its path. */
import { facts } from '../format.ts';
import { act, type Registration } from '../invocation.ts';

/** An actor as the daemon tells it; more fields may come, and are shown as they are. */
interface ActorView {
  readonly current?: { readonly message: string; readonly since: string } | null;
}

export const registerInspect = (registration: Registration): void => {
  registration.program
    .command('inspect <path>')
    .description('one actor of the running tree, such as storage/journal')
    .action(
      act<[string]>(registration, (run, [path]) =>
        run.withDaemon(async (daemon) => {
          const actor = (await daemon.daemon('inspect', { path })) as ActorView;
          run.out.one(actor, () => facts({ ...actor, current: atWork(actor) }));
        }),
      ),
    );
};

const atWork = ({ current }: ActorView): string | undefined =>
  current ? `${current.message} since ${current.since}` : undefined;
