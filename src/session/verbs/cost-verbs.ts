/**
 * What sessions have cost, by tag, model, owner or day, and what of that the prompt cache has missed.
 *
 * It reads the turns of the sessions, some sessions at a time: so it costs what there is to read, and holds nothing up.
 */
import { z } from 'zod';
import type { CatalogRow } from '../../model/catalog-row.ts';
import { mustNotContradict } from '../../model/contradictions.ts';
import { Moment, requestShape } from '../../model/criteria.ts';
import type { Head } from '../../model/head.ts';
import { iso } from '../../model/moment.ts';
import { usdOf } from '../../model/money.ts';
import type { CacheMissed, TurnRecord } from '../../model/turn.ts';
import { COST_GROUPS } from '../../model/words.ts';
import { catalogName } from '../ports/catalog.ts';
import { isKnown, type KnownSession } from '../ports/journal.ts';
import { filterOf } from './asked-in-words.ts';
import { nextCursor } from './reply-schemas.ts';
import { textsFor } from './text-answers.ts';
import { journalOf, type SessionsWork, sessionsVerb } from './verb.ts';

const MAX_SESSIONS = 200;
const TURNS_PAGE = 500;
/** Characters of a day in RFC 3339. */
const DAY_LENGTH = 10;

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

const Group = z.strictObject({
  /** '' for what has none. */
  value: z.string(),
  /** Sessions with something in it. */
  sessions: count,
  turns: count,
  /** The known part. */
  costUsd: z.number(),
  /** Turns and sessions of which another part is not known. */
  unpriced: count,
  cacheMisses: z.array(CacheMisses),
});
export type CostGroup = z.output<typeof Group>;

const costs = sessionsVerb('costs', {
  request: z
    .strictObject({
      ...requestShape,
      by: z
        .enum(COST_GROUPS)
        .describe('a session with several tags counts under each of them; days are of UTC'),
      spentAfter: Moment.optional().describe('only what was spent then or later'),
      spentBefore: Moment.optional().describe('only what was spent then or earlier'),
      limit: z.int().min(1).max(MAX_SESSIONS).default(100).describe('sessions that are read'),
      cursor: z.string().max(1_000).optional(),
    })
    .superRefine(mustNotContradict),
  reply: z.strictObject({ groups: z.array(Group), nextCursor }),
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
    const sums = new Sums();
    const span = { fromMs: spentAfter ?? -Infinity, toMs: spentBefore ?? Infinity };
    for (const row of page.rows) if (hasSpent(row)) await addSession(work, row, by, span, sums);
    const next = page.nextCursor;
    return { groups: sums.groups(), ...(next === undefined ? {} : { nextCursor: next }) };
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
  by: By,
  span: Span,
  sums: Sums,
): Promise<void> => {
  const session = await journalOf(work).open(key);
  if (!isKnown(session)) return; // it went meanwhile
  const { head } = session;
  const seen = new Set<string>();
  const add = (spent: Spent) => {
    if (!isWithin(span, spent.atMs)) return;
    for (const value of valuesOf(by, head, spent.atMs)) {
      sums.add(value, spent, !seen.has(value));
      seen.add(value);
    }
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

const valuesOf = (by: By, head: Head, atMs: number): readonly string[] => {
  switch (by) {
    case 'tag':
      return head.tags.length === 0 ? NONE : head.tags;
    case 'owner':
      return [head.owner ?? ''];
    case 'model':
      return [head.model ?? ''];
    case 'day':
      return [iso(atMs).slice(0, DAY_LENGTH)];
  }
};

interface Miss {
  times: number;
  tokens: number;
  nanoUsd: number;
}

interface Sum {
  sessions: number;
  turns: number;
  nanoUsd: number;
  unpriced: number;
  readonly misses: Map<string, Miss>;
}

class Sums {
  readonly #sums = new Map<string, Sum>();

  add(value: string, { costNanoUsd, turns, cacheMisses = [] }: Spent, isFirst: boolean): void {
    const sum = this.#sums.get(value) ?? {
      ...{ sessions: 0, turns: 0, nanoUsd: 0, unpriced: 0, misses: new Map<string, Miss>() },
    };
    this.#sums.set(value, sum);
    if (isFirst) sum.sessions += 1;
    sum.turns += turns;
    sum.nanoUsd += costNanoUsd ?? 0;
    if (costNanoUsd === null) sum.unpriced += 1;
    for (const { type, missedInputTokens = 0, costNanoUsd: nanoUsd } of cacheMisses) {
      const miss = sum.misses.get(type) ?? { times: 0, tokens: 0, nanoUsd: 0 };
      sum.misses.set(type, miss);
      miss.times += 1;
      miss.tokens += missedInputTokens;
      miss.nanoUsd += nanoUsd ?? 0;
    }
  }

  groups(): CostGroup[] {
    return [...this.#sums].map(([value, { sessions, turns, nanoUsd, unpriced, misses }]) => ({
      ...{ value, sessions, turns, costUsd: usdOf(nanoUsd), unpriced },
      cacheMisses: [...misses].map(([type, miss]) => ({
        ...{ type, times: miss.times, missedInputTokens: miss.tokens },
        costUsd: usdOf(miss.nanoUsd),
      })),
    }));
  }
}
