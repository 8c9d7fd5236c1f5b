/** Where the money went: by day, tag, model and owner, what the cache has missed, and the budgets. */
import { askSessions } from '../ground/ask.ts';
import { addressOf, addressWith, go, route } from '../ground/route.ts';
import { useAsked } from '../ground/time.ts';
import { count, money } from '../ground/words.ts';
import { Bars } from '../parts/chart.tsx';
import { Loading } from '../parts/loading.tsx';
import { Trouble } from '../parts/problem.tsx';
import { quoted } from '../parts/tags.tsx';
import { askCosts, type CostSum, type Group, WAYS, type Way } from './cost-asking.ts';
import { added, days } from './cost-sums.ts';

const SPANS = { '7': 'a week', '30': '30 days', '90': '90 days', '365': 'a year' } as const;
const DAY_MS = 86_400_000;
const sumUp = (by: Way, span: number, q: string, isExact: boolean, end: AbortSignal) =>
  askCosts((verb, request) => askSessions(verb, request, end), {
    ...{ by, q, isExact },
    spentAfter: new Date(Date.now() - span * DAY_MS).toISOString(),
  });

export const Costs = () => {
  const { query } = route.value;
  const span = query.get('days') ?? '30';
  const by = WAYS.find((way) => way === query.get('by')) ?? 'day';
  const q = query.get('q') ?? '';
  const isExact = query.get('exact') === 'yes';
  const { value, problem } = useAsked(
    (end) => sumUp(by, Number(span) || 30, q, isExact, end),
    [by, span, q, isExact],
  );
  return (
    <div class="costs">
      <h1>Costs</h1>
      <div class="bar">
        <Choice name="Of the last" value={span} values={Object.entries(SPANS)} field="days" />
        <Choice name="By" value={by} values={WAYS.map((way) => [way, way] as const)} field="by" />
        <label>
          Of sessions{' '}
          <input
            data-query
            key={q}
            defaultValue={q}
            placeholder="tag:review"
            onChange={({ currentTarget }) => go(addressWith({ q: currentTarget.value }))}
          />
        </label>
      </div>
      <Trouble problem={problem} />
      {value === undefined ? (
        problem === undefined ? (
          <Loading />
        ) : null
      ) : (
        <>
          <p class="total">
            <strong>{money(value.totalUsd)}</strong>
          </p>
          <Rough value={value} by={by} />
          {by === 'day' ? (
            <Bars
              title="Cost per day"
              bars={days(value.groups, Number(span) || 30, Date.now())}
              shown={money}
            />
          ) : null}
          <Groups groups={value.groups} by={by} hasMisses={value.isExact} />
          {value.isExact &&
          value.groups.some(({ turns, costUsd }) => turns === 0 && costUsd > 0) ? (
            <p class="second">
              Money beside 0 turns is of imported sessions: their transcripts say what their answers
              cost, and only turns that were run here are counted as turns.
            </p>
          ) : null}
          <Misses groups={value.groups} />
        </>
      )}
      {by === 'tag' || q !== '' ? null : <Budgets />}
    </div>
  );
};

/** How the sums of very many sessions differ from those of few. */
const Rough = ({ value, by }: { readonly value: CostSum; readonly by: Way }) =>
  value.isExact ? null : (
    <p class="second">
      {count(value.sessions)} sessions have changed in that time: this is what they have cost
      altogether{by === 'day' ? ', by the day on which they were made' : ''}.{' '}
      <a href={addressWith({ exact: 'yes' })}>Read each turn</a>, which takes a while, or narrow it
      with a query.
    </p>
  );

const Choice = (props: {
  readonly name: string;
  readonly value: string;
  readonly values: readonly (readonly [string, string])[];
  readonly field: string;
}) => (
  <label>
    {props.name}{' '}
    <select
      value={props.value}
      onChange={({ currentTarget }) => go(addressWith({ [props.field]: currentTarget.value }))}
    >
      {props.values.map(([value, says]) => (
        <option key={value} value={value}>
          {says}
        </option>
      ))}
    </select>
  </label>
);

interface GroupsProps {
  readonly groups: readonly Group[];
  readonly by: Way;
  /** Whether turns were read: what the cache has missed is theirs. */
  readonly hasMisses: boolean;
}

const Groups = ({ groups, by, hasMisses }: GroupsProps) => {
  const sorted =
    by === 'day'
      ? groups.toSorted((a, b) => (a.value < b.value ? 1 : -1))
      : groups.toSorted((a, b) => b.costUsd - a.costUsd);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Cost by ${by}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">{by}</th>
            <th scope="col" class="number">
              Cost
            </th>
            <th scope="col" class="number">
              Turns
            </th>
            <th scope="col" class="number">
              Sessions
            </th>
            {hasMisses ? (
              <th scope="col" class="number">
                Missed by the cache
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody>
          {sorted.map((group) => (
            <tr key={group.value}>
              <th scope="row">{linked(by, group.value)}</th>
              <td class="number">
                {money(group.costUsd)}
                {group.unpriced > 0 ? ' and more' : ''}
              </td>
              <td class="number">{count(group.turns)}</td>
              <td class="number">{count(group.sessions)}</td>
              {hasMisses ? (
                <td class="number">
                  {money(group.cacheMisses.reduce((sum, miss) => sum + miss.costUsd, 0))}
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

const linked = (by: Way, value: string) => {
  if (value === '') return 'none';
  return by === 'day' ? (
    value
  ) : (
    <a href={addressOf(['sessions'], { q: `${by}:${quoted(value)} sort:cost` })}>{value}</a>
  );
};

const Misses = ({ groups }: { readonly groups: readonly Group[] }) => {
  const misses =
    added(
      [],
      groups.map((group) => ({ ...group, value: '' })),
    )[0]?.cacheMisses ?? [];
  if (misses.length === 0) return null;
  return (
    <section>
      <h2>What the cache has missed, and why</h2>
      <ul>
        {misses.map(({ type, times, costUsd }) => (
          <li key={type}>
            <code>{type}</code>: {count(times)} times, {money(costUsd)}
          </li>
        ))}
      </ul>
    </section>
  );
};

const Budgets = () => {
  const { value } = useAsked((end) => askSessions('budgets', {}, end), []);
  if (value === undefined || value.budgets.length === 0) return null;
  return (
    <section>
      <h2>Budgets</h2>
      <ul class="budgets">
        {value.budgets.map((budget) => {
          const limit = budget.maxUsd + budget.extraUsd;
          return (
            <li key={`${budget.scope} ${budget.value} ${budget.per}`}>
              <span>
                {budget.scope} {budget.value} ({budget.per})
              </span>
              <meter
                min={0}
                max={limit}
                high={limit * 0.8}
                value={budget.spentUsd}
                aria-label={`${budget.scope} ${budget.value}`}
              />
              <span class="number">
                {money(budget.spentUsd)} of {money(limit)}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
};
