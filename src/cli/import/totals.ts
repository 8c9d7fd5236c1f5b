/** Tokens and money of imported files: each response counts once, in whatever files it is. */
import { mergeResponse, type ResponseRecord } from '../../session/claude-code/response-record.ts';
import { nanoUsdOf, usdOf } from '../../session/pricing/money.ts';
import { addUsage, emptyUsage, type Usage } from '../../session/usage.ts';

export interface Spent {
  readonly usage: Usage;
  /** null when some model has no price; the known part is then `knownCostUsd`. */
  readonly costUsd: number | null;
  readonly knownCostUsd?: number;
}

export const spentOf = (responses: ReadonlyMap<string, ResponseRecord>): Spent => {
  let usage = emptyUsage;
  let nanoUsd = 0;
  let isPartial = false;
  for (const record of responses.values()) {
    usage = addUsage(usage, record.usage);
    nanoUsd += record.costNanoUsd ?? 0;
    isPartial ||= record.costNanoUsd === null;
  }
  return isPartial
    ? { usage, costUsd: null, knownCostUsd: usdOf(nanoUsd) }
    : { usage, costUsd: usdOf(nanoUsd) };
};

/** Of files that have nothing in common; those that were refused have spent nothing. */
export const sumOf = (parts: readonly Partial<Spent>[]): Spent => {
  const isPartial = parts.some(({ costUsd }) => costUsd === null);
  const usd = usdOf(
    parts.reduce((sum, part) => sum + nanoUsdOf(part.costUsd ?? part.knownCostUsd ?? 0), 0),
  );
  const usage = parts.reduce((sum, part) => addUsage(sum, part.usage ?? emptyUsage), emptyUsage);
  return isPartial ? { usage, costUsd: null, knownCostUsd: usd } : { usage, costUsd: usd };
};

/** Adds a file's responses to those of the others: copies in forks and resumed sessions count once. */
export const mergeInto = (
  all: Map<string, ResponseRecord>,
  responses: ReadonlyMap<string, ResponseRecord>,
): void => {
  for (const [key, record] of responses) all.set(key, mergeResponse(all.get(key), record).record);
};
