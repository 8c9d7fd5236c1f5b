/** `greenroom sessions branches` and `choose`: a session that two programs went on with, and which of its branches the model sees. */
import type { SessionReplies } from '../../session/verbs/registry.ts';
import { act, type Registration } from '../invocation.ts';
import { withSession } from '../session-name.ts';
import { table } from '../table.ts';
import { parseCount } from '../values.ts';

export const registerBranches = ({ program, ...rest }: Registration): void => {
  const registration = { program, ...rest };
  program
    .command('branches <session>')
    .description('of a session that two programs went on with: what each of them said')
    .action(
      act<[string]>(registration, (run, [words]) =>
        run.withDaemon(async (daemon) => {
          const found = await withSession(daemon, words, (id) =>
            daemon.session(id, 'branches', {}),
          );
          run.out.one(found, () => branchesText(found, run.out.width));
          if (found.branches.length === 0) run.out.note('it went on in one place only');
        }),
      ),
    );
  program
    .command('choose <session> <branch>')
    .description('the branch that the model sees from now on; nothing that is stored changes')
    .action(
      act<[string, string]>(registration, (run, [words, number]) =>
        run.withDaemon(async (daemon) => {
          const branch = parseCount(number);
          const { session } = await withSession(daemon, words, (id) =>
            daemon.session(id, 'choose-branch', { branch }),
          );
          run.out.one(session, () => `${session.sessionId}: the model sees branch ${branch}\n`);
        }),
      ),
    );
};

type Found = SessionReplies['branches'];

const branchesText = ({ partedAfter = 0, branches }: Found, width?: number): string => {
  if (branches.length === 0) return '';
  const rows = branches.map(({ number, isChosen, isOpen, messages, lastSeq, lastAt, excerpt }) => [
    `${number}`,
    isChosen ? 'sees it' : '',
    isOpen ? 'goes on here' : '',
    `${messages}`,
    lastAt ?? '',
    lastSeq === undefined ? '' : `#${lastSeq} ${excerpt ?? ''}`,
  ]);
  return `the same up to entry ${partedAfter}, then:\n${table(COLUMNS, rows, width)}`;
};

const COLUMNS = [
  ...[{ head: 'BRANCH' }, { head: 'THE MODEL' }, { head: 'ANOTHER PROGRAM' }, { head: 'MESSAGES' }],
  ...[
    { head: 'LAST', leftOut: 1 },
    { head: 'SAID LAST', least: 20 },
  ],
];
