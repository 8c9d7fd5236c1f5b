/**
 * What sessions have cost, by tag, model, owner or period, and what of that the prompt cache has missed.
 *
 * It reads the turns of the sessions, some sessions at a time: so it costs what there is to read, and holds nothing up.
 */
import { z } from 'zod';
import type { CatalogRow } from '../../model/catalog-row.ts';
import { mustNotContradict } from '../../model/contradictions.ts';
import { Moment, requestShape } from '../../model/criteria.ts';
import type { Head } from '../../model/head.ts';
import { usdOf } from '../../model/money.ts';
import type { CacheMissed, TurnRecord } from '../../model/turn.ts';
import { COST_GROUPS, isPeriod } from '../../model/words.ts';
import { periodsIn } from '../../query/periods.ts';
import { catalogName } from '../ports/catalog.ts';
import { isKnown, type KnownSession } from '../ports/journal.ts';
import { filterOf } from './asked-in-words.ts';
import { nextCursor } from './reply-schemas.ts';
import { textsFor } from './text-answers.ts';
import { journalOf, type SessionsWork, sessionsVerb } from './verb.ts';

const MAX_SESSIONS = 200;
const TURNS_PAGE = 500;

const count = z.int().min(0);

const CacheMisses = z.strictObject({
  /** The API's word, for example `tools_changed`. */
  type: z.string(),
  times: count,
  /** About, as far as the API said. */
  missedInputTokens: count,
  /** The known part of what that cost beside a read. */
  costUsd: z.number(),
});

const Total = z.strictObject({
  /** Sessions with something in it. */
  sessions: count,
  turns: count,
  /** The known part. */
  costUsd: z.number(),
  /** Turns and sessions of which another part is not known. */
  unpriced: count,
  cacheMisses: z.array(CacheMisses),
});

const Group = Total.extend({
  /** '' for what has none. */
  value: z.string(),
});

const costs = sessionsVerb('costs', {
  request: z
    .strictObject({
      ...requestShape,
      by: z
        .enum(COST_GROUPS)
        .default('day')
        .describe(
          'a session with several tags counts under each of them; days, weeks and months are of UTC',
        ),
      spentAfter: Moment.optional().describe('only what was spent then or later'),
      spentBefore: Moment.optional().describe('only what was spent then or earlier'),
      limit: z.int().min(1).max(MAX_SESSIONS).default(100).describe('sessions that are read'),
      cursor: z.string().max(1_000).optional(),
    })
    .superRefine(mustNotContradict),
  reply: z.strictObject({
    groups: z.array(Group),
    /** Of the sessions that were read, each of them once. */
    total: Total,
    nextCursor,
  }),
  run: async (work, { by, spentAfter, spentBefore, limit, cursor, ...asked }) => {
    const filter = filterOf(asked, work.caller.system.clock.now());
    const texts = await textsFor(work, filter);
    const page = await work.caller.system.fetch(catalogName).search(
      work.context.tenant,
      {
        ...{ allOf: [filter, mayHaveSpent(spentAfter, spentBefore)] },
        ...{ limit, sortBy: 'createdAt', order: 'asc' },
        ...(cursor === undefined ? {} : { cursor }),
      },
      texts?.answers,
    );
    const sums = new Sums(valuesBy(by));
    const span = { fromMs: spentAfter ?? -Infinity, toMs: spentBefore ?? Infinity };
    for (const row of page.rows) if (hasSpent(row)) await addSession(work, row, span, sums);
    const next = page.nextCursor;
    const { total, groups } = sums;
    return { groups, total, ...(next === undefined ? {} : { nextCursor: next }) };
  },
});

export const costVerbs = { costs };

type By = (typeof COST_GROUPS)[number];
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Something that was spent. */
interface Spent {
  readonly atMs: number;
  readonly costNanoUsd: number | null;
  readonly turns: number;
  readonly cacheMisses?: readonly CacheMissed[] | undefined;
}

/**
 * Who has not changed since then has spent nothing since, and who was made later nothing before: of very many sessions few
 * are read.
 */
const mayHaveSpent = (spentAfter: number | undefined, spentBefore: number | undefined) => ({
  ...(spentAfter === undefined ? {} : { updatedAfter: spentAfter }),
  ...(spentBefore === undefined ? {} : { createdBefore: spentBefore }),
});

/** Of a session that never began a turn, and was not imported, there is nothing to read. */
const hasSpent = ({ costNanoUsd, costIsPartial, numTurns, openTurns }: CatalogRow): boolean =>
  costNanoUsd > 0 || costIsPartial || numTurns > 0 || openTurns > 0;

const isWithin = ({ fromMs, toMs }: Span, atMs: number): boolean => fromMs <= atMs && atMs <= toMs;

const addSession = async (
  work: SessionsWork,
  { key }: CatalogRow,
  span: Span,
  sums: Sums,
): Promise<void> => {
  const session = await journalOf(work).open(key);
  if (!isKnown(session)) return; // it went meanwhile
  const { head } = session;
  const seen = new Set<Sum>();
  const add = (spent: Spent) => {
    if (isWithin(span, spent.atMs)) sums.add(head, spent, seen);
  };
  let ofTurns = 0;
  for await (const turn of turnsOf(session)) {
    ofTurns += turn.costNanoUsd ?? 0;
    add({
      ...turn,
      atMs: 'finishedAtMs' in turn ? turn.finishedAtMs : turn.acceptedAtMs,
      turns: 1,
    });
  }
  // What no turn has: imported answers, summaries. Its day is not kept, so it counts when the session was made.
  const rest = head.costNanoUsd - ofTurns;
  const isUnpriced = head.unpricedAnswers > 0 && head.numTurns === 0;
  if (rest > 0 || isUnpriced)
    add({ atMs: head.createdAtMs, costNanoUsd: isUnpriced ? null : rest, turns: 0 });
  if (isUnpriced && rest > 0) add({ atMs: head.createdAtMs, costNanoUsd: rest, turns: 0 });
};

async function* turnsOf(session: KnownSession): AsyncGenerator<TurnRecord> {
  yield* session.head.openTurns;
  let cursor: string | undefined;
  for (;;) {
    const from = cursor === undefined ? {} : { cursor };
    const page = await session.turns({ limit: TURNS_PAGE, ...from });
    yield* page;
    cursor = page.at(-1)?.turnId;
    if (page.length < TURNS_PAGE || cursor === undefined) return;
  }
}

const NONE = [''];

/** The groups that something counts under. */
type ValuesOf = (head: Head, atMs: number) => readonly string[];

const valuesBy = (by: By): ValuesOf => {
  if (isPeriod(by)) {
    const labelOf = periodsIn(by);
    return (_, atMs) => [labelOf(atMs)];
  }
  switch (by) {
    case 'tag':
      return ({ tags }) => (tags.length === 0 ? NONE : tags);
    case 'owner':
      return ({ owner = '' }) => [owner];
    case 'model':
      return ({ model = '' }) => [model];
  }
};

class Sums {
  readonly #valuesOf: ValuesOf;
  readonly #all = new Sum();
  readonly #groups = new Map<string, Sum>();

  constructor(valuesOf: ValuesOf) {
    this.#valuesOf = valuesOf;
  }

  /** @param seen the sums that the session is in already */
  add(head: Head, spent: Spent, seen: Set<Sum>): void {
    const groups = this.#valuesOf(head, spent.atMs).map((value) => this.#group(value));
    for (const sum of [this.#all, ...groups]) {
      sum.add(spent, !seen.has(sum));
      seen.add(sum);
    }
  }

  get total(): z.output<typeof Total> {
    return this.#all.view();
  }

  get groups(): z.output<typeof Group>[] {
    return [...this.#groups].map(([value, sum]) => ({ value, ...sum.view() }));
  }

  #group(value: string): Sum {
    const sum = this.#groups.get(value) ?? new Sum();
    this.#groups.set(value, sum);
    return sum;
  }
}

class Sum {
  #sessions = 0;
  #turns = 0;
  #nanoUsd = 0;
  #unpriced = 0;
  readonly #misses = new Map<string, Miss>();

  add({ costNanoUsd, turns, cacheMisses = [] }: Spent, isFirst: boolean): void {
    if (isFirst) this.#sessions += 1;
    this.#turns += turns;
    this.#nanoUsd += costNanoUsd ?? 0;
    if (costNanoUsd === null) this.#unpriced += 1;
    for (const missed of cacheMisses) this.#addMiss(missed);
  }

  #addMiss({ type, missedInputTokens = 0, costNanoUsd }: CacheMissed): void {
    const miss = this.#misses.get(type) ?? { times: 0, tokens: 0, nanoUsd: 0 };
    this.#misses.set(type, miss);
    miss.times += 1;
    miss.tokens += missedInputTokens;
    miss.nanoUsd += costNanoUsd ?? 0;
  }

  view(): z.output<typeof Total> {
    return {
      ...{ sessions: this.#sessions, turns: this.#turns },
      ...{ costUsd: usdOf(this.#nanoUsd), unpriced: this.#unpriced },
      cacheMisses: [...this.#misses].map(([type, { times, tokens, nanoUsd }]) => ({
        ...{ type, times, missedInputTokens: tokens, costUsd: usdOf(nanoUsd) },
      })),
    };
  }
}

interface Miss {
  times: number;
  tokens: number;
  nanoUsd: number;
}
