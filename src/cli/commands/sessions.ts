/** `greenroom sessions`: find, look at, make, change, branch off and delete sessions. */
import type { SessionView } from '../../session/verbs/reply-schemas.ts';
import { act, type Registration } from '../invocation.ts';
import { withSession } from '../session-name.ts';
import { sessionText } from '../session-text.ts';
import { registerBranching } from './branch-sessions.ts';
import { registerDelete } from './delete.ts';
import { registerExport } from './export.ts';
import { registerFinding } from './find-sessions.ts';
import { registerMaking } from './make-sessions.ts';
import { registerMessages } from './messages.ts';
import { registerRetag } from './retag.ts';
import { registerBranches } from './session-branches.ts';
import { registerChildren } from './session-children.ts';
import { registerEnds } from './session-ends.ts';

export const registerSessions = (registration: Registration): void => {
  const sessions = registration.program
    .command('sessions')
    .description('find and change sessions')
    .addHelpText(
      'after',
      '\nA session is named by its id, by the beginning of its id, or by last: the one that changed last.',
    );
  const nested: Registration = { ...registration, program: sessions };
  registerFinding(nested);
  registerShow(nested);
  registerChildren(nested);
  registerMessages(nested);
  registerMaking(nested);
  registerTagging(nested);
  registerHolding(nested);
  registerEnds(nested);
  registerRetag(nested);
  registerBranching(nested);
  registerBranches(nested);
  registerExport(nested);
  registerDelete(nested);
};

const registerShow = (registration: Registration): void => {
  registration.program
    .command('show <session>')
    .description('everything small about a session')
    .action(
      act<[string]>(registration, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const { session } = await withSession(daemon, words, (id) =>
            daemon.session(id, 'get', {}),
          );
          run.out.one(session, () => sessionText(session));
        }),
      ),
    );
};

const registerTagging = (registration: Registration): void => {
  for (const verb of ['tag', 'untag'] as const)
    registration.program
      .command(`${verb} <session> <tags...>`)
      .description(verb === 'tag' ? 'add tags' : 'take tags away')
      .action(
        act<[string, string[]]>(registration, (run, [words, tags]) =>
          run.withDaemon(async (daemon) => {
            const { session } = await withSession(daemon, words, (id) =>
              daemon.session(id, verb, { tags }),
            );
            run.out.one(session, () => tagsText(session));
          }),
        ),
      );
};

const registerHolding = (registration: Registration): void => {
  registration.program
    .command('hold <session> [reason...]')
    .description('keep it from every cleanup')
    .action(
      act<[string, string[]]>(registration, (run, [words, reason]) =>
        run.withDaemon(async (daemon) => {
          const why = reason.length === 0 ? {} : { reason: reason.join(' ') };
          const { session } = await withSession(daemon, words, (id) =>
            daemon.session(id, 'hold', why),
          );
          run.out.one(session, () => tagsText(session));
        }),
      ),
    );
  registration.program
    .command('release <session>')
    .description('let cleanups take it again')
    .action(
      act<[string]>(registration, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const { session } = await withSession(daemon, words, (id) =>
            daemon.session(id, 'release', {}),
          );
          run.out.one(session, () => tagsText(session));
        }),
      ),
    );
};

const tagsText = ({ sessionId, tags }: SessionView): string =>
  `${sessionId}: ${tags.length === 0 ? 'no tags' : tags.join(', ')}\n`;
