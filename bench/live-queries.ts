/**
 * What do a thousand live queries cost the commits that they hear of? The same commits with none, with a thousand that nothing
 * meets, and with a thousand that are met, in turn, in one Greenroom whose readers run in the same process: so what the last ones
 * cost more is what it takes to tell changes, and to read them. A tenth of the queries name no field that an index knows.
 * Past the actors a commit is as little as it can be; through them it is what sessions do.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Greenroom, startGreenroom } from '../src/index.ts';
import { type Head, newHead } from '../src/model/head.ts';
import { sessionKey } from '../src/model/ids.ts';
import { createLog } from '../src/platform/log.ts';
import { type Journal, journalName } from '../src/session/ports/journal.ts';
import { watchesName } from '../src/session/ports/watches.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { number, spread, times } from './harness/figures.ts';
import { type Measured, measure } from './harness/loop.ts';
import { describeMachine } from './harness/machine.ts';
import { Quiet } from './harness/quiet.ts';
import { Rounds } from './harness/rounds.ts';
import { Sheet } from './harness/sheet.ts';
import { messageChange } from './journal.ts';

const WATCHES = 1_000;
const SESSIONS = 10_000;
const TAGS = 1_000;
const OWNERS = 500;
const IN_FLIGHT = 100;
const GOAL = 0.95;

interface Plan {
  readonly rounds: number;
  readonly maxMs: number;
  readonly patienceMs: number;
}

const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: { rounds: 1, maxMs: 500, patienceMs: 0 },
    normal: { rounds: 15, maxMs: 1_000, patienceMs: 20_000 },
    full: { rounds: 21, maxMs: 5_000, patienceMs: 120_000 },
  });

export const liveQueries: Bench = {
  name: 'live-queries',
  question: 'What do a thousand live queries cost the commits that they hear of?',
  run: async (settings) => {
    const sheet = new Sheet();
    describeMachine(sheet, settings.scratch);
    sheet.configure('sessions', `${number(SESSIONS)}, each with two of ${number(TAGS)} tags`);
    sheet.configure(
      'queries',
      `${number(WATCHES)}: 600 by a tag, 200 by an owner, 100 by directory and status, 100 by cost, turns, tokens or time`,
    );
    const dataDir = join(settings.scratch, 'live-queries');
    mkdirSync(dataDir);
    const greenroom = await startGreenroom({
      ...{ dataDir, textSearch: 'off', minFreeMb: 1, provider: 'rehearsal' },
      log: createLog({ level: 'warn' }),
    });
    try {
      await play(greenroom, sheet, settings);
    } finally {
      await greenroom.stop();
    }
    return sheet;
  },
};

const headOf = (n: number): Head => ({
  ...newHead(sessionKey('default', `session-${n}`), Date.now()),
  tags: [`tag-${n % TAGS}`, `tag-${(n * 7 + 3) % TAGS}`],
  owner: `owner-${n % OWNERS}`,
  workingDirectory: `/srv/project-${n % 300}`,
  costNanoUsd: (n % 100) * 10_000_000,
});

/** Commits of one message, past the sessions' actors: what is left of a commit is little, so what is added shows. */
class Writers {
  readonly #greenroom: Greenroom;
  readonly #journal: Journal;
  readonly #heads: Head[];
  readonly #busy = new Set<number>();
  #next = 0;

  constructor(greenroom: Greenroom, heads: Head[]) {
    this.#greenroom = greenroom;
    this.#journal = greenroom.system.fetch(journalName);
    this.#heads = heads;
  }

  /** In the next of the first so many sessions. */
  async commit(among: number): Promise<void> {
    let at = this.#next++ % among;
    while (this.#busy.has(at)) at = this.#next++ % among;
    const head = this.#heads[at];
    if (head === undefined) return;
    this.#busy.add(at);
    const change = messageChange(head.key, head, 1);
    await this.#journal.commit(change);
    this.#heads[at] = change.head;
    this.#busy.delete(at);
  }

  /** As programs do it. */
  async append(among: number): Promise<void> {
    const at = this.#next++ % among;
    await this.#greenroom.sessions.append(liveId(at), [{ role: 'user', content: 'Hello' }]);
  }

  async makeLive(): Promise<void> {
    for (let at = 0; at < LIVE; at += 1) {
      const { tags, owner = '', workingDirectory = '' } = headOf(at);
      await this.#greenroom.sessions.create(liveId(at), {
        tags: [...tags],
        owner,
        workingDirectory,
      });
    }
  }
}

const liveId = (n: number): string => `live-${n}`;

/** How many watch: none, a thousand in vain, a thousand. */
const WATCHED = ['none', 'unmet', 'met'] as const;
type Watched = (typeof WATCHED)[number];

const queryOf = (n: number, watched: Watched): string => {
  const other = watched === 'unmet' ? 'other-' : '';
  if (n < 600) return `tag:${other}tag-${n}`;
  if (n < 800) return `owner:${other}owner-${n - 600}`;
  if (n < 900) return `dir:/srv/${other}project-${n - 800} status:idle`;
  return [
    `cost:>${10 + n}`,
    `turns:>${1_000_000 + n}`,
    `tokens:>${n}k`,
    `created:..2020-01-0${1 + (n % 9)}`,
  ][n % 4] as string;
};

/** A reader of each query, until it is told to end. */
class Readers {
  readonly #end = new AbortController();
  readonly #done: Promise<unknown>[] = [];
  told = 0;

  static async open(greenroom: Greenroom, watched: Watched): Promise<Readers> {
    const readers = new Readers();
    const { signal } = readers.#end;
    const opened = Array.from({ length: watched === 'none' ? 0 : WATCHES }, async (_, n) => {
      const events = greenroom.sessions.watch({ q: queryOf(n, watched) }, { signal });
      await events.next();
      readers.#done.push(readers.#read(events));
    });
    await Promise.all(opened);
    return readers;
  }

  async #read(events: AsyncIterable<unknown>): Promise<void> {
    try {
      for await (const _ of events) this.told += 1;
    } catch {
      // that is its end
    }
  }

  async close(): Promise<void> {
    this.#end.abort(new Error('over'));
    await Promise.all(this.#done);
  }
}

/** They have actors, which stay in memory. */
const LIVE = 1_000;

const LOADS = [
  { what: `over ${number(100)} sessions, past actors`, way: 'commit', among: 100 },
  { what: `over ${number(SESSIONS)} sessions, past actors`, way: 'commit', among: SESSIONS },
  { what: `over ${number(LIVE)} sessions, through actors`, way: 'append', among: LIVE },
] as const;

const play = async (greenroom: Greenroom, sheet: Sheet, settings: Settings): Promise<void> => {
  const plan = planOf(settings);
  const heads = Array.from({ length: SESSIONS }, (_, n) => headOf(n));
  const writers = new Writers(greenroom, heads);
  settings.say(`  making ${number(SESSIONS)} sessions`);
  await measure({ inFlight: 500, maxCount: SESSIONS, maxMs: 600_000 }, () =>
    writers.commit(SESSIONS),
  );
  await writers.makeLive();
  const rounds = new Rounds<Measured>();
  const told = new Rounds<number>();
  const cpu = new Rounds<number>();
  const quiet = new Quiet(plan.patienceMs, () => [process.pid]);
  const once = ({ way, among }: (typeof LOADS)[number]) =>
    measure({ inFlight: IN_FLIGHT, maxCount: 2_000_000, maxMs: plan.maxMs }, () =>
      writers[way](among),
    );
  for (let round = 0; round <= plan.rounds; round += 1) {
    settings.say(round === 0 ? '  warming up' : `  round ${round} of ${plan.rounds}`);
    const first = round % WATCHED.length;
    for (const watched of [...WATCHED.slice(first), ...WATCHED.slice(0, first)]) {
      const readers = await Readers.open(greenroom, watched);
      // What opening and closing has left to be collected is no part of a commit.
      for (const load of LOADS) await once(load);
      for (const load of LOADS) {
        const { what } = load;
        const before = readers.told;
        const { cpuUs, ...measured } = await quiet.round(() => withCpu(() => once(load)));
        if (round === 0 && plan.rounds > 1) continue;
        rounds.add(`${what} ${watched}`, measured);
        cpu.add(`${what} ${watched}`, cpuUs / measured.total);
        if (watched === 'met') told.add(what, (readers.told - before) / measured.seconds);
      }
      await readers.close();
    }
  }
  quiet.describe(sheet);
  report(sheet, { rounds, cpu, told }, greenroom);
};

/** Processor time of all threads, which others on the machine do not change as much as they do the rate. */
const withCpu = async (
  measured: () => Promise<Measured>,
): Promise<Measured & { cpuUs: number }> => {
  const before = process.cpuUsage();
  const figures = await measured();
  const { user, system } = process.cpuUsage(before);
  return { ...figures, cpuUs: user + system };
};

interface Figures {
  readonly rounds: Rounds<Measured>;
  /** Microseconds a commit. */
  readonly cpu: Rounds<number>;
  /** Changes a second. */
  readonly told: Rounds<number>;
}

const report = (sheet: Sheet, { rounds, cpu, told }: Figures, greenroom: Greenroom): void => {
  const perSecond = (one: Measured) => one.perSecond;
  const same = (each: number) => each;
  const beside = LOADS.flatMap(({ what }) => [
    { what, watched: 'unmet', title: `${what}, none of them met` },
    { what, watched: 'met', title: what },
  ]);
  sheet.table(
    `Commits a second, ${IN_FLIGHT} at once`,
    [
      'commits',
      'no query',
      `${number(WATCHES)} queries`,
      'ratio',
      'of rounds',
      'changes told a second',
    ],
    beside.map(({ what, watched, title }) => [
      title,
      number(Math.round(rounds.median(`${what} none`, perSecond))),
      number(Math.round(rounds.median(`${what} ${watched}`, perSecond))),
      times(rounds.ratio(`${what} ${watched}`, `${what} none`, perSecond)),
      spread(rounds.ratios(`${what} ${watched}`, `${what} none`, perSecond)),
      watched === 'met' ? number(Math.round(told.median(what, same))) : '0',
    ]),
  );
  sheet.table(
    'Processor time of a commit, all threads, µs',
    ['commits', 'no query', `${number(WATCHES)} queries`, 'ratio', 'of rounds'],
    beside.map(({ what, watched, title }) => [
      title,
      number(cpu.median(`${what} none`, same)),
      number(cpu.median(`${what} ${watched}`, same)),
      times(cpu.ratio(`${what} ${watched}`, `${what} none`, same)),
      spread(cpu.ratios(`${what} ${watched}`, `${what} none`, same)),
    ]),
  );
  for (const { what, watched, title } of beside) {
    const ratio = rounds.ratio(`${what} ${watched}`, `${what} none`, perSecond);
    sheet.goal(`commits ${title}, beside none`, `at least ${GOAL}`, times(ratio), ratio >= GOAL);
  }
  const { changes, asked } = greenroom.system.fetch(watchesName).stats;
  sheet.configure('queries asked about a change', number(asked / changes));
  sheet.check('readers were told', told.median(LOADS[0].what, (each) => each) > 0, 'of changes');
};
