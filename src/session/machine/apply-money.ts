/**
 * Money of budgets: taken before a model call, settled with its answer, and asked of a person when a budget is used up.
 *
 * 1. A model call is committed together with the money that the ledger has granted for it, and with no other.
 * 2. The commit that ends the call settles that money, whatever the call came to: so a crash leaves none behind. A call whose
 *    answer is lost has cost what was reserved, and is marked as an estimate.
 * 3. A question waits in the head alone, as one about a tool call does.
 */
import {
  type BudgetName,
  budgetKey,
  describeBudget,
  MOST_USD,
  ofTallyName,
  usdLimit,
} from '../../model/budget.ts';
import { GreenroomError } from '../../model/errors.ts';
import { deniesAsks, type Head } from '../../model/head.ts';
import { nanoUsdOf, usdOf } from '../../model/money.ts';
import { tagKey } from '../../model/tag-key.ts';
import { type BudgetPhase, type OpenTurn, type RunId, runIdOf } from '../../model/turn.ts';
import { statusFrom } from '../../model/unfinished.ts';
import type { Granted, Short } from '../ports/ledger.ts';
import type { Draft } from './draft.ts';
import type { InputOf } from './input.ts';
import { closeTurn, publish, replaceFirst, settle, startModel } from './next-turn.ts';
import { approvalMs } from './open-calls.ts';
import type { Rules } from './rules.ts';

const DEADLINE = 'deadline';
/** A budget that is used up asks for so much of itself, if that is enough. */
const SHARE = 0.1;

type ReserveTurn = Extract<OpenTurn, { status: 'running' }> & {
  readonly phase: { readonly kind: 'reserve' };
};
type AskingTurn = Extract<OpenTurn, { status: 'waiting' }> & { readonly phase: BudgetPhase };

const awaiting = (draft: Draft, runId: RunId): ReserveTurn | undefined => {
  const [first] = draft.head.openTurns;
  if (first?.status !== 'running' || first.phase.kind !== 'reserve') return undefined;
  return runIdOf(first.turnId, first.phase.run) === runId ? (first as ReserveTurn) : undefined;
};

const asking = ({ head: { openTurns } }: Draft): AskingTurn | undefined =>
  openTurns[0]?.phase?.kind === 'budget' ? (openTurns[0] as AskingTurn) : undefined;

/** The ledger has answered. */
export const endReserve = (draft: Draft, input: InputOf<'reserved'>, rules: Rules): void => {
  const { runId, outcome, bytes } = input;
  const turn = awaiting(draft, runId);
  if (turn === undefined || draft.cancelling === turn.turnId || outcome.type === 'cancelled') {
    if (outcome.type === 'granted') draft.effect({ type: 'giveBack', grant: outcome.grant });
    if (turn === undefined) return;
    closeTurn(draft, turn, { status: 'cancelled', stopReason: null, text: '' });
    return settle(draft);
  }
  if (outcome.type === 'granted') return pay(draft, turn, outcome, bytes);
  if (outcome.type === 'noPrice')
    return fail(
      draft,
      turn,
      'price_unknown',
      `${outcome.model} has no known price, so a money limit cannot hold`,
    );
  if (deniesAsks(draft.head)) return fail(draft, turn, 'budget_exceeded', told(outcome));
  ask(draft, turn, outcome, rules);
};

const pay = (draft: Draft, turn: ReserveTurn, granted: Granted, bytes: number): void => {
  const { nanoUsd, grant } = granted;
  for (const { name, before } of granted.tallies)
    draft.write({ type: 'tally', change: { name, grant, reserved: nanoUsd, spent: before } });
  const tallies = granted.tallies.map(({ name }) => name);
  const { run, tried } = turn.phase;
  const reserved = tallies.length === 0 ? undefined : { nanoUsd, bytes, tallies };
  replaceFirst(draft, { ...turn, phase: { kind: 'model', run, tried, reserved } });
  draft.effect({ type: 'startModel', runId: runIdOf(turn.turnId, run) });
};

const fail = (draft: Draft, turn: OpenTurn, code: string, message: string): void => {
  const error = { code, message, retryable: false };
  draft.patch({ errorCount: draft.head.errorCount + 1, lastError: error });
  closeTurn(draft, turn, { status: 'failed', stopReason: null, error, text: '' });
  settle(draft);
};

/** What the budget has come to, for people. */
const told = ({ tally, limitNanoUsd, usedNanoUsd, neededNanoUsd }: Omit<Short, 'type'>): string =>
  `the budget of ${describeBudget(ofTallyName(tally))} has too little left: ${dollars(usedNanoUsd)} of ${dollars(limitNanoUsd)} dollars are gone, and the next model call may cost ${dollars(neededNanoUsd)}`;

/** Enough of its digits to tell two amounts apart. */
const dollars = (nanoUsd: number): string => String(Number(usdOf(nanoUsd).toPrecision(4)));

/** No less than that, with as many digits. */
const dollarsUp = (nanoUsd: number): number => {
  const usd = usdOf(nanoUsd);
  const unit = 10 ** (Math.floor(Math.log10(usd)) - 3);
  return Number((Math.ceil(usd / unit) * unit).toPrecision(4));
};

const ask = (draft: Draft, turn: ReserveTurn, short: Short, rules: Rules): void => {
  const { type: _, ...facts } = short;
  const run = turn.runs + 1;
  const waitMs = approvalMs(draft.head, rules);
  const phase: BudgetPhase = {
    ...{ kind: 'budget', run, ...facts, atMs: draft.nowMs },
    dueMs: waitMs === undefined ? undefined : draft.nowMs + waitMs,
    tried: turn.phase.tried,
  };
  replaceFirst(draft, { ...turn, status: 'waiting', runs: run, phase });
  draft.patch({ status: statusFrom(draft.head) });
  publish(draft, turn, { type: 'budget.requested', ...budgetQuestion(turn, phase) });
  if (!draft.wantsHook('Notification')) return;
  const subject = 'permission_prompt'; // Claude Code has no word for it
  draft.effect({
    ...{ type: 'tellHooks', event: 'Notification', turnId: turn.turnId, subject },
    fields: { message: told(phase), title: 'Permission needed', notification_type: subject },
  });
};

/** What is asked: enough for the next call, and not again for each. */
export const askedNanoUsd = ({ limitNanoUsd, usedNanoUsd, neededNanoUsd }: BudgetPhase): number =>
  Math.max(usedNanoUsd + neededNanoUsd - limitNanoUsd, Math.ceil(limitNanoUsd * SHARE));

/** The question as people and programs get it. */
export const budgetQuestion = ({ turnId }: OpenTurn, phase: BudgetPhase) => ({
  approvalId: runIdOf(turnId, phase.run),
  budget: describeBudget(ofTallyName(phase.tally)),
  limitUsd: usdOf(phase.limitNanoUsd),
  usedUsd: usdOf(phase.usedNanoUsd),
  neededUsd: usdOf(phase.neededNanoUsd),
  askedUsd: usdOf(askedNanoUsd(phase)),
  reason: `${told(phase)}. Spend ${dollars(askedNanoUsd(phase))} dollars more?`,
});

/** A person has answered. False: this approval is about no budget. */
export const approveBudget = (draft: Draft, input: InputOf<'approve'>): boolean => {
  const turn = asking(draft);
  const { approval, approvalId, by } = input;
  if (turn === undefined || runIdOf(turn.turnId, turn.phase.run) !== approvalId) return false;
  draft.answer = { type: 'approved', turnId: turn.turnId };
  publish(draft, turn, { type: 'budget.decided', approvalId, decision: approval.decision, by });
  note(draft, turn, approval.decision === 'allow' ? 'allowed' : 'denied', by);
  if (approval.decision === 'deny') {
    const { reason } = approval;
    fail(draft, turn, 'budget_exceeded', told(turn.phase) + (reason ? `: ${reason}` : ''));
    return true;
  }
  const extra = moreOf(turn.phase, approval.input);
  draft.write({ type: 'tally', change: { name: turn.phase.tally, extra } });
  goOn(draft, turn);
  return true;
};

/**
 * Throws `invalid_request` for an amount that is none, or more than a budget may have: sums have to stay numbers. So it does
 * for one with which the next call could not be paid: the same would be asked again at once.
 */
const moreOf = (
  phase: BudgetPhase,
  input: Readonly<Record<string, unknown>> | undefined,
): number => {
  const usd = input?.['usd'];
  if (usd === undefined) return askedNanoUsd(phase);
  const { data } = usdLimit.safeParse(usd);
  const least = phase.usedNanoUsd + phase.neededNanoUsd - phase.limitNanoUsd;
  if (data !== undefined && nanoUsdOf(data) < least)
    throw new GreenroomError(
      'invalid_request',
      `input: usd is too little: the next model call needs ${dollarsUp(least)} dollars more`,
      { details: { field: 'input', leastUsd: dollarsUp(least) } },
    );
  if (data !== undefined) return nanoUsdOf(data);
  const why = `input: usd is a number of dollars above zero, ${MOST_USD} at most`;
  throw new GreenroomError('invalid_request', why, { details: { field: 'input' } });
};

const note = (draft: Draft, turn: AskingTurn, action: 'allowed' | 'denied', by: string): void => {
  const { turnId, phase } = turn;
  const details = { turnId, ...budgetQuestion(turn, phase) };
  draft.write({
    type: 'audit',
    record: { kind: 'permission', action, atMs: draft.nowMs, by, details },
  });
};

/** The ledger is asked once more. */
const goOn = (draft: Draft, turn: AskingTurn): void => {
  startModel(draft, turn, turn.phase.tried);
  draft.patch({ status: statusFrom(draft.head) });
};

/** The budget was raised, lifted, or has a new period. @param key absent: the time of something may have come. */
export const lookAtBudget = (draft: Draft, key?: string): void => {
  const turn = asking(draft);
  if (turn === undefined) return;
  const { tally, dueMs = Infinity, endsMs = Infinity } = turn.phase;
  const isIts = key !== undefined && budgetKey(ofTallyName(tally)) === key;
  if (isIts || endsMs <= draft.nowMs) return goOn(draft, turn);
  if (dueMs > draft.nowMs) return;
  const approvalId = runIdOf(turn.turnId, turn.phase.run);
  publish(draft, turn, { type: 'budget.decided', approvalId, decision: 'deny', by: DEADLINE });
  note(draft, turn, 'denied', DEADLINE);
  fail(draft, turn, 'budget_exceeded', `${told(turn.phase)}; no answer came in time`);
};

/** The session has another owner, or other tags, and may have gone out of the budget that is asked about. */
export const lookAtPayer = (draft: Draft): void => {
  const turn = asking(draft);
  if (turn !== undefined && !isUnder(draft.head, ofTallyName(turn.phase.tally))) goOn(draft, turn);
};

const isUnder = ({ owner, tags }: Head, { scope, value }: BudgetName): boolean => {
  if (scope === 'owner') return owner === value;
  return scope !== 'tag' || tags.some((tag) => tagKey(tag) === tagKey(value));
};

/** The budget of the session itself is another one. */
export const lookAtOwnBudget = (draft: Draft): void => {
  const turn = asking(draft);
  if (turn !== undefined && ofTallyName(turn.phase.tally).scope === 'session') goOn(draft, turn);
};
