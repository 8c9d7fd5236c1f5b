/**
 * A week of schedules on a virtual clock, while the daemon dies at random moments, above all when something is due: each
 * moment has its run, once. CI plays a quarter of a day with 20 deaths; `GREENROOM_FULL=1` a week with 200.
 */
import { expect, test } from 'vitest';
import { between } from '../../../src/calendar/when.ts';
import { sessionKey } from '../../../src/model/ids.ts';
import { embeddedApi } from '../../../src/session/api/embedded.ts';
import { SchedulesFacade, TasksFacade } from '../../../src/session/api/tasks-facade.ts';
import type { Schedule } from '../../../src/session/tasks/records.ts';
import type { ExecutionView } from '../../../src/session/verbs/task-verbs.ts';
import type { StoredJournal } from '../../../src/storage/journal/stored-journal.ts';
import { MemoryStore } from '../../../src/storage/memory/memory-store.ts';
import { verifyTables } from '../../../src/storage/verify/verify-tables.ts';
import { type Simulation, simulate } from '../../../src/testing/simulation.ts';
import { isFull } from '../../chaos/size.ts';
import { Daemon, type Disk, type Mistakes } from './daemon.ts';
import type { Studio } from './scripted-executor.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Size {
  readonly hours: number;
  readonly deaths: number;
}
const SIZE: Size = isFull() ? { hours: 7 * 24, deaths: 200 } : { hours: 6, deaths: 20 };
const TIMEOUT_MS = isFull() ? 3_600_000 : 300_000;
/** The evening before Berlin puts its clocks back. */
const BEGIN_MS = Date.UTC(2025, 9, 25, 21);
/** A daemon is away for less than what `catchUp` makes up for. */
const LONGEST_AWAY_MS = 20 * MINUTE_MS;

type Plan = Omit<Schedule, 'task'>;
const cron = { cron: '*/20 * * * *', timeZone: 'Europe/Berlin' };
const hourly = { cron: '7 * * * *', timeZone: 'America/New_York' };
/** Each moment of these has its run. */
const COMPLETE: Readonly<Record<string, Plan>> = {
  quarters: { everySeconds: 900, misfire: 'catchUp', catchUp: 100, overlap: 'allow' },
  berlin: { ...cron, misfire: 'catchUp', catchUp: 100, overlap: 'allow' },
  newYork: { ...hourly, misfire: 'catchUp', catchUp: 100, overlap: 'wait' },
  sixMinutes: { everySeconds: 360, misfire: 'catchUp', catchUp: 100, overlap: 'wait' },
};
/** Of these some moments have none, but none has two. */
const PARTIAL: Readonly<Record<string, Plan>> = {
  latest: { everySeconds: 600, misfire: 'once' },
  fresh: { everySeconds: 600, misfire: 'skip', overlap: 'allow' },
};

const play = (seed: number, size: Size, mistakes: Mistakes = {}) =>
  simulate(seed, (simulation) => new Week(simulation, size, mistakes).play());

class Week {
  readonly #simulation: Simulation;
  readonly #size: Size;
  readonly #mistakes: Mistakes;
  readonly #disk: Disk = { store: new MemoryStore() };
  readonly #wrong: string[] = [];
  readonly #studio: Studio;
  #daemon: Daemon;

  constructor(simulation: Simulation, size: Size, mistakes: Mistakes) {
    this.#simulation = simulation;
    this.#size = size;
    this.#mistakes = mistakes;
    const { clock, dice } = simulation;
    clock.jump(BEGIN_MS - clock.now());
    this.#studio = {
      dice: dice.fork(),
      count: () => undefined,
      wrong: (what) => void this.#wrong.push(what),
    };
    this.#daemon = this.#start();
  }

  async play(): Promise<{ readonly wrong: readonly string[]; readonly runs: number }> {
    const { clock, dice } = this.#simulation;
    await this.#put();
    const fromMs = clock.now();
    const untilMs = fromMs + this.#size.hours * HOUR_MS;
    const deaths = Array.from({ length: this.#size.deaths }, () =>
      Math.floor(fromMs + dice.next() * (untilMs - fromMs - HOUR_MS)),
    ).toSorted((a, b) => a - b);
    for (const deathMs of deaths) {
      if (deathMs > clock.now()) await clock.advance(deathMs - clock.now());
      await this.#die();
      await clock.advance(dice.once(2) ? dice.int(1, 2_000) : dice.int(1, LONGEST_AWAY_MS));
      this.#daemon = this.#start();
    }
    await clock.advance(Math.max(0, untilMs - clock.now()) + HOUR_MS);
    const runs = await this.#check(fromMs);
    this.#daemon.die();
    const { problems } = verifyTables(this.#disk.store.tables);
    this.#wrong.push(...problems.map(({ key, why }) => `${key} ${why}`));
    return { wrong: this.#wrong, runs };
  }

  /** Now, or a moment after the next run is due: with the disk at rest what has begun is lost. */
  async #die(): Promise<void> {
    const { clock, dice } = this.#simulation;
    if (dice.once(4)) return this.#daemon.die();
    const api = this.#facades();
    const { schedules } = await this.#soon(api.schedules.list());
    const next = Math.min(...schedules.map(({ nextAt = '' }) => Date.parse(nextAt)));
    await clock.advance(Math.max(0, next - clock.now() - 1));
    if (dice.once(2)) {
      await clock.advance(dice.int(1, 3));
      this.#daemon.hold();
    }
    await clock.advance(dice.int(0, 12));
    this.#daemon.die();
  }

  #start(): Daemon {
    const { journal = (real: StoredJournal) => real } = this.#mistakes;
    return new Daemon(this.#simulation, this.#disk, this.#studio, {
      ...{ areReadsLate: true, ...this.#mistakes },
      journal: (real) => this.#slow(journal(real)),
    });
  }

  /** It takes a while until a schedule is stored: there is a time between a run's begin and that. */
  #slow(journal: StoredJournal): StoredJournal {
    const { clock, dice } = this.#simulation;
    return instead(journal, 'define', async (...asked) => {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, dice.int(0, 20)));
      return journal.define(...asked);
    });
  }

  #facades() {
    const api = embeddedApi(this.#daemon.sessions, sessionKey('default', 'x').tenant);
    return { tasks: new TasksFacade(api), schedules: new SchedulesFacade(api) };
  }

  /** Once the daemon is up. */
  async #soon<T>(asked: Promise<T>): Promise<T> {
    let done = false;
    void asked.then(
      () => {
        done = true;
      },
      () => {
        done = true;
      },
    );
    const isThere = await this.#simulation.clock.until(() => done, 12 * HOUR_MS);
    if (!isThere) throw new Error('a request is not answered');
    return asked;
  }

  async #put(): Promise<void> {
    await this.#simulation.clock.advance(5_000);
    const { tasks, schedules } = this.#facades();
    for (const [name, plan] of Object.entries({ ...COMPLETE, ...PARTIAL })) {
      await this.#soon(tasks.put(name, { prompt: `do ${name}` }));
      await this.#soon(schedules.put(name, { ...plan, task: name }));
    }
  }

  async #check(fromMs: number): Promise<number> {
    let runs = 0;
    for (const name of Object.keys({ ...COMPLETE, ...PARTIAL }))
      runs += await this.#checkOne(name, fromMs, Object.hasOwn(COMPLETE, name));
    return runs;
  }

  async #checkOne(name: string, fromMs: number, isComplete: boolean): Promise<number> {
    const { tasks, schedules } = this.#facades();
    const {
      cron: pattern,
      timeZone = 'UTC',
      everySeconds,
      from,
      nextAt,
    } = await this.#soon(schedules.get(name));
    const when =
      pattern === undefined
        ? ({ kind: 'every', seconds: everySeconds ?? 0, fromMs: Date.parse(from ?? '') } as const)
        : ({ kind: 'cron', cron: pattern, timeZone } as const);
    const endMs = Date.parse(nextAt ?? '') - 1;
    const begin = when.kind === 'every' ? when.fromMs + 1 : fromMs;
    const moments = between(when, begin, endMs, 12 * (this.#size.hours + 2));
    const executions = await this.#soon(all(tasks, name));
    const ran = executions.map(({ dueAt = '' }) => Date.parse(dueAt)).toSorted((a, b) => a - b);
    const twice = ran.filter((atMs, at) => atMs === ran[at - 1]);
    if (twice.length > 0) this.#wrong.push(`${name} ran twice for ${new Date(twice[0] ?? 0)}`);
    const stray = ran.filter((atMs) => !moments.includes(atMs));
    if (stray.length > 0) this.#wrong.push(`${name} ran for ${new Date(stray[0] ?? 0)}`);
    const missing = moments.filter((atMs) => !ran.includes(atMs));
    if (isComplete && missing.length > 0)
      this.#wrong.push(`${name} did not run for ${new Date(missing[0] ?? 0)}`);
    const open = executions.filter(({ status }) => status === 'running');
    if (open.length > 1) this.#wrong.push(`${open.length} runs of ${name} have not ended`);
    return ran.length;
  }
}

test('each moment has its run, once, whenever the daemon dies', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { result } = await play(1, SIZE);
  expect(result.wrong).toEqual([]);
  expect(result.runs).toBeGreaterThan(SIZE.hours * 4);
});

/** All runs of a task, page by page. */
const all = async (tasks: TasksFacade, name: string): Promise<readonly ExecutionView[]> => {
  const found: ExecutionView[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await tasks.executions(name, { limit: 50, ...(cursor && { cursor }) });
    found.push(...page.executions);
    cursor = page.nextCursor;
    if (cursor === undefined) return found;
  }
};

const SMALL: Size = { hours: 3, deaths: 12 };

/** The same journal, but for one of its methods. */
const instead = <Name extends 'define' | 'definition'>(
  journal: StoredJournal,
  name: Name,
  method: StoredJournal[Name],
): StoredJournal =>
  new Proxy(journal, {
    get: (target, asked) => {
      const value: unknown = asked === name ? method : Reflect.get(target, asked, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

/** A journal that shows schedules as they are not. */
const showing =
  (wrong: () => Readonly<Record<string, unknown>>) =>
  (journal: StoredJournal): StoredJournal =>
    instead(journal, 'definition', async (key) => {
      const found = await journal.definition(key);
      if (found === undefined || key.kind !== 'schedule') return found;
      return { ...found, record: { ...found.record, ...wrong() } };
    });

const names = (function* () {
  for (let at = 1; ; at += 1) yield at;
})();
test.each([
  ['names its runs by chance', () => ({ createdAtMs: names.next().value }), /ran twice/],
  ['makes up for nothing', () => ({ misfire: 'skip' }), /did not run/],
] as const)('a daemon that %s is found', { timeout: TIMEOUT_MS }, async (_, wrong, found) => {
  const journal = showing(wrong);
  const said: string[] = [];
  for (let seed = 1; seed <= 5 && !said.some((each) => found.test(each)); seed += 1)
    said.push(...(await play(seed, SMALL, { journal })).result.wrong);
  expect(said.some((each) => found.test(each)) || said).toBe(true);
});
