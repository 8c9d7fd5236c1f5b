/**
 * In which session a response counts that lies in several: resumed and forked transcripts begin with copies.
 *
 * 1. The journal keeps one owner per response and tenant. A session counts a response as its own in the
 *    commit that makes it the owner, and that commit is refused if the owner changed meanwhile: so no order
 *    of imports, and no two at once, count a response twice. Every other session tells it as inherited.
 * 2. Where it was made decides: a line that says it was copied yields to one that does not, then the
 *    transcript that ended later to the one that ended earlier, for a copy goes on where the original ended.
 *    This is an order of all claims, so the same session has it in the end, whichever came first.
 * 3. An owner gives a response up in a commit of its own, before the better claim counts it, and its head names
 *    it as offered until that has happened. What was not counted, because the import failed or the process died
 *    in between, is taken back: by the import, else when the session wakes, which recovery sees to.
 * 4. The owner of a session that is gone is nobody.
 * 5. No sum goes below zero: a classic save, or an export, may say that a session spent less than its responses did.
 */
import type { ResponseRecord } from '../../claude-code/response-record.ts';
import { type Head, newHead, type Offer } from '../../model/head.ts';
import type { SessionId } from '../../model/ids.ts';
import { addUsage, usageLeft } from '../../model/usage.ts';
import type { ResponseClaim, ResponseOwner, ResponseWrite, Stored } from '../ports/journal.ts';

/** What is counted of responses: own ones in full, of the others what they cost. */
export type Spent = Pick<
  Head,
  'usage' | 'costNanoUsd' | 'unpricedAnswers' | 'inheritedCostNanoUsd'
>;

/** Responses that another session counts, and a better claim to each. */
export interface Contested {
  readonly sessionId: SessionId;
  readonly claims: readonly { readonly responseKey: string; readonly claim: ResponseOwner }[];
}

export interface YieldRequest {
  readonly type: 'yield';
  readonly claims: Contested['claims'];
}

/** What a session gives up: its records say so, and the owner is another one. */
export interface Yielded {
  readonly responses: readonly ResponseWrite[];
  readonly claims: readonly ResponseClaim[];
  /** Sums of the responses, as they counted. */
  readonly spent: Pick<Spent, 'usage' | 'costNanoUsd' | 'unpricedAnswers'>;
  /** All that the session offers then. */
  readonly offers: readonly Offer[];
}

/** Looks after what was offered: what counts elsewhere is let go, the rest counts here again. */
export interface SettleRequest {
  readonly type: 'settle';
  /** Only what was offered to this session; default: everything. */
  readonly to?: SessionId;
}

/** What a session takes back of its offers. */
export interface Settled {
  readonly responses: readonly ResponseWrite[];
  readonly claims: readonly ResponseClaim[];
  /** The sums with them. */
  readonly spent: Spent;
  /** Those that stay. */
  readonly offers: readonly Offer[];
}

/** Most responses that one session may offer at a time: one more stays where it is. A chunk holds far fewer. */
export const MAX_OFFERS = 10_000;

/** Whether the first claim is better. Of two that cannot be told apart, the one that is there stays. */
export const isBetterClaim = (claim: ResponseOwner, owner: ResponseOwner): boolean => {
  if (claim.isCopy !== owner.isCopy) return owner.isCopy;
  if (claim.endsAtMs === null || owner.endsAtMs === null) return false;
  if (claim.endsAtMs !== owner.endsAtMs) return claim.endsAtMs < owner.endsAtMs;
  return claim.sessionId < owner.sessionId;
};

/** The sums without one record and with another in its place. */
export const recount = (
  spent: Spent,
  old: ResponseRecord | undefined,
  next: ResponseRecord | undefined,
): Spent => add(add(spent, old, -1), next, 1);

const sum = (before: number, more: number): number => Math.max(0, before + more);

const add = (spent: Spent, record: ResponseRecord | undefined, sign: 1 | -1): Spent => {
  if (record === undefined) return spent;
  const costNanoUsd = sign * (record.costNanoUsd ?? 0);
  if (record.isInherited === true)
    return { ...spent, inheritedCostNanoUsd: sum(spent.inheritedCostNanoUsd, costNanoUsd) };
  return {
    ...spent,
    usage: sign === 1 ? addUsage(spent.usage, record.usage) : usageLeft(spent.usage, record.usage),
    costNanoUsd: sum(spent.costNanoUsd, costNanoUsd),
    unpricedAnswers: sum(spent.unpricedAnswers, sign * (record.costNanoUsd === null ? 1 : 0)),
  };
};

/** Claims of one session, made while a change of it is computed. */
export class Claims {
  readonly made: ResponseClaim[] = [];
  readonly #head: Head;
  readonly #journal: Stored['journal'];
  readonly #endsAtMs: number | null;
  /** Whether a better claim is asked for, or taken as lost. */
  readonly #contests: boolean;
  readonly #contested = new Map<string, { responseKey: string; claim: ResponseOwner }[]>();
  /** What was read: owners by the keys of their responses, and whether they are still there. */
  readonly #owners = new Map<string, ResponseOwner | undefined>();
  readonly #isThere = new Map<string, boolean>();

  constructor(
    head: Head,
    journal: Stored['journal'],
    { endsAtMs = null, contests = false }: { endsAtMs?: number | null; contests?: boolean } = {},
  ) {
    this.#head = head;
    this.#journal = journal;
    this.#endsAtMs = endsAtMs;
    this.#contests = contests;
  }

  /** Owners that have to be asked first. */
  get contested(): readonly Contested[] {
    return [...this.#contested].map(([sessionId, claims]) => ({
      sessionId: sessionId as SessionId,
      claims,
    }));
  }

  /** Reads who has the responses: to be done before they are claimed. `hashed` as of `StoredResponse`. */
  async read(
    asked: readonly { readonly responseKey: string; readonly hashed?: boolean | undefined }[],
  ): Promise<void> {
    const { tenant, sessionId } = this.#head.key;
    const owners = await Promise.all(
      asked.map(({ responseKey, hashed }) =>
        this.#journal.responseOwner(tenant, responseKey, hashed),
      ),
    );
    for (const [at, { responseKey, hashed }] of asked.entries())
      this.#owners.set(nameOf(responseKey, hashed), owners[at]);
    const others = owners.flatMap((owner) => (owner === undefined ? [] : [owner.sessionId]));
    const unknown = new Set(others.filter((id) => id !== sessionId && !this.#isThere.has(id)));
    await Promise.all([...unknown].map((id) => this.#readWhetherThere(id)));
  }

  async #readWhetherThere(sessionId: string): Promise<void> {
    const { tenant } = this.#head.key;
    const { head } = await this.#journal.open({ tenant, sessionId: sessionId as SessionId });
    this.#isThere.set(sessionId, head !== undefined);
  }

  /** A response that is new to the session, as it is to be stored. */
  claim(responseKey: string, seen: ResponseRecord, hashed = false): ResponseRecord {
    const { sessionId } = this.#head.key;
    const now = { sessionId, isCopy: seen.isCopy === true, endsAtMs: this.#endsAtMs };
    const was = this.#owners.get(nameOf(responseKey, hashed));
    const isFree = was === undefined || this.#isThere.get(was.sessionId) === false;
    if (isFree || was.sessionId === sessionId) {
      this.made.push({ responseKey, was, now, ...(hashed ? { hashed } : {}) });
      return seen;
    }
    if (this.#contests && isBetterClaim(now, was)) this.#contest(was, responseKey, now);
    return { ...seen, isInherited: true };
  }

  #contest({ sessionId }: ResponseOwner, responseKey: string, claim: ResponseOwner): void {
    const claims = this.#contested.get(sessionId) ?? [];
    this.#contested.set(sessionId, claims);
    claims.push({ responseKey, claim });
  }
}

const nameOf = (responseKey: string, hashed = false): string =>
  `${hashed ? '#' : ''}${responseKey}`;

/** What a session has of responses, and who counts them. */
const recordsOf = (
  { key }: Head,
  asked: readonly { readonly responseKey: string }[],
  { session, journal }: Stored,
) =>
  Promise.all(
    asked.map(async ({ responseKey }) => ({
      was: await journal.responseOwner(key.tenant, responseKey),
      record: (await session.response(responseKey)) as ResponseRecord | undefined,
    })),
  );

/** Of the responses that are asked for, those that still count in this session. */
export const prepareYield = async (
  head: Head,
  { claims }: YieldRequest,
  from: Stored,
): Promise<Yielded> => {
  const { sessionId } = head.key;
  const stored = await recordsOf(head, claims, from);
  const responses: ResponseWrite[] = [];
  const made: ResponseClaim[] = [];
  const offers = [...(head.offers ?? [])];
  let spent: Spent = newHead(head.key, 0);
  for (const [at, { responseKey, claim }] of claims.entries()) {
    if (offers.length >= MAX_OFFERS) break;
    const { was, record } = stored[at] ?? {};
    if (record === undefined || record.isInherited === true || was?.sessionId !== sessionId)
      continue;
    responses.push({ responseKey, record: { ...record, isInherited: true } });
    made.push({ responseKey, was, now: { ...claim, isOffered: true } });
    const { isCopy, endsAtMs } = was;
    offers.push({ responseKey, to: claim.sessionId, isCopy, endsAtMs });
    spent = recount(spent, undefined, record);
  }
  const { usage, costNanoUsd, unpricedAnswers } = spent;
  return { responses, claims: made, spent: { usage, costNanoUsd, unpricedAnswers }, offers };
};

/**
 * What was offered and is not counted yet is taken back. The other session may be about to count it: then one of the
 * two claims is refused, and computed anew.
 */
export const prepareSettle = async (
  head: Head,
  { to }: SettleRequest,
  from: Stored,
): Promise<Settled> => {
  const { sessionId } = head.key;
  const isMeant = (offer: Offer) => to === undefined || offer.to === to;
  const all = head.offers ?? [];
  const meant = all.filter(isMeant);
  const stored = await recordsOf(head, meant, from);
  const responses: ResponseWrite[] = [];
  const claims: ResponseClaim[] = [];
  let spent: Spent = head;
  for (const [at, offer] of meant.entries()) {
    const { responseKey, isCopy, endsAtMs } = offer;
    const { was, record } = stored[at] ?? {};
    if (record?.isInherited !== true || was?.sessionId !== offer.to || !was.isOffered) continue;
    const { isInherited: _, ...own } = record;
    responses.push({ responseKey, record: own });
    claims.push({ responseKey, was, now: { sessionId, isCopy, endsAtMs } });
    spent = recount(spent, record, own);
  }
  const { usage, costNanoUsd, unpricedAnswers, inheritedCostNanoUsd } = spent;
  const sums = { usage, costNanoUsd, unpricedAnswers, inheritedCostNanoUsd };
  return { responses, claims, spent: sums, offers: all.filter((offer) => !isMeant(offer)) };
};

/** The sums after giving up: what was own is inherited. */
export const afterYield = (head: Spent, { spent }: Pick<Yielded, 'spent'>): Spent => ({
  usage: usageLeft(head.usage, spent.usage),
  costNanoUsd: sum(head.costNanoUsd, -spent.costNanoUsd),
  unpricedAnswers: sum(head.unpricedAnswers, -spent.unpricedAnswers),
  inheritedCostNanoUsd: head.inheritedCostNanoUsd + spent.costNanoUsd,
});
