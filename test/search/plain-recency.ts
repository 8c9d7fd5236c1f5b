/** An order of rows by their slots, in which each row costs its slot, has two tokens and one turn. */
import type { Recency } from '../../src/search/table/postings.ts';

export const recency: Recency = {
  keyOf: (slot) => slot,
  compare: (a, b) => a - b,
  costNanoUsdAt: (slot) => slot,
  partialAt: () => 0,
  tokensAt: () => 2,
  turnsAt: () => 1,
};
