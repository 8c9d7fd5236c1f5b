/** `greenroom approvals`: tool calls that wait for a person, and the answer to them. */
import type {
  SessionReplies,
  SessionRequests,
  SessionsReplies,
} from '../../session/verbs/registry.ts';
import { CliError } from '../failure.ts';
import { ago, facts } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { withSession } from '../session-name.ts';
import type { DaemonClient } from '../shell.ts';
import { type Column, table } from '../table.ts';
import { parseCount, parseJsonObject } from '../values.ts';

type Answer = SessionRequests['approve'];
type Waiting = SessionReplies['asked']['approvals'][number];
type Listed = SessionsReplies['approvals']['approvals'][number];

interface AllowOptions {
  readonly forSession?: true;
  readonly rule?: string | true;
  readonly input?: Record<string, unknown>;
}

interface DenyOptions {
  readonly reason?: string;
  readonly interrupt?: true;
}

export const registerApprovals = (registration: Registration): void => {
  const approvals = registration.program
    .command('approvals')
    .description('what waits for a person: tool calls, and budgets that are used up');
  approvals
    .command('list')
    .description('those of all sessions')
    .option('--limit <n>', 'most calls shown', parseCount, 50)
    .action(
      act<[], { readonly limit: number }>(registration, (run, _, { limit }) =>
        run.withDaemon(async (daemon) => {
          const found = await listed(daemon, limit);
          run.out.many(found, () => approvalTable(found, run));
          if (found.length === 0) run.out.note('nothing waits for a person');
        }),
      ),
    );
  approvals
    .command('show <session> [approval]')
    .description('what it would do, and why it is asked about; without its id the only one')
    .action(
      act<[string, string | undefined]>(registration, (run, [words, id]) =>
        run.withDaemon(async (daemon) => {
          const { waiting } = await waitingIn(daemon, run, words, id);
          run.out.one(waiting, () => facts({ ...waiting }));
        }),
      ),
    );
  approvals
    .command('allow <session> [approval]')
    .description('lets it run, once')
    .option(
      '--for-session',
      'and the same again in this session, by the rules that `show` suggests',
    )
    .option(
      '--rule [rule]',
      'and what this permission rule says; without one, those that `show` suggests',
    )
    .option(
      '--input <json>',
      `runs it with this input in place of the model's; of a budget: how much more, as {"usd":25}`,
      parseJsonObject,
    )
    .action(
      act<[string, string | undefined], AllowOptions>(registration, (run, [words, id], options) =>
        answer(run, words, id, (approvalId) => allowing(approvalId, options)),
      ),
    );
  approvals
    .command('deny <session> [approval]')
    .description('the model is told that it may not')
    .option('--reason <text>', 'what the model is told besides')
    .option('--interrupt', 'the turn ends too')
    .action(
      act<[string, string | undefined], DenyOptions>(registration, (run, [words, id], options) =>
        answer(run, words, id, (approvalId) => ({ approvalId, decision: 'deny', ...options })),
      ),
    );
};

const allowing = (approvalId: string, { forSession, rule, input }: AllowOptions): Answer => {
  const given = input === undefined ? {} : { input };
  const allow = { approvalId, decision: 'allow', ...given } as const;
  if (forSession === true && rule !== undefined)
    throw new CliError(2, 'give --for-session or --rule, not both');
  if (forSession === true) return { ...allow, scope: 'session' };
  if (rule === undefined) return allow;
  return rule === true ? { ...allow, scope: 'rule' } : { ...allow, scope: 'rule', rule };
};

const answer = (
  run: Invocation,
  words: string,
  id: string | undefined,
  answerOf: (approvalId: string) => Answer,
): Promise<void> =>
  run.withDaemon(async (daemon) => {
    const reply = await answered(daemon, run, words, id, answerOf);
    run.out.one(reply, () => `${reply.approvalId} ${reply.decision}\n`);
    for (const rule of reply.rules) run.out.note(`the session allows from now on: ${rule}`);
    if (reply.asksAgain === true)
      run.out.note('this call is not among it: it was allowed once, and the same is asked again');
  });

/** A whole id goes to the daemon also where nothing waits by it: that knows whether another answer was first. */
const answered = async (
  daemon: DaemonClient,
  run: Invocation,
  words: string,
  id: string | undefined,
  answerOf: (approvalId: string) => Answer,
): Promise<SessionReplies['approve']> => {
  if (id !== undefined && isWhole(id))
    return withSession(daemon, words, (session) =>
      daemon.session(session, 'approve', answerOf(id)),
    );
  const { sessionId, waiting } = await waitingIn(daemon, run, words, id);
  return daemon.session(sessionId, 'approve', answerOf(waiting.approvalId));
};

/** Such an id may be how another begins, and does not mean that: `t1#1`, `t1#12`. */
const isWhole = (id: string): boolean => /#\d+$/.test(id);

/** The call that is meant: by its id, the beginning of it, or as the only one. */
const waitingIn = async (
  daemon: DaemonClient,
  run: Invocation,
  words: string,
  id: string | undefined,
): Promise<{ readonly sessionId: string; readonly waiting: Waiting }> => {
  const { sessionId, all } = await withSession(daemon, words, async (session) => ({
    sessionId: session,
    all: (await daemon.session(session, 'asked', {})).approvals,
  }));
  const meant = all.filter(({ approvalId }) => {
    if (id === undefined || approvalId === id) return true;
    return !isWhole(id) && approvalId.startsWith(id);
  });
  const [waiting, ...others] = meant;
  if (waiting !== undefined && others.length === 0) return { sessionId, waiting };
  if (waiting !== undefined)
    throw new CliError(
      2,
      `several wait: ${meant.map(({ approvalId }) => approvalId).join(', ')}`,
      `name one; what each is: ${run.typed('approvals list')}`,
    );
  const what = id === undefined ? 'nothing waits' : `nothing waits as ${id}`;
  throw new CliError(3, `${what} for a person in ${sessionId}`, run.typed('approvals list'));
};

/** The verb looks at up to 100 sessions at a time. */
const PAGE = 100;

const listed = async (daemon: DaemonClient, limit: number): Promise<readonly Listed[]> => {
  const found: Listed[] = [];
  let cursor: string | undefined;
  do {
    const page = await daemon.sessions('approvals', {
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.approvals);
    cursor = page.nextCursor;
  } while (cursor !== undefined && found.length < limit);
  return found.slice(0, limit);
};

const COLUMNS: readonly Column[] = [
  { head: 'session', least: 12 },
  { head: 'approval', least: 12 },
  { head: 'tool' },
  { head: 'asked' },
  { head: 'what', least: 20 },
];

const approvalTable = (all: readonly Listed[], run: Invocation): string =>
  table(
    COLUMNS,
    all.map((waiting) => [
      waiting.sessionId,
      waiting.approvalId,
      'budget' in waiting ? `the budget of ${waiting.budget.name}` : waiting.toolName,
      ago(waiting.askedAt, run.shell.nowMs()),
      whatOf(waiting),
    ]),
    run.out.width,
  );

const whatOf = (waiting: Listed): string => {
  if ('budget' in waiting) return waiting.reason;
  const { commands, files, reason } = waiting;
  return commands.join('; ') || files.join(', ') || reason;
};
