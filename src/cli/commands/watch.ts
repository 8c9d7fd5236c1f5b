/** `greenroom watch`: what happens, as it happens, until Ctrl-C. */
import type { Watched } from '../../session/events/watch-queue.ts';
import { act, type Registration } from '../invocation.ts';
import type { Output } from '../output.ts';
import { sessionNamedOrAsTyped } from '../session-name.ts';
import type { DaemonClient } from '../shell.ts';
import { oneLine } from '../width.ts';

export const registerWatch = (registration: Registration): void => {
  registration.program
    .command('watch [session]')
    .description("a session's events as they come; without a session: which are made, deleted, …")
    .action(
      act<[string | undefined]>(registration, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const sessionId = words === undefined ? undefined : await named(daemon, words, run.out);
          for await (const told of daemon.watch(sessionId)) {
            run.out.one(told, () => `${oneLine(toldText(told), run.out.width)}\n`);
            await run.out.drained();
          }
        }),
      ),
    );
};

/** One that is not there may come: it is waited for, and said. */
const named = async (daemon: DaemonClient, words: string, out: Output): Promise<string> => {
  const sessionId = await sessionNamedOrAsTyped(daemon, words);
  const isThere = await daemon.session(sessionId, 'get', {}).then(
    () => true,
    () => false,
  );
  if (!isThere) out.note(`there is no session ${sessionId} yet; what happens to it is shown here`);
  return sessionId;
};

/** What every event has stands before what only this one has. */
const toldText = ({
  type,
  action,
  tenant: _,
  at,
  sessionId,
  turnId,
  attempt,
  n,
  ...rest
}: Watched) =>
  [
    String(at ?? ''),
    String(type ?? action ?? ''),
    ...[sessionId, turnId].flatMap((id) => (id === undefined ? [] : [String(id)])),
    ...(typeof attempt === 'number' && attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(n === undefined ? [] : [`#${String(n)}`]),
    ...Object.entries(rest).map(([name, value]) => `${name}=${shown(value)}`),
  ].join('  ');

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
