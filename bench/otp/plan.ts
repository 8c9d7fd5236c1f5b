/** How much is asked at each size, of whom, and what we want to reach. */
import { bySize, type Settings } from '../harness/bench.ts';
import type { Question } from './contestant.ts';
import type { RivalName } from './rival.ts';

export interface Plan {
  readonly rounds: number;
  /** What a contestant's part of a round is to take. */
  readonly partMs: number;
  readonly crashes: number;
  /** How long the bench waits for the machine to be quiet, in all. */
  readonly patienceMs: number;
  /** Idle ones, for their bytes. */
  readonly actors: number;
  /** Casts in a flood. */
  readonly flood: number;
  /** Children started in a row; for growth, also ten times as many. */
  readonly children: number;
  /** Idle ones with names. */
  readonly named: number;
  /** Messages that wait while an actor makes a call: none, few, many. */
  readonly queued: readonly [none: number, few: number, many: number];
}

const REAL = { actors: 50_000, flood: 100_000, children: 1_000, named: 100_000 };
const SMALL = { actors: 2_000, flood: 5_000, children: 100, named: 2_000 };

export const planOf = (settings: Settings): Plan =>
  bySize(settings, {
    smoke: {
      ...{ rounds: 1, partMs: 5, crashes: 20, patienceMs: 0 },
      ...{ ...SMALL, queued: [0, 100, 10_000] },
    },
    normal: {
      ...{ rounds: 9, partMs: 80, crashes: 300, patienceMs: 20_000 },
      ...{ ...REAL, queued: [0, 1_000, 1_000_000] },
    },
    full: {
      ...{ rounds: 21, partMs: 150, crashes: 1_000, patienceMs: 120_000 },
      ...{ ...REAL, queued: [0, 1_000, 1_000_000] },
    },
  });

/** A rate: so many things a second. */
export interface RateRow {
  readonly question: Question;
  readonly what: string;
  readonly of: readonly RivalName[];
  /** Where the number matters to the answer; otherwise as many as fill a contestant's part of a round. */
  readonly count?: number;
  /** How many times Elixir's rate we want. */
  readonly goal?: number;
}

const ALL: readonly RivalName[] = ['ours', 'elixir', 'nact', 'xstate', 'floor'];

export const ratesOf = ({ flood, children }: Plan): readonly RateRow[] => [
  { question: 'call', what: 'call, one after another', of: ALL, goal: 2.5 },
  { question: 'callMany', what: 'call, 100 callers → 100 actors', of: ALL, goal: 2.5 },
  { question: 'callOne', what: 'call, 100 callers → 1 actor', of: ALL },
  { question: 'cast', what: 'cast, drained, 999 at a time', of: ALL, goal: 2 },
  { question: 'flood', what: 'cast, drained, all at once', of: ALL, count: flood, goal: 2 },
  {
    question: 'start',
    what: 'start under a dynamic supervisor',
    of: ['ours', 'elixir', 'nact', 'floor'],
    count: children * 10,
    goal: 2,
  },
  {
    question: 'registry',
    what: 'call through a registry of 10,000 names',
    of: ['ours', 'elixir', 'floor'],
    goal: 4,
  },
];

export const RESTART_OF: readonly RivalName[] = ['ours', 'elixir', 'nact'];
export const RESTART_GOAL_US = 10;
export const BYTES_GOAL = 800;
export const NAMED_GOAL_BYTES = 100_000_000;
/** How much longer may each of ten times as many take? */
export const LINEAR_GOAL = 5;
/** How much longer may a call take with many messages behind it than with few? */
export const QUEUED_GOAL = 2;
