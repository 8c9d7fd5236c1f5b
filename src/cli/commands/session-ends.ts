/** `sessions complete`, `terminate` and `reopen`: how a session ends as a whole, and takes turns again. */
import { act, type Registration } from '../invocation.ts';
import { withSession } from '../session-name.ts';

const ENDS = {
  complete: ['end it: it takes no turn until it is reopened', 'has ended'],
  reopen: ['let an ended session take turns again', 'takes turns again'],
} as const;

export const registerEnds = (registration: Registration): void => {
  for (const verb of ['complete', 'reopen'] as const)
    registration.program
      .command(`${verb} <session>`)
      .description(ENDS[verb][0])
      .action(
        act<[string]>(registration, (run, [words]) =>
          run.withDaemon(async (daemon) => {
            const { session } = await withSession(daemon, words, (id) =>
              daemon.session(id, verb, {}),
            );
            run.out.one(session, () => `${session.sessionId} ${ENDS[verb][1]}\n`);
          }),
        ),
      );
  registration.program
    .command('terminate <session> [reason...]')
    .description('end it at once, also in the middle of a turn')
    .action(
      act<[string, string[]]>(registration, (run, [words, reason]) =>
        run.withDaemon(async (daemon) => {
          const why = reason.length === 0 ? {} : { reason: reason.join(' ') };
          const { session } = await withSession(daemon, words, (id) =>
            daemon.session(id, 'terminate', why),
          );
          run.out.one(session, () => `${session.sessionId} is terminated\n`);
        }),
      ),
    );
};
