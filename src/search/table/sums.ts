/**
 * Sums over rows: how many, what they cost, their tokens and turns. A list keeps its own while rows come and go, so that
 * asking for them costs nothing.
 */

import type { Sums } from '../../session/ports/catalog.ts';
import type { Loading, Saving } from './saved.ts';

export type { Sums };

/** What a row adds to each sum. */
export interface Addends {
  costNanoUsdAt(slot: number): number;
  /** 1 where a part of the cost is not known, else 0. */
  partialAt(slot: number): number;
  tokensAt(slot: number): number;
  turnsAt(slot: number): number;
}

type Running = { -readonly [K in keyof Sums]: Sums[K] };

export const noSums = (): Running => ({
  sessions: 0,
  costNanoUsd: 0,
  partial: 0,
  tokens: 0,
  turns: 0,
});

export const sumOf = (one: Sums, other: Sums): Sums => ({
  sessions: one.sessions + other.sessions,
  costNanoUsd: one.costNanoUsd + other.costNanoUsd,
  partial: one.partial + other.partial,
  tokens: one.tokens + other.tokens,
  turns: one.turns + other.turns,
});

export const saveSums = (to: Saving, sums: Running): void => {
  const { sessions, costNanoUsd, partial, tokens, turns } = sums;
  to.array(Float64Array.of(sessions, costNanoUsd, partial, tokens, turns));
};

export const loadSums = (from: Loading): Running => {
  const [sessions = 0, costNanoUsd = 0, partial = 0, tokens = 0, turns = 0] = from.float64();
  return { sessions, costNanoUsd, partial, tokens, turns };
};

export const addRow = (sums: Running, rows: Addends, slot: number): void => {
  sums.sessions += 1;
  sums.costNanoUsd += rows.costNanoUsdAt(slot);
  sums.partial += rows.partialAt(slot);
  sums.tokens += rows.tokensAt(slot);
  sums.turns += rows.turnsAt(slot);
};

/** The row's values must still be those that were added. */
export const takeRow = (sums: Running, rows: Addends, slot: number): void => {
  sums.sessions -= 1;
  sums.costNanoUsd -= rows.costNanoUsdAt(slot);
  sums.partial -= rows.partialAt(slot);
  sums.tokens -= rows.tokensAt(slot);
  sums.turns -= rows.turnsAt(slot);
};
