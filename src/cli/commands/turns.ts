/** `greenroom turns`: what was asked of a session, and what became of it. */
import type { TurnView } from '../../session/api.ts';
import { ago, facts, money, table } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { DaemonClient } from '../shell.ts';
import { parseCount } from '../values.ts';

export const registerTurns = (registration: Registration): void => {
  const turns = registration.program.command('turns').description('the turns of a session');
  turns
    .command('list <session>')
    .description('newest first')
    .option('--limit <n>', 'most turns shown', parseCount, 20)
    .action(
      act<[string], { limit: number }>(registration, (run, [session], { limit }) =>
        run.withDaemon(async (daemon) => {
          const found = await listTurns(daemon, session, limit);
          run.out.many(found, () => turnTable(found, run));
        }),
      ),
    );
  turns
    .command('show <session> <turn>')
    .description('one turn: status, usage, cost, error')
    .action(
      act<[string, string]>(registration, (run, [session, turnId]) =>
        run.withDaemon(async (daemon) => {
          const { turn } = await daemon.session(session, 'turn-status', { turnId });
          run.out.one(turn, () => facts({ ...turn }));
        }),
      ),
    );
  turns
    .command('cancel <session> [turn]')
    .description('cancel a turn; without its id the running one')
    .action(
      act<[string, string | undefined]>(registration, (run, [session, turnId]) =>
        run.withDaemon(async (daemon) => {
          const request = turnId === undefined ? {} : { turnId };
          const { turn } = await daemon.session(session, 'cancel', request);
          run.out.one(turn, () => `${turn.turnId} ${turn.status}\n`);
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

const turnTable = (turns: readonly TurnView[], run: Invocation): string =>
  table(
    ['turn', 'status', 'accepted', 'steps', 'cost', 'ended by'],
    turns.map((turn) => [
      turn.turnId,
      turn.status,
      ago(turn.acceptedAt, run.shell.nowMs()),
      String(turn.steps),
      money(turn.costUsd),
      turn.error?.message ?? turn.stopReason ?? '',
    ]),
    run.out.width,
  );
