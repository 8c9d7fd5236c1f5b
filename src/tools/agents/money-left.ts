/**
 * What a call's sub-agent may cost: its share of what the parent's limits leave, so that all of them together stay
 * within those. What its brothers at work may still spend is theirs already.
 */
import type { CatalogRow } from '../../model/catalog-row.ts';
import { childIdOf } from '../../model/child-id.ts';
import type { Head } from '../../model/head.ts';
import type { SessionKey } from '../../model/ids.ts';
import { nanoUsdOf } from '../../model/money.ts';
import { hasEnded, type OpenTurn } from '../../model/turn.ts';
import type { Catalog } from '../../session/ports/catalog.ts';
import { childrenOf, costOf, descendantsOf } from '../../session/verbs/descendants.ts';
import { AGENT } from './child-settings.ts';

export interface Purse {
  readonly catalog: Catalog;
  head(key: SessionKey): Promise<Head | undefined>;
}

/** Undefined: no limit. Not positive: nothing is left. */
export const moneyLeft = async (
  purse: Purse,
  parent: Head,
  turn: OpenTurn,
): Promise<number | undefined> => {
  const ofSession = parent.limits?.maxCostUsd;
  const ofTurn = turn.options.maxCostUsd;
  if (ofSession === undefined && ofTurn === undefined) return undefined;
  const { tenant, sessionId } = parent.key;
  let spent = 0;
  let spentInTurn = 0;
  const made = new Set<string>();
  for await (const row of childrenOf(purse.catalog, tenant, sessionId)) {
    const cost = await boundCost(purse, row);
    made.add(row.key.sessionId);
    spent += cost;
    if (row.createdAtMs >= (turn.startedAtMs ?? turn.acceptedAtMs)) spentInTurn += cost;
  }
  const left = Math.min(
    ofSession === undefined ? Infinity : nanoUsdOf(ofSession) - parent.costNanoUsd - spent,
    ofTurn === undefined ? Infinity : nanoUsdOf(ofTurn) - (turn.costNanoUsd ?? 0) - spentInTurn,
  );
  return Math.floor(left / Math.max(1, toCome(parent, turn, made)));
};

/** What it has cost with its own, or may cost while it is at work. */
const boundCost = async ({ catalog, head }: Purse, row: CatalogRow): Promise<number> => {
  const { tenant, sessionId } = row.key;
  const theirs = await descendantsOf(catalog, tenant, sessionId);
  const spent = row.costNanoUsd + costOf(theirs.map((each) => each.row)).costNanoUsd;
  if (row.openTurns === 0) return spent;
  const limit = (await head(row.key))?.limits?.maxCostUsd;
  return limit === undefined ? spent : Math.max(spent, nanoUsdOf(limit));
};

/** Calls of the answer that have no sub-agent yet. */
const toCome = ({ key }: Head, { turnId, phase }: OpenTurn, made: ReadonlySet<string>): number =>
  phase?.kind !== 'tools'
    ? 1
    : phase.calls.filter(
        (call) =>
          call.name === AGENT &&
          !hasEnded(call) &&
          !made.has(childIdOf({ key, turnId, toolUseId: call.toolUseId })),
      ).length;
