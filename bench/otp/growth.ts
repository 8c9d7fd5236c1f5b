/** What actors weigh, and what must not grow with their number or with what waits in a mailbox. */
import { bytes, number, times } from '../harness/figures.ts';
import type { Sheet } from '../harness/sheet.ts';
import { BYTES_GOAL, LINEAR_GOAL, NAMED_GOAL_BYTES, type Plan, QUEUED_GOAL } from './plan.ts';
import { type Entrant, Rival } from './rival.ts';

export const compareMemory = async (
  sheet: Sheet,
  { actors }: Plan,
  present: readonly Entrant[],
): Promise<void> => {
  const rows: string[][] = [];
  for (const entrant of present) {
    const each = await Rival.fresh(entrant, 'bytes', actors);
    rows.push([entrant.title, number(each)]);
    if (entrant.name !== 'ours') continue;
    const isMet = each <= BYTES_GOAL;
    sheet.goal('bytes of an idle supervised actor', `<= ${BYTES_GOAL}`, number(each), isMet);
  }
  const title = `Bytes of each of ${number(actors)} idle actors, with what their supervisor keeps of them`;
  sheet.table(title, ['', 'bytes'], rows);
};

export const lookAtGrowth = async (
  sheet: Sheet,
  plan: Plan,
  present: readonly Entrant[],
): Promise<void> => {
  const ours = present.find(({ name }) => name === 'ours');
  if (ours === undefined) return;
  await lookAtNames(sheet, plan, ours);
  await lookAtChildren(sheet, plan, ours);
  await lookAtQueues(sheet, plan, ours);
};

const lookAtNames = async (sheet: Sheet, { named }: Plan, ours: Entrant): Promise<void> => {
  const empty = await Rival.fresh(ours, 'named', 0);
  const full = await Rival.fresh(ours, 'named', named);
  const grown = full - empty;
  sheet.goal(
    `memory of ${number(named)} idle actors with names under one supervisor`,
    `<= ${bytes(NAMED_GOAL_BYTES)}`,
    `${bytes(grown)} (RSS ${bytes(full)}, without them ${bytes(empty)})`,
    grown <= NAMED_GOAL_BYTES,
  );
};

const lookAtChildren = async (
  sheet: Sheet,
  { rounds, children }: Plan,
  ours: Entrant,
): Promise<void> => {
  const many = children * 10;
  const rival = new Rival(ours);
  const [few, lots] = [[] as number[], [] as number[]];
  await rival.ask('startStop', many);
  for (let round = 0; round < rounds; round++) {
    few.push((await rival.ask('startStop', children)) / children);
    lots.push((await rival.ask('startStop', many)) / many);
  }
  await rival.end();
  const ratio = Math.min(...lots) / Math.min(...few);
  sheet.goal(
    `a child started and stopped, one of ${number(many)} by one of ${number(children)} (CPU, best rounds)`,
    `<= ${times(LINEAR_GOAL)}`,
    times(ratio),
    ratio <= LINEAR_GOAL,
  );
};

const lookAtQueues = async (sheet: Sheet, { queued }: Plan, ours: Entrant): Promise<void> => {
  const taken: number[] = [];
  for (const waiting of queued) taken.push(await Rival.fresh(ours, 'inside', waiting));
  sheet.table(
    'A call that an actor makes while messages wait in its own mailbox (the median of the best of 5 rounds)',
    ['messages that wait', 'µs'],
    queued.map((waiting, at) => [number(waiting), number((taken[at] ?? Number.NaN) / 1_000)]),
  );
  const [, few = Number.NaN, many = Number.NaN] = taken;
  sheet.goal(
    `a call from inside with ${number(queued[2])} messages queued, by one with ${number(queued[1])}`,
    `<= ${times(QUEUED_GOAL)}`,
    times(many / few),
    many / few <= QUEUED_GOAL,
  );
};
