/** `greenroom tasks`: what is done in background sessions of its own, and its runs. */
import { newTurnId } from '../../model/ids.ts';
import { hasEnded } from '../../model/words.ts';
import type { ExecutionView, TaskView } from '../../session/verbs/task-verbs.ts';
import { collectVariable } from '../definitions.ts';
import { CliError } from '../failure.ts';
import { ago, money } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { type Column, table } from '../table.ts';
import { parseCount } from '../values.ts';
import { registerDefinitions, registerPut, showOne } from './definition-commands.ts';

interface RunOptions {
  readonly var?: Readonly<Record<string, string>>;
  readonly turnId?: string;
  readonly wait?: boolean;
}

export const registerTasks = (registration: Registration): void => {
  const tasks = registration.program
    .command('tasks')
    .description('what runs in background sessions of its own');
  tasks
    .command('show <name>')
    .description('one task; with --runs its runs, newest first')
    .option('--runs [n]', 'its runs, at most so many', parseCount)
    .action(
      act<[string], { readonly runs?: number | true }>(registration, (run, [name], { runs }) =>
        run.withDaemon(async (daemon) => {
          if (runs !== undefined) return showRuns(run, daemon, name, runs === true ? 20 : runs);
          return showOne(run, daemon, name, taskOf);
        }),
      ),
    );
  tasks
    .command('run <name>')
    .description('begin a run; it goes on when the command has ended')
    .option('--var <name=value>', 'value of a variable', collectVariable)
    .option('--turn-id <id>', 'name of the run: asked for twice, it runs once')
    .option('--wait', 'wait for its end, and print its result')
    .action(
      act<[string], RunOptions>(registration, (run, [name], options) => {
        const { var: variables, turnId = newTurnId(run.shell.nowMs()), wait } = options;
        return run.withDaemon(async (daemon) => {
          const asked = { name, turnId, ...(variables === undefined ? {} : { variables }) };
          const begun = await daemon.sessions('tasks.run', asked);
          if (wait === true) return showEnd(run, daemon, name, begun.sessionId);
          run.out.one(begun, () => `${begun.sessionId}\n`);
        });
      }),
    );
  registerPut(
    registration,
    tasks,
    async (daemon, asked) => (await daemon.sessions('tasks.put', asked)).task,
  );
  registerDefinitions<TaskView>(registration, tasks, {
    kind: 'task',
    deletes: 'delete one that no schedule runs; its runs stay',
    columns: [
      ...[{ head: 'task' }, { head: 'template' }, { head: 'updated' }],
      { head: 'prompt', least: 20 },
    ],
    row: ({ name, template = '', updatedAt, prompt, description }, { shell }) => [
      ...[name, template, ago(updatedAt, shell.nowMs()), description ?? prompt ?? ''],
    ],
    list: async (daemon, page) => {
      const { tasks: found, ...next } = await daemon.sessions('tasks.list', page);
      return { found, ...next };
    },
    remove: (daemon, name) => daemon.sessions('tasks.delete', { name }),
  });
};

const taskOf = async (daemon: DaemonClient, name: string) =>
  (await daemon.sessions('tasks.get', { name })).task;

const LOOK_MS = 500;

/** Until the run has ended, however long that takes; left by Ctrl-C it goes on. */
const showEnd = async (
  run: Invocation,
  daemon: DaemonClient,
  name: string,
  sessionId: string,
): Promise<void> => {
  for (;;) {
    const { session } = await daemon.session(sessionId, 'get', {});
    if (hasEnded(session) || session.status === 'parked') break;
    await run.shell.sleep(LOOK_MS);
  }
  const found = await runs(daemon, name, Number.POSITIVE_INFINITY, sessionId);
  const last = found.at(-1);
  if (last?.sessionId !== sessionId) throw new CliError(1, `the run ${sessionId} is gone`);
  showResult(run, last);
};

const showResult = (run: Invocation, execution: ExecutionView): void => {
  const { status, resultData = '', errorMessage = '' } = execution;
  run.out.one(execution, () => `${status === 'completed' ? resultData : errorMessage}\n`);
  if (status !== 'completed') run.finish(1);
};

const showRuns = async (
  run: Invocation,
  daemon: DaemonClient,
  name: string,
  limit: number,
): Promise<void> => {
  const found = await runs(daemon, name, limit);
  run.out.many(found, () => runTable(found, run));
  if (found.length === 0) run.out.note('it has not run yet');
};

/** The verb gives at most 50 at a time. */
const PAGE = 50;

/** Newest first, at most so many, or as far as this one. */
const runs = async (
  daemon: DaemonClient,
  name: string,
  limit: number,
  sessionId?: string,
): Promise<readonly ExecutionView[]> => {
  const found: ExecutionView[] = [];
  for (let cursor: string | undefined; ; ) {
    const wanted = Math.min(PAGE, limit - found.length);
    const from = cursor === undefined ? {} : { cursor };
    const page = await daemon.sessions('tasks.executions', { name, limit: wanted, ...from });
    for (const execution of page.executions) {
      found.push(execution);
      if (execution.sessionId === sessionId) return found;
    }
    cursor = page.nextCursor;
    if (cursor === undefined || found.length >= limit) return found;
  }
};

const RUNS: readonly Column[] = [
  { head: 'begun' },
  { head: 'status' },
  { head: 'cost' },
  { head: 'schedule', leftOut: 1 },
  { head: 'session', least: 12 },
  { head: 'result', least: 20 },
];

const runTable = (found: readonly ExecutionView[], run: Invocation): string =>
  table(
    RUNS,
    found.map(({ acceptedAt, status, costUsd, scheduleId = '', sessionId, ...end }) => [
      ...[ago(acceptedAt, run.shell.nowMs()), status, money(costUsd), scheduleId, sessionId],
      end.resultData ?? end.errorMessage ?? '',
    ]),
    run.out.width,
  );
