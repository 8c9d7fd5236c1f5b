/** `greenroom turns`: what was asked of a session, and what became of it. */
import type { TurnView } from '../../session/verbs/reply-schemas.ts';
import { ago, facts, grouped, money, several } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { sessionNamedOrAsTyped, withSession } from '../session-name.ts';
import type { DaemonClient, RefusedTurn } from '../shell.ts';
import { type Column, table } from '../table.ts';
import { withTurn } from '../turn-name.ts';
import { PARTLY_KNOWN, traceText } from '../turn-trace.ts';
import { parseCount } from '../values.ts';

interface ListOptions {
  readonly limit: number;
}

export const registerTurns = (registration: Registration): void => {
  const turns = registration.program.command('turns').description('the turns of a session');
  turns
    .command('list <session>')
    .description('newest first')
    .option('--limit <n>', 'most turns shown', parseCount, 20)
    .action(
      act<[string], ListOptions>(registration, (run, [words], { limit }) =>
        run.withDaemon(async (daemon) => {
          const { sessionId, found } = await withSession(daemon, words, async (id) => ({
            sessionId: id,
            found: await listTurns(daemon, id, limit),
          }));
          run.out.many(found, () => turnTable(found, run));
          if (found.length === 0) await explainNone(daemon, run, sessionId);
        }),
      ),
    );
  turns
    .command('show <session> <turn>')
    .description('one turn: status, usage, cost, error')
    .action(
      act<[string, string]>(registration, (run, [words, turnWords]) =>
        run.withDaemon(async (daemon) => {
          const { turn } = await withSession(daemon, words, (id) =>
            withTurn(daemon, id, turnWords, (turnId) =>
              daemon.session(id, 'turn-status', { turnId }),
            ),
          );
          run.out.one(turn, () => facts({ ...turn }));
        }),
      ),
    );
  turns
    .command('trace <session> <turn>')
    .description('where one turn was and when: its stations, from its arrival to its end')
    .action(
      act<[string, string]>(registration, (run, [words, turnWords]) =>
        run.withDaemon(async (daemon) => {
          const trace = await withSession(daemon, words, (id) =>
            withTurn(daemon, id, turnWords, (turnId) =>
              daemon.session(id, 'turn-trace', { turnId }),
            ),
          );
          run.out.one(trace, () => traceText(trace, run.out.width));
          if (!trace.isWhole) run.out.note(PARTLY_KNOWN);
        }),
      ),
    );
  turns
    .command('cancel <session> [turn]')
    .description('cancel a turn; without its id the running one')
    .action(
      act<[string, string | undefined]>(registration, (run, [words, turnWords]) =>
        run.withDaemon(async (daemon) => {
          const { turn } = await withSession(daemon, words, (id) =>
            turnWords === undefined
              ? daemon.session(id, 'cancel', {})
              : withTurn(daemon, id, turnWords, (turnId) =>
                  daemon.session(id, 'cancel', { turnId }),
                ),
          );
          run.out.one(turn, () => `${turn.turnId} ${turn.status}\n`);
        }),
      ),
    );
  turns
    .command('refused [session]')
    .description('turns of the queue that were not taken, newest first, as the broker keeps them')
    .option('--limit <n>', 'most turns shown', parseCount, 20)
    .action(
      act<[string | undefined], ListOptions>(registration, (run, [words], { limit }) =>
        run.withDaemon(async (daemon) => {
          const session =
            words === undefined ? {} : { sessionId: await sessionNamedOrAsTyped(daemon, words) };
          const refused = await daemon.refusedTurns({ limit, ...session });
          run.out.many(refused, () => refusedTable(refused, run));
          if (refused.length === 0) run.out.note('the broker keeps no refused turn');
        }),
      ),
    );
};

/** The verb gives at most 1,000 at a time. */
const PAGE = 1_000;

const listTurns = async (
  daemon: DaemonClient,
  session: string,
  limit: number,
): Promise<readonly TurnView[]> => {
  const found: TurnView[] = [];
  let cursor: string | undefined;
  do {
    const page = await daemon.session(session, 'turns', {
      limit: Math.min(PAGE, limit - found.length),
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.turns);
    cursor = page.nextCursor;
  } while (cursor !== undefined && found.length < limit);
  return found;
};

/** Turns that other programs ran are counted, and have no record here. */
const explainNone = async (
  daemon: DaemonClient,
  run: Invocation,
  sessionId: string,
): Promise<void> => {
  const { session } = await daemon.session(sessionId, 'get', {});
  if (session.numTurns === 0) return run.out.note('it has no turn yet');
  const was = session.numTurns === 1 ? 'was' : 'were';
  run.out.note(
    `its ${several(session.numTurns, 'turn')} ${was} run by another program: they are in the transcript (${run.typed(`sessions messages ${sessionId}`)}); only turns that were run here have a record`,
  );
};

const COLUMNS: readonly Column[] = [
  { head: 'turn', least: 14 },
  { head: 'status' },
  { head: 'accepted' },
  { head: 'steps', leftOut: 1 },
  { head: 'cost' },
  { head: 'ended by', least: 10 },
];

const turnTable = (turns: readonly TurnView[], run: Invocation): string =>
  table(
    COLUMNS,
    turns.map((turn) => [
      turn.turnId,
      turn.status,
      ago(turn.acceptedAt, run.shell.nowMs()),
      grouped(turn.steps),
      money(turn.costUsd),
      endedBy(turn),
    ]),
    run.out.width,
  );

/** Of one that waits, which has not ended: when it begins or goes on, and what it waits for. */
const endedBy = ({ error, stopReason, retryAt, status, deliverAt }: TurnView): string => {
  if (status === 'queued' && deliverAt !== undefined) return `begins at ${deliverAt}`;
  const why = error?.message ?? stopReason ?? '';
  return retryAt === undefined ? why : `goes on at ${retryAt}: ${why}`;
};

const REFUSED_COLUMNS: readonly Column[] = [
  { head: 'session', least: 14 },
  { head: 'turn', least: 10, leftOut: 1 },
  { head: 'refused' },
  { head: 'code', least: 12 },
  { head: 'why', least: 10 },
];

const refusedTable = (refused: readonly RefusedTurn[], run: Invocation): string =>
  table(
    REFUSED_COLUMNS,
    refused.map(({ sessionId, turnId, refusedAt, code, message }) => [
      sessionId,
      turnId,
      ago(refusedAt, run.shell.nowMs()),
      code,
      message,
    ]),
    run.out.width,
  );
