/** `greenroom schedules`: when tasks run by themselves. */

import { given } from '../../model/given.ts';
import { MISFIRES, OVERLAPS } from '../../session/tasks/words.ts';
import type { SessionsRequests } from '../../session/verbs/registry.ts';
import type { ScheduleView } from '../../session/verbs/schedule-verbs.ts';
import { collectVariable } from '../definitions.ts';
import { ago } from '../format.ts';
import { act, type Registration } from '../invocation.ts';
import type { Column } from '../table.ts';
import { parseAhead, parseCount, parseWord } from '../values.ts';
import { registerDefinitions, registerShow } from './definition-commands.ts';

type Put = SessionsRequests['schedules.put'];

interface PutOptions {
  readonly cron?: string;
  readonly timeZone?: string;
  readonly at?: string;
  readonly every?: number;
  readonly from?: string;
  readonly misfire?: Put['misfire'];
  readonly catchUp?: number;
  readonly overlap?: Put['overlap'];
  readonly var?: Readonly<Record<string, string>>;
}

export const registerSchedules = (registration: Registration): void => {
  const ahead = parseAhead(() => registration.shell.nowMs());
  const schedules = registration.program
    .command('schedules')
    .description('when tasks run by themselves');
  schedules
    .command('put <name> <task>')
    .description('make or replace one; say one of --cron, --every and --at')
    .option('--cron <pattern>', "five fields of cron, or six with seconds first: '0 7 * * 1-5'")
    .option('--time-zone <zone>', 'of the pattern, such as Europe/Berlin; default UTC')
    .option('--every <seconds>', 'so many seconds from one run to the next', parseCount)
    .option('--from <moment>', 'of --every: the moment that it counts from', ahead)
    .option(
      '--at <moment>',
      'one run then: 2026-11-20T07:00:00Z, or 12h for in twelve hours',
      ahead,
    )
    .option(
      '--misfire <rule>',
      `runs that were missed: ${MISFIRES.join(', ')}`,
      parseWord(MISFIRES),
    )
    .option('--catch-up <n>', 'of catchUp: at most so many', parseCount)
    .option(
      '--overlap <rule>',
      `while the run before has not ended: ${OVERLAPS.join(', ')}`,
      parseWord(OVERLAPS),
    )
    .option('--var <name=value>', 'value of a variable of each run', collectVariable)
    .action(
      act<[string, string], PutOptions>(registration, (run, [name, task], options) =>
        run.withDaemon(async (daemon) => {
          const { every, var: variables, ...rest } = options;
          const request = {
            name,
            task,
            ...given<object>({ ...rest, variables, everySeconds: every }),
          };
          const { schedule } = await daemon.sessions('schedules.put', request);
          run.out.one(schedule, () => nextLine(schedule));
        }),
      ),
    );
  for (const [verb, says] of ON_ONE)
    schedules
      .command(`${verb} <name>`)
      .description(says)
      .action(
        act<[string], object>(registration, (run, [name]) =>
          run.withDaemon(async (daemon) => {
            const { schedule } = await daemon.sessions(`schedules.${verb}`, { name });
            run.out.one(schedule, () => nextLine(schedule));
          }),
        ),
      );
  registerShow(
    registration,
    schedules,
    'schedule',
    async (daemon, name) => (await daemon.sessions('schedules.get', { name })).schedule,
  );
  registerDefinitions<ScheduleView>(registration, schedules, {
    kind: 'schedule',
    deletes: 'delete one; what it has begun goes on',
    columns: COLUMNS,
    row: (schedule, { shell }) => [
      ...[schedule.name, schedule.task, whenOf(schedule), nextOf(schedule)],
      schedule.last === undefined ? '' : ago(schedule.last.dueAt, shell.nowMs()),
      ...[String(schedule.runs), String(schedule.skipped)],
    ],
    list: async (daemon, page) => {
      const { schedules: found, ...next } = await daemon.sessions('schedules.list', page);
      return { found, ...next };
    },
    remove: (daemon, name) => daemon.sessions('schedules.delete', { name }),
  });
};

const ON_ONE = [
  ['pause', 'let it begin nothing until it is resumed'],
  ['resume', 'let it go on; what was due meanwhile is not made up for'],
] as const;

const nextLine = (schedule: ScheduleView): string => {
  const { name, isPaused, nextAt } = schedule;
  return `${name}: ${isPaused || nextAt === undefined ? '' : 'next '}${nextOf(schedule)}\n`;
};

const nextOf = ({ isPaused, nextAt }: ScheduleView): string => {
  if (isPaused) return 'paused';
  return nextAt ?? 'has no further run';
};

const COLUMNS: readonly Column[] = [
  { head: 'schedule' },
  { head: 'task' },
  { head: 'when', least: 12 },
  { head: 'next' },
  { head: 'last', leftOut: 1 },
  { head: 'runs' },
  { head: 'skipped', leftOut: 1 },
];

const whenOf = ({ cron, timeZone, everySeconds, at }: ScheduleView): string => {
  if (cron !== undefined) return `${cron} ${timeZone ?? ''}`.trim();
  return everySeconds === undefined ? (at ?? '') : `every ${everySeconds} s`;
};
