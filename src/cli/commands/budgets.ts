/** `greenroom budgets`: how much may be spent for whom, and what is spent of that. */
import { BUDGET_PERIODS } from '../../model/words.ts';
import type { SessionsReplies, SessionsRequests } from '../../session/verbs/registry.ts';
import { usageError } from '../failure.ts';
import { money } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { type Column, table } from '../table.ts';
import { parseMoney, parseWord } from '../values.ts';

type Budget = SessionsReplies['budgets']['budgets'][number];
type Name = SessionsRequests['delete-budget'];

interface Whose {
  readonly owner?: string;
  readonly tag?: string;
  readonly all?: true;
  readonly per: NonNullable<Name['per']>;
}

export const registerBudgets = (registration: Registration): void => {
  const budgets = registration.program
    .command('budgets')
    .description('how much may be spent for owners, tags and all, and what is spent');
  budgets
    .command('list')
    .description('all budgets, and what is spent of each in its present period')
    .option('--owner <name>', 'only what holds for this owner')
    .action(
      act<[], { readonly owner?: string }>(registration, (run, _, { owner }) =>
        run.withDaemon(async (daemon) => {
          const request = owner === undefined ? {} : { owner };
          const { budgets: found } = await daemon.sessions('budgets', request);
          run.out.many(found, () => budgetTable(found, run));
          if (found.length === 0)
            run.out.note('there is no budget: whatever is asked for is spent');
        }),
      ),
    );
  const named = (name: string, about: string) =>
    budgets
      .command(name)
      .description(about)
      .option('--owner <name>', 'for the sessions of this owner')
      .option('--tag <tag>', 'for the sessions with this tag')
      .option('--all', 'for all sessions of the tenant')
      .option('--per <period>', BUDGET_PERIODS.join(', '), parseWord(BUDGET_PERIODS), 'total');
  named('put <usd>', 'make a budget, or change it; turns that wait for it go on').action(
    act<[string], Whose>(registration, (run, [usd], whose) => {
      const budget = { ...nameOf(whose), maxUsd: parseMoney(usd) };
      return run.withDaemon(async (daemon) => {
        const reply = await daemon.sessions('put-budget', budget);
        run.out.one(reply.budget, () => budgetTable([reply.budget], run));
      });
    }),
  );
  named('delete', 'lift a budget; turns that wait for it go on').action(
    act<[], Whose>(registration, (run, _, whose) => {
      const name = nameOf(whose);
      return run.withDaemon(async (daemon) => {
        const reply = await daemon.sessions('delete-budget', name);
        run.out.one(reply, () =>
          reply.deleted ? 'it is lifted\n' : `there was no ${words(name)}\n`,
        );
      });
    }),
  );
};

const nameOf = ({ owner, tag, all, per }: Whose): Name => {
  const names: readonly (Name | undefined)[] = [
    owner === undefined ? undefined : { scope: 'owner', value: owner, per },
    tag === undefined ? undefined : { scope: 'tag', value: tag, per },
    all === undefined ? undefined : { scope: 'tenant', per },
  ];
  const [name, ...others] = names.filter((each) => each !== undefined);
  if (name !== undefined && others.length === 0) return name;
  throw usageError('say whom it is for', 'give one of --owner, --tag and --all');
};

const words = ({ scope, value, per = 'total' }: Name): string =>
  `budget of ${value === undefined ? 'the tenant' : `${scope} ${value}`} (${per})`;

const COLUMNS: readonly Column[] = [
  { head: 'for', least: 10 },
  { head: 'per' },
  { head: 'budget' },
  { head: 'allowed' },
  { head: 'spent' },
  { head: 'reserved', leftOut: 1 },
  { head: 'left' },
];

const budgetTable = (all: readonly Budget[], run: Invocation): string =>
  table(
    COLUMNS,
    all.map(({ scope, value, per, period, ...usd }) => [
      value === undefined ? scope : `${scope} ${value}`,
      period ?? per,
      money(usd.maxUsd),
      usd.extraUsd === 0 ? '' : `+${money(usd.extraUsd)}`,
      money(usd.spentUsd + usd.estimatedUsd),
      money(usd.reservedUsd),
      money(usd.leftUsd),
    ]),
    run.out.width,
  );
