/** Tokens and money of imported files: what counts in their sessions, and what was spent in others. */
import { mergeResponse, type ResponseRecord } from '../../claude-code/response-record.ts';
import { nanoUsdOf, usdOf } from '../../model/money.ts';
import { addUsage, emptyUsage, type Usage } from '../../model/usage.ts';

export interface Spent {
  readonly usage: Usage;
  /** null when some model has no price; the known part is then `knownCostUsd`. */
  readonly costUsd: number | null;
  readonly knownCostUsd?: number;
  /** Copies of responses that other sessions made, and that count there; absent: none that cost anything. */
  readonly inheritedCostUsd?: number;
}

export const spentOf = (responses: ReadonlyMap<string, ResponseRecord>): Spent => {
  let usage = emptyUsage;
  let nanoUsd = 0;
  let inherited = 0;
  let isPartial = false;
  for (const record of responses.values()) {
    if (record.isInherited === true) {
      inherited += record.costNanoUsd ?? 0;
      continue;
    }
    usage = addUsage(usage, record.usage);
    nanoUsd += record.costNanoUsd ?? 0;
    isPartial ||= record.costNanoUsd === null;
  }
  return spent(usage, nanoUsd, isPartial, inherited);
};

/** Of files that have nothing in common; those that were refused have spent nothing. */
export const sumOf = (parts: readonly Partial<Spent>[]): Spent => {
  const isPartial = parts.some(({ costUsd }) => costUsd === null);
  const sum = (usdIn: (part: Partial<Spent>) => number | null | undefined): number =>
    parts.reduce((total, part) => total + nanoUsdOf(usdIn(part) ?? 0), 0);
  const usage = parts.reduce(
    (total, part) => addUsage(total, part.usage ?? emptyUsage),
    emptyUsage,
  );
  return spent(
    usage,
    sum(({ costUsd, knownCostUsd }) => costUsd ?? knownCostUsd),
    isPartial,
    sum(({ inheritedCostUsd }) => inheritedCostUsd),
  );
};

const spent = (usage: Usage, nanoUsd: number, isPartial: boolean, inherited: number): Spent => ({
  usage,
  ...(isPartial ? { costUsd: null, knownCostUsd: usdOf(nanoUsd) } : { costUsd: usdOf(nanoUsd) }),
  ...(inherited === 0 ? {} : { inheritedCostUsd: usdOf(inherited) }),
});

/** Adds a file's responses to those of its session's others. */
export const mergeInto = (
  all: Map<string, ResponseRecord>,
  responses: ReadonlyMap<string, ResponseRecord>,
): void => {
  for (const [key, record] of responses) all.set(key, mergeResponse(all.get(key), record).record);
};
