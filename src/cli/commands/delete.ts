/** `greenroom sessions delete`: asks the person at a terminal first; what nobody confirms must be named in full. */
import type { SessionView } from '../../session/verbs/reply-schemas.ts';
import { CliError, failureOf } from '../failure.ts';
import { several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { LAST, perhapsMeant, withSession } from '../session-name.ts';
import type { DaemonClient } from '../shell.ts';
import { oneLine } from '../width.ts';

interface Options {
  readonly yes?: boolean;
}

export const registerDelete = (registration: Registration): void => {
  registration.program
    .command('delete <sessions...>')
    .description('delete sessions, with their transcripts')
    .option('--yes', 'without asking; then ids must be whole')
    .action(
      act<[string[]], Options>(registration, (run, [named], { yes = false }) =>
        run.withDaemon(async (daemon) => {
          const isAsking = run.shell.ask !== undefined && !yes;
          const sessionIds = isAsking ? await confirmed(run, daemon, named) : named;
          for (const sessionId of sessionIds) await deleteOne(run, daemon, sessionId);
        }),
      ),
    );
};

/** The whole ids of what is to go. Those that are not there stay as they were typed: deleting says so. */
const confirmed = async (
  run: Invocation,
  daemon: DaemonClient,
  named: readonly string[],
): Promise<readonly string[]> => {
  const found: SessionView[] = [];
  const sessionIds: string[] = [];
  for (const words of named) {
    const session = await look(daemon, words);
    if (session !== undefined) found.push(session);
    sessionIds.push(session?.sessionId ?? words);
  }
  if (found.length === 0) return sessionIds;
  const list = found.map(described).join('\n');
  if (await run.isWanted(`${list}\nDelete ${several(found.length, 'session')}?`)) return sessionIds;
  throw new CliError(1, 'nothing was deleted');
};

const look = async (daemon: DaemonClient, words: string): Promise<SessionView | undefined> => {
  try {
    const { session } = await withSession(daemon, words, (id) => daemon.session(id, 'get', {}));
    return session;
  } catch (error) {
    if (failureOf(error).exitCode === 3) return undefined;
    throw error;
  }
};

const described = (session: SessionView): string =>
  [
    `  ${session.sessionId}  ${several(session.numTurns, 'turn')}  ${oneLine(session.title ?? '', 60)}`.trimEnd(),
    ...archiveText(session),
  ].join('  ');

/** What goes for good, and what does not. */
const archiveText = ({ archiveId, status }: SessionView): readonly string[] => {
  if (archiveId === undefined) return [];
  return [status === 'archived' ? '(its archive stays)' : '(its archive lacks what came since)'];
};

/** One that cannot be deleted keeps none of the others: it is told of in its place, and the call fails. */
const deleteOne = async (run: Invocation, daemon: DaemonClient, sessionId: string) => {
  try {
    const reply = await daemon.session(sessionId, 'delete', {});
    run.out.one({ sessionId, ...reply }, () => `${sessionId} deleted\n`);
  } catch (error) {
    const { code, message: why, retryable, exitCode } = failureOf(error);
    const message = why + (await meantInstead(daemon, sessionId, code));
    const failed = { sessionId, deleted: false, error: { code, message, retryable } };
    run.out.one(failed, () => `${sessionId} not deleted: ${message} (${code})\n`);
    run.finish(exitCode);
  }
};

/** Without a question the beginning of an id deletes nothing; it is said so, with the ids that begin so. */
const meantInstead = async (
  daemon: DaemonClient,
  words: string,
  code: string | null,
): Promise<string> => {
  if (code !== 'session_not_found' && code !== 'invalid_session_id') return '';
  const meant = await perhapsMeant(daemon, words).catch(() => []);
  if (meant.length > 0) return `; write the whole id: ${meant.join(', ')}`;
  return words === LAST ? '; write the whole id of the last one' : '';
};
