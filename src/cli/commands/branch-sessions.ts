/** `greenroom sessions fork`, `compact` and `context`: going on from somewhere else, from a summary, and whether that is needed. */

import { codeOf } from '../../model/errors.ts';
import type { SessionReplies } from '../../session/verbs/registry.ts';
import type { SessionView } from '../../session/verbs/reply-schemas.ts';
import { aboutSession } from '../about-session.ts';
import { bytes, facts, grouped, money, several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { withSession } from '../session-name.ts';
import { parseCount } from '../values.ts';

interface ForkOptions {
  readonly at?: number;
  readonly atMessage?: string;
  readonly as?: string;
  readonly title?: string;
  readonly branch?: number;
  readonly copyDirectory?: true;
}

interface CompactOptions {
  readonly through?: number;
  readonly summary?: string;
}

export const registerBranching = (registration: Registration): void => {
  const { program } = registration;
  program
    .command('fork <session>')
    .description('a new session that begins with this transcript, which is not copied')
    .option('--at <seq>', 'last entry that it takes along (default: all)', parseCount)
    .option('--at-message <id>', 'the same, by the id of a message')
    .option('--as <session>', 'id of the new session (default: a new one)')
    .option('--title <text>', 'its title (default: "Fork of …")')
    .option('--branch <n>', 'of a session gone on with in two places: that branch', parseCount)
    .option('--copy-directory', 'it works in a copy of the directory, and not in the same one')
    .action(
      act<[string], ForkOptions>(registration, (run, [words], options) =>
        run.withDaemon(async (daemon) => {
          const { session, directory } = await withSession(daemon, words, (id) =>
            daemon.session(id, 'fork', placeOf(options)).catch(aboutTheFork(options)),
          );
          run.out.one(shownOf(session, directory), () => `${session.sessionId}\n`);
          noteInherited(run, session, options);
          if (directory !== undefined) noteCopied(run, directory);
        }),
      ),
    );
  program
    .command('compact <session>')
    .description('a summary stands in for what the model saw so far; nothing is deleted')
    .option('--through <seq>', 'last entry that it stands for (default: all)', parseCount)
    .option('--summary <text>', 'the summary (default: the model makes one)')
    .action(
      act<[string], CompactOptions>(registration, (run, [words], { through, summary }) =>
        run.withDaemon(async (daemon) => {
          const order = {
            ...(through === undefined ? {} : { throughSeq: through }),
            ...(summary === undefined ? {} : { summary }),
          };
          const { session } = await withSession(daemon, words, (id) =>
            daemon.session(id, 'compact', order),
          );
          run.out.one(session, () => compactedText(session));
        }),
      ),
    );
  program
    .command('context <session>')
    .description('how much of what its model reads at once it takes')
    .option('--count', 'the API counts the tokens (default: an estimate)')
    .action(
      act<[string], { readonly count?: true }>(registration, (run, [words], { count }) =>
        run.withDaemon(async (daemon) => {
          const context = await withSession(daemon, words, (id) =>
            daemon.session(id, 'context', count === true ? { count } : {}),
          );
          run.out.one(context, () => contextText(context));
        }),
      ),
    );
};

/** What is there already is the session that the fork was to be, and not its parent. */
const aboutTheFork =
  ({ as }: ForkOptions) =>
  (error: unknown): never => {
    throw as !== undefined && codeOf(error) === 'session_exists' ? aboutSession(as, error) : error;
  };

/** The parent's cost is known as a whole, and not up to some entry. */
const noteInherited = (run: Invocation, session: SessionView, { at, atMessage }: ForkOptions) => {
  const { inheritedCostUsd, parent } = session;
  if (inheritedCostUsd === undefined || (at === undefined && atMessage === undefined)) return;
  run.out.note(
    `inheritedCostUsd (${money(inheritedCostUsd)}) is what all of ${parent?.sessionId ?? 'its parent'} had cost, also after entry ${parent?.seq ?? 0}; it is not part of the fork's own cost`,
  );
};

type Copied = NonNullable<SessionReplies['fork']['directory']>;

const shownOf = (session: SessionView, directory: Copied | undefined) =>
  directory === undefined ? session : { ...session, directory };

const noteCopied = (run: Invocation, { path, files, bytes: size, leftCount, left }: Copied) => {
  run.out.note(`${several(files, 'file')}, ${bytes(size)} in ${path}`);
  if (leftCount > 0) run.out.note(`left out: ${leftCount}`);
  for (const each of left) run.out.note(`  ${each.path}: ${each.why}`);
};

const placeOf = ({ at, atMessage, as, title, branch, copyDirectory }: ForkOptions) => ({
  ...(copyDirectory === undefined ? {} : { directory: 'copy' as const }),
  ...(branch === undefined ? {} : { branch }),
  ...(at === undefined ? {} : { atSeq: at }),
  ...(atMessage === undefined ? {} : { atMessageId: atMessage }),
  ...(as === undefined ? {} : { newSessionId: as }),
  ...(title === undefined ? {} : { title }),
});

const compactedText = ({ sessionId, compaction }: SessionView): string =>
  `${sessionId}: a summary stands for everything up to ${compaction?.throughSeq ?? 0}\n`;

type ContextShown = SessionReplies['context'];

const contextText = (context: ContextShown): string => {
  const { usedTokens, windowTokens, from, notCounted, compact, compactAtTokens, next } = context;
  const percent = Math.round((100 * usedTokens) / windowTokens);
  return facts({
    session: context.sessionId,
    model: context.model,
    used: `${from === 'count' ? '' : 'about '}${several(usedTokens, 'token')}, ${percent} % of ${grouped(windowTokens)}`,
    'not counted': notCounted,
    compaction:
      compact === 'off' ? 'off' : `${compact}, from ${several(compactAtTokens, 'token')} on`,
    'would sum up': next && `everything up to ${next.throughSeq}`,
    summary: context.compaction && `of everything up to ${context.compaction.throughSeq}`,
  });
};
