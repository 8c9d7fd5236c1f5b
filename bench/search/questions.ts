/** The questions of the bench: each as a criterion for us and as a statement for SQLite, with chance in what is asked for. */
import { Criteria } from '../../src/model/criteria.ts';
import type { MemoryCatalog } from '../../src/search/catalog/catalog.ts';
import type { Dice } from '../../src/testing/dice.ts';
import {
  DAY_MS,
  DAYS,
  DIRECTORIES,
  directoryName,
  START_MS,
  TAGS,
  TENANT,
  tagName,
  zipf,
} from './rows.ts';
import type { Sqlite } from './sqlite.ts';

type Answer = readonly string[] | number;

/** Both ways to ask one thing. */
export interface Asked {
  ours(catalog: MemoryCatalog): Promise<Answer>;
  theirs(sqlite: Sqlite): Answer;
}

export interface Question {
  readonly what: string;
  /** Largest ratio to SQLite that we want. */
  readonly goal: number;
  ask(dice: Dice): Asked;
}

const page = (criteria: object) => {
  const parsed = Criteria.parse(criteria);
  return async (catalog: MemoryCatalog): Promise<readonly string[]> =>
    (await catalog.search(TENANT, parsed)).rows.map(({ key }) => key.sessionId);
};

const MONTH_MS = 30 * DAY_MS;
const monthOf = (dice: Dice): readonly [number, number] => {
  const from = START_MS + Math.floor(dice.next() * (DAYS - 30) * DAY_MS);
  return [from, from + MONTH_MS];
};

const nano = (usd: number): number => usd * 1e9;
const anyTag = (dice: Dice): string => tagName(zipf(dice, TAGS));
const COMMON = tagName(0);

const tagDaysCost =
  (tagOf: (dice: Dice) => string) =>
  (dice: Dice): Asked => {
    const tag = tagOf(dice);
    const [updatedAfter, updatedBefore] = monthOf(dice);
    return {
      ours: page({ tags: [tag], updatedAfter, updatedBefore, minCostUsd: 5 }),
      theirs: (db) => db.ids('tagDaysCost', tag, updatedAfter, updatedBefore, nano(5)),
    };
  };

const oneTag =
  (tagOf: (dice: Dice) => string) =>
  (dice: Dice): Asked => {
    const tag = tagOf(dice);
    return { ours: page({ tags: [tag] }), theirs: (db) => db.ids('tag', tag) };
  };

export const QUESTIONS: readonly Question[] = [
  { what: 'tag, 30 days, cost >= 5', goal: 0.5, ask: tagDaysCost(anyTag) },
  { what: 'the same, most common tag', goal: 0.5, ask: tagDaysCost(() => COMMON) },
  { what: 'one rare tag', goal: 0.5, ask: oneTag((dice) => tagName(dice.int(500, TAGS - 1))) },
  { what: 'most common tag', goal: 0.5, ask: oneTag(() => COMMON) },
  {
    what: 'two tags',
    goal: 0.5,
    ask: (dice) => {
      const [a, b] = [zipf(dice, TAGS), zipf(dice, TAGS)];
      const [rarer, other] = [tagName(Math.max(a, b)), tagName(Math.min(a, b))];
      return {
        ours: page({ allTags: [other, rarer] }),
        theirs: (db) => db.ids('twoTags', rarer, other),
      };
    },
  },
  {
    what: 'newest 100 of a directory',
    goal: 0.5,
    ask: (dice) => {
      const workingDirectory = directoryName(zipf(dice, DIRECTORIES));
      return {
        ours: page({ workingDirectory, limit: 100 }),
        theirs: (db) => db.ids('directory', workingDirectory),
      };
    },
  },
  {
    what: 'count of the most common tag',
    goal: 0.05,
    ask: () => ({
      ours: async (catalog) => (await catalog.count(TENANT, { tags: [COMMON] })).sessions,
      theirs: (db) => db.count('countTag', COMMON),
    }),
  },
  {
    what: '30 days, cost >= 15, no tag',
    goal: 0.25,
    ask: (dice) => {
      const [updatedAfter, updatedBefore] = monthOf(dice);
      return {
        ours: page({ updatedAfter, updatedBefore, minCostUsd: 15 }),
        theirs: (db) => db.ids('daysCost', updatedAfter, updatedBefore, nano(15)),
      };
    },
  },
  {
    what: 'dearest 50',
    goal: 0.5,
    ask: () => ({ ours: page({ sortBy: 'cost' }), theirs: (db) => db.ids('dearest') }),
  },
  {
    what: 'newest 50',
    goal: 0.5,
    ask: () => ({ ours: page({}), theirs: (db) => db.ids('newest') }),
  },
];
