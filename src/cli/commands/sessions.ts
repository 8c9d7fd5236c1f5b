/** `greenroom sessions`: find, look at, tag, fork, compact and delete sessions. */
import type { EntryView, SessionView } from '../../session/api.ts';
import { addSearchOptions, criteriaOf, type SearchOptions, searchAll } from '../criteria.ts';
import { failureOf } from '../failure.ts';
import { ago, facts, grouped, money, several, table } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { messageLines } from '../message-text.ts';
import type { DaemonClient } from '../shell.ts';
import { parseCount } from '../values.ts';
import { registerExport } from './export.ts';

export const registerSessions = (registration: Registration): void => {
  const sessions = registration.program.command('sessions').description('find and change sessions');
  const nested: Registration = { ...registration, program: sessions };
  registerFinding(nested);
  registerLooking(nested);
  registerChanging(nested);
  registerBranching(nested);
  registerExport(nested);
};

const registerFinding = (registration: Registration): void => {
  const { program, shell } = registration;
  for (const [name, about] of [
    ['search', 'sessions that meet every criterion, newest update first'],
    ['list', 'all sessions, newest update first'],
  ] as const)
    addSearchOptions(program.command(name).description(about), () => shell.nowMs(), name).action(
      act<[], SearchOptions>(registration, (run, _, options) =>
        run.withDaemon((daemon) => (options.count ? count : find)(daemon, run, options)),
      ),
    );
};

const find = async (daemon: DaemonClient, run: Invocation, options: SearchOptions) => {
  const { sessions, isCut } = await searchAll(daemon, options);
  run.out.many(sessions, () =>
    table(
      ['session', 'updated', 'turns', 'cost', 'status', 'tags', 'title'],
      sessions.map((each) => [
        each.sessionId,
        ago(each.updatedAt, run.shell.nowMs()),
        grouped(each.numTurns),
        money(each.totalCostUsd, each.knownCostUsd),
        each.status,
        each.tags.join(','),
        each.title ?? each.summary ?? '',
      ]),
      run.out.width,
    ),
  );
  if (sessions.length === 0) run.out.note('there is no such session');
  if (isCut) run.out.note('there are more: raise --limit, or narrow the search');
};

const count = async (daemon: DaemonClient, run: Invocation, options: SearchOptions) => {
  const counted = await daemon.sessions('count', criteriaOf(options));
  run.out.one(counted, () => `${several(counted.count, 'session')}, ${money(counted.costUsd)}\n`);
};

const registerLooking = (registration: Registration): void => {
  const { program } = registration;
  program
    .command('show <session>')
    .description('everything small about a session')
    .action(
      act<[string]>(registration, (run, [sessionId]) =>
        run.withDaemon(async (daemon) => {
          const { session } = await daemon.session(sessionId, 'get', {});
          run.out.one(session, () => sessionText(session));
        }),
      ),
    );
  program
    .command('messages <session>')
    .description('the transcript, from its beginning')
    .option('--from <seq>', 'first entry', parseCount)
    .option('--limit <n>', 'most entries shown', parseCount, 100)
    .option('--desc', 'from the end backwards')
    .option('--subpath <name>', "a sub-agent's transcript, such as agent-a1b2c3")
    .option('--sides', 'the names of such transcripts, and how long each is')
    .option('--include-partial', 'also the text of steps that ended early')
    .action(
      act<[string], MessagesOptions>(registration, (run, [sessionId], options) =>
        run.withDaemon((daemon) =>
          options.sides === true
            ? showSides(daemon, run, sessionId)
            : showMessages(daemon, run, sessionId, options),
        ),
      ),
    );
};

/** Counters that stand at zero say nothing. */
const sessionText = ({ usage, totalCostUsd, knownCostUsd, ...session }: SessionView): string =>
  facts({
    ...nonZero(session),
    usage: nonZero(usage),
    cost: money(totalCostUsd, knownCostUsd),
  });

const nonZero = (values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));

interface MessagesOptions {
  readonly from?: number;
  readonly limit: number;
  readonly desc?: boolean;
  readonly subpath?: string;
  readonly sides?: true;
  readonly includePartial?: boolean;
}

/** Pages go out as they come: a transcript may be long. */
const showMessages = async (
  daemon: DaemonClient,
  run: Invocation,
  sessionId: string,
  { from, limit, desc = false, subpath = '', includePartial = false }: MessagesOptions,
): Promise<void> => {
  let left = limit;
  let next = from;
  do {
    const page = await daemon.session(sessionId, 'messages', {
      limit: Math.min(PAGE, left),
      order: desc ? 'desc' : 'asc',
      subpath,
      includePartial,
      ...(next === undefined ? {} : { from: next }),
    });
    run.out.many(page.entries, () => entryText(page.entries, run));
    left -= page.entries.length;
    next = page.nextFrom;
  } while (next !== undefined && left > 0);
  if (next !== undefined) run.out.note(`there is more: --from ${next}`);
};

const showSides = async (
  daemon: DaemonClient,
  run: Invocation,
  sessionId: string,
): Promise<void> => {
  let from: { readonly cursor?: string } = {};
  for (;;) {
    const page = await daemon.session(sessionId, 'side-transcripts', { limit: PAGE, ...from });
    const { sideTranscripts, nextCursor } = page;
    run.out.many(sideTranscripts, () =>
      sideTranscripts.map(({ subpath, seq }) => `${subpath}  ${several(seq, 'line')}\n`).join(''),
    );
    if (nextCursor === undefined) return;
    from = { cursor: nextCursor };
  }
};

const PAGE = 100;

const entryText = (entries: readonly EntryView[], run: Invocation): string =>
  entries.map((entry) => messageLines(entry, run.out)).join('');

const registerChanging = (registration: Registration): void => {
  const { program } = registration;
  for (const verb of ['tag', 'untag'] as const)
    program
      .command(`${verb} <session> <tags...>`)
      .description(verb === 'tag' ? 'add tags' : 'take tags away')
      .action(
        act<[string, string[]]>(registration, (run, [sessionId, tags]) =>
          run.withDaemon(async (daemon) => {
            const { session } = await daemon.session(sessionId, verb, { tags });
            run.out.one(session, () => tagsText(session));
          }),
        ),
      );
  program
    .command('delete <sessions...>')
    .description('delete sessions, with their transcripts')
    .action(
      act<[string[]]>(registration, (run, [sessionIds]) =>
        run.withDaemon(async (daemon) => {
          for (const sessionId of sessionIds) await deleteOne(run, daemon, sessionId);
        }),
      ),
    );
};

/** One that cannot be deleted keeps none of the others: it is told of in its place, and the call fails. */
const deleteOne = async (run: Invocation, daemon: DaemonClient, sessionId: string) => {
  try {
    const reply = await daemon.session(sessionId, 'delete', {});
    run.out.one({ sessionId, ...reply }, () => `${sessionId} deleted\n`);
  } catch (error) {
    const { code, message, retryable, exitCode } = failureOf(error);
    const failed = { sessionId, deleted: false, error: { code, message, retryable } };
    run.out.one(failed, () => `${sessionId} not deleted: ${message} (${code})\n`);
    run.finish(exitCode);
  }
};

const tagsText = ({ sessionId, tags }: SessionView): string =>
  `${sessionId}: ${tags.length === 0 ? 'no tags' : tags.join(', ')}\n`;

interface ForkOptions {
  readonly at?: number;
  readonly atMessage?: string;
  readonly as?: string;
  readonly title?: string;
}

interface CompactOptions {
  readonly through?: number;
  readonly summary?: string;
}

const registerBranching = (registration: Registration): void => {
  const { program } = registration;
  program
    .command('fork <session>')
    .description('a new session that begins with this transcript; nothing is copied')
    .option('--at <seq>', 'last entry that it takes along (default: all)', parseCount)
    .option('--at-message <id>', 'the same, by the id of a message')
    .option('--as <session>', 'id of the new session (default: a new one)')
    .option('--title <text>', 'its title (default: "Fork of …")')
    .action(
      act<[string], ForkOptions>(registration, (run, [sessionId], options) =>
        run.withDaemon(async (daemon) => {
          const { session } = await daemon.session(sessionId, 'fork', placeOf(options));
          run.out.one(session, () => `${session.sessionId}\n`);
        }),
      ),
    );
  program
    .command('compact <session>')
    .description('a summary stands in for what the model saw so far; nothing is deleted')
    .option('--through <seq>', 'last entry that it stands for (default: all)', parseCount)
    .option('--summary <text>', 'the summary (default: the model makes one)')
    .action(
      act<[string], CompactOptions>(registration, (run, [sessionId], { through, summary }) =>
        run.withDaemon(async (daemon) => {
          const { session } = await daemon.session(sessionId, 'compact', {
            ...(through === undefined ? {} : { throughSeq: through }),
            ...(summary === undefined ? {} : { summary }),
          });
          run.out.one(session, () => compactedText(session));
        }),
      ),
    );
};

const placeOf = ({ at, atMessage, as, title }: ForkOptions) => ({
  ...(at === undefined ? {} : { atSeq: at }),
  ...(atMessage === undefined ? {} : { atMessageId: atMessage }),
  ...(as === undefined ? {} : { newSessionId: as }),
  ...(title === undefined ? {} : { title }),
});

const compactedText = ({ sessionId, compaction }: SessionView): string =>
  `${sessionId}: a summary stands for everything up to ${compaction?.throughSeq ?? 0}\n`;
