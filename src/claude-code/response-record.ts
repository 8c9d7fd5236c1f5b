/**
 * One model response of an import, counted once however often it is seen.
 *
 * The same response is on several lines of a file with its usage growing from line to line, again in
 * a sub-agent's file, again in a fork. The importer keeps one record per response key and adds only
 * what a merge says has changed.
 *
 * 1. Of two copies the one with more tokens is complete and stays. Ties: the main chain's, then the later.
 * 2. Where it counts is decided when it is first stored, and moved by `response-owner.ts` alone.
 * 3. Merging is associative, and merging a record with itself changes nothing: neither the size of
 *    the chunks nor importing twice changes a sum.
 */

import { addUsage, emptyUsage, subtractUsage, totalTokens, type Usage } from '../model/usage.ts';
import { costOfParts } from '../pricing/price.ts';
import type { PriceTable } from '../pricing/price-row.ts';
import type { LineFacts } from './describe-line.ts';

export interface ResponseRecord {
  readonly model: string;
  readonly usage: Usage;
  /** null: the line had no time; it is priced as of today. */
  readonly atMs: number | null;
  /** null: a model without a price. */
  readonly costNanoUsd: number | null;
  readonly isSidechain: boolean;
  /** Its lines say that they were copied from another session. */
  readonly isCopy?: true;
  /** It counts in another session: here its cost is told as inherited. Set where it is stored. */
  readonly isInherited?: true;
}

export interface MergedResponse {
  readonly record: ResponseRecord;
  readonly deltaUsage: Usage;
  /** Change of the known cost; an unpriced response is worth 0 here. */
  readonly deltaCostNanoUsd: number;
  /** Change of the number of responses without a price: while a sum of these is not 0, the cost is incomplete. */
  readonly deltaUnpriced: -1 | 0 | 1;
}

/** The record of the response on a line; undefined when there is none. */
export const responseRecord = (line: LineFacts, table?: PriceTable): ResponseRecord | undefined =>
  line.response === undefined
    ? undefined
    : {
        model: line.response.model,
        usage: line.response.parts.map((part) => part.usage).reduce(addUsage, emptyUsage),
        atMs: line.atMs ?? null,
        costNanoUsd: costOfParts(line.response.parts, line.atMs ?? Number.MAX_SAFE_INTEGER, table),
        isSidechain: line.isSidechain,
        ...(isCopy(line) ? { isCopy: true } : {}),
      };

const isCopy = ({ forkedFrom, sessionId }: LineFacts): boolean =>
  forkedFrom !== undefined && forkedFrom !== sessionId;

export const mergeResponse = (
  old: ResponseRecord | undefined,
  next: ResponseRecord,
): MergedResponse => {
  const record = old === undefined ? next : marked(old, next, isBetter(old, next) ? old : next);
  return {
    record,
    deltaUsage: subtractUsage(record.usage, old?.usage ?? emptyUsage),
    deltaCostNanoUsd: (record.costNanoUsd ?? 0) - (old?.costNanoUsd ?? 0),
    deltaUnpriced: unpriced(record, old),
  };
};

/** Where it counts stays as it was; it is a copy while all its lines say so. */
const marked = (
  old: ResponseRecord,
  next: ResponseRecord,
  chosen: ResponseRecord,
): ResponseRecord => {
  const isStillCopy = old.isCopy === true && next.isCopy === true;
  if ((chosen.isCopy === true) === isStillCopy && chosen.isInherited === old.isInherited)
    return chosen;
  const { isCopy: _, isInherited: __, ...record } = chosen;
  return {
    ...record,
    ...(isStillCopy ? { isCopy: true } : {}),
    ...(old.isInherited ? { isInherited: true } : {}),
  };
};

const isBetter = (old: ResponseRecord, next: ResponseRecord): boolean => {
  const more = totalTokens(old.usage) - totalTokens(next.usage);
  return more > 0 || (more === 0 && !old.isSidechain && next.isSidechain);
};

const unpriced = (record: ResponseRecord, old: ResponseRecord | undefined): -1 | 0 | 1 => {
  const was = old !== undefined && old.costNanoUsd === null;
  const is = record.costNanoUsd === null;
  if (was === is) return 0;
  return is ? 1 : -1;
};
