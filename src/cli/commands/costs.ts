/** `greenroom costs`: what sessions have cost, and what of that the prompt cache has missed, and why. */
import { COST_GROUPS } from '../../model/words.ts';
import { type CostGroup, type CostTotal, costsOf } from '../../session/api/costs.ts';
import { grouped, money } from '../format.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import { queryCriteria } from '../query.ts';
import { type Column, table } from '../table.ts';
import { parseMoment, parseWord } from '../values.ts';

interface CostsOptions {
  readonly by: (typeof COST_GROUPS)[number];
  readonly after?: string;
  readonly before?: string;
}

export const registerCosts = (registration: Registration): void => {
  const { program, shell } = registration;
  const moment = parseMoment(() => shell.nowMs());
  program
    .command('costs [query...]')
    .description('what sessions that meet the query have cost, and what cache misses cost of that')
    .option('--by <what>', COST_GROUPS.join(', '), parseWord(COST_GROUPS), 'day')
    .option(
      '--after <date>',
      'spent then or later: 2026-11-20, RFC 3339, yesterday, or 7d ago',
      moment,
    )
    .option('--before <date>', 'spent then or earlier', moment)
    .action(
      act<[string[]], CostsOptions>(registration, (run, [words], { by, after, before }) =>
        run.withDaemon(async (daemon) => {
          const { groups, total } = await costsOf(daemon, {
            ...{ by, ...queryCriteria(words.join(' ')) },
            ...(after === undefined ? {} : { spentAfter: after }),
            ...(before === undefined ? {} : { spentBefore: before }),
          });
          run.out.many(groups, () => costTable(by, groups, total, run));
          if (groups.length === 0) run.out.note(nothingText(words));
          if (groups.some(({ unpriced }) => unpriced > 0))
            run.out.note('a price was not known everywhere: the whole is more');
        }),
      ),
    );
};

/** It may be the id of a session. */
const NAME = /^[\w.-]{1,128}$/;

/** Plain words are searched for in what was said: one of them may have been meant as a session. */
const nothingText = (words: readonly string[]): string => {
  const [word, more] = words;
  if (word === undefined || more !== undefined || !NAME.test(word)) return 'nothing was spent';
  return `nothing was spent where ${word} was said; what one session has cost: greenroom sessions show ${word}`;
};

const columnsOf = (by: CostsOptions['by']): readonly Column[] => [
  { head: by, least: 10 },
  { head: 'sessions' },
  { head: 'turns' },
  { head: 'cost' },
  { head: 'missed', leftOut: 2 },
  { head: 'why', least: 10, leftOut: 1 },
];

/** With the whole as its last line where there is something to add up: a session with several tags is in it once. */
const costTable = (
  by: CostsOptions['by'],
  groups: readonly CostGroup[],
  total: CostTotal | undefined,
  run: Invocation,
): string => {
  const rows = groups.map((group) => row(group.value === '' ? '(none)' : group.value, group));
  const whole = groups.length > 1 && total !== undefined ? [row('total', total)] : [];
  return table(columnsOf(by), [...rows, ...whole], run.out.width);
};

const row = (
  name: string,
  { sessions, turns, costUsd, unpriced, cacheMisses }: CostTotal,
): readonly string[] => [
  name,
  grouped(sessions),
  grouped(turns),
  money(unpriced > 0 ? null : costUsd, costUsd),
  money(cacheMisses.reduce((sum, miss) => sum + miss.costUsd, 0)),
  cacheMisses.map(({ type, times }) => `${type} ${times}`).join(', '),
];
