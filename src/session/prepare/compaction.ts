/**
 * Compaction: where the summary may end, and how the model is asked for one. The overlay itself is one
 * view entry (`apply-views.ts`); what it stands for stays stored.
 *
 * A summary ends between turns: everything up to its last entry belongs to turns that are over, and
 * nothing after it to any of them. So whoever wakes the session reads from there on and sees the same
 * as if it had read everything.
 */

import { inView } from '../../model/branches.ts';
import { ownBudget } from '../../model/budget.ts';
import type { Entry } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import { firstSeenSeq, type Head } from '../../model/head.ts';
import { inheritedThrough } from '../../model/segments.ts';
import type { System } from '../../otp/system.ts';
import { Context } from '../context/context.ts';
import { modelMessages } from '../context/model-messages.ts';
import { weightOf } from '../context/weight.ts';
import { bytesOf, windowOf } from '../context/window.ts';
import type { NewCompaction } from '../machine/input.ts';
import { modelStep, mustHavePrice, noPrice } from '../machine/model-step.ts';
import type { Rules } from '../machine/rules.ts';
import { mostOfStep, type StepSize } from '../machine/step-cost.ts';
import { isSpent, modelOf } from '../machine/turn-limits.ts';
import type { Slabs } from '../memory/slabs.ts';
import { executorName, type StepOutcome } from '../ports/executor.ts';
import type { KnownSession } from '../ports/journal.ts';
import { ledgerName } from '../ports/ledger.ts';
import { pagesOf } from '../ports/pages.ts';
import { foundTools } from '../tools/request-tools.ts';
import { isSummary, summaryQuestion } from './summary-question.ts';
import { TurnSpans } from './turn-spans.ts';

/** The last entry up to `wanted` behind which a summary may end. Throws `invalid_state` if there is none. */
export const cutOf = async (
  session: KnownSession,
  wanted: number | undefined,
  rest: () => Promise<void>,
): Promise<number> => {
  const { head } = session;
  const from = firstSeenSeq(head);
  const spans = new TurnSpans(head);
  for await (const page of pagesOf(session, { from, to: head.seq }, rest))
    for (const entry of inView(head.branches, page)) spans.add(entry);
  const cut = spans.cleanCut(Math.min(wanted ?? head.seq, head.seq));
  if (cut >= from) return cut;
  throw new GreenroomError(
    'invalid_state',
    wanted !== undefined && wanted < from
      ? `everything up to ${from - 1} is compacted already`
      : 'there is nothing to compact before the turns that are open or overlap',
  );
};

type Part = Pick<SummaryOrder, 'session' | 'rules' | 'throughSeq' | 'rest'>;

/**
 * Where the first part of what is up to `throughSeq` ends that one request can hold; that place itself where all of it
 * fits, or cannot be parted between turns.
 */
export const partOf = async ({ session, rules, throughSeq, rest }: Part): Promise<number> => {
  const { head } = session;
  const window = windowOf(head.context, head.contextUse, rules.context);
  const mostBytes = bytesOf(window.chunk, head.contextUse);
  const from = firstSeenSeq(head);
  const spans = new TurnSpans(head);
  let bytes = 0;
  let lastThatFits = 0;
  for await (const page of pagesOf(session, { from, to: throughSeq }, rest)) {
    for (const entry of inView(head.branches, page)) {
      spans.add(entry);
      if (entry.kind === 'view' || (entry.kind === 'message' && entry.isPartial)) continue;
      bytes += weightOf(entry.body);
      if (bytes <= mostBytes) lastThatFits = entry.seq;
    }
    if (bytes > mostBytes) break;
  }
  if (bytes <= mostBytes) return throughSeq;
  const cut = spans.cleanCut(lastThatFits);
  return cut >= from ? cut : throughSeq;
};

/** Output limit of the call that makes a summary. */
const SUMMARY_TOKENS = 4_096;

export interface SummaryOrder {
  readonly system: System;
  readonly session: KnownSession;
  readonly rules: Rules;
  readonly slabs: Slabs;
  readonly throughSeq: number;
  readonly timeoutMs: number;
  readonly rest: () => Promise<void>;
}

/** Has the model sum up what it sees up to `throughSeq`. Nothing is stored yet. */
export const summarise = async (
  order: SummaryOrder,
): Promise<Pick<NewCompaction, 'summary' | 'spent'>> => {
  const { rules, system } = order;
  const { head } = order.session;
  const model = modelOf(head, undefined, rules);
  mustBePayable(head, model, rules, system.clock.now());
  const messages = [...(await seen(order, model)), summaryQuestion(head.context)];
  const executor = system.find(executorName);
  if (executor === undefined)
    throw new GreenroomError('unavailable', 'the executor is restarting', { retryAfterMs: 500 });
  const bytes = messages.reduce((sum, { byteLength }) => sum + byteLength + 1, 0);
  mustHaveMoney(order, { model, bytes, maxTokens: SUMMARY_TOKENS });
  const context = new Context(order.slabs, messages);
  const step = modelStep(head, rules, {
    ...{ model, context, maxTokens: SUMMARY_TOKENS, wantsDeltas: false },
    tools: foundTools(head.toolsFound),
  });
  const outcome = await new Promise<StepOutcome>((resolve, reject) => {
    const handle = executor.start(step, {
      events: () => undefined,
      outcome: (ended) => {
        timer.cancel();
        resolve(ended);
      },
    });
    const timer = system.clock.setTimeout(() => {
      handle.cancel();
      reject(new GreenroomError('deadline_exceeded', 'the summary took too long: ask again'));
    }, order.timeoutMs);
  }).finally(() => context.free());
  return catalogRowOf(outcome);
};

/** What a summary may cost must be left in every budget; it is counted when it is there. Throws `budget_exceeded`, `price_unknown`. */
const mustHaveMoney = (
  { system, session: { head }, rules }: SummaryOrder,
  size: StepSize,
): void => {
  const isFree = rules.budgets?.holdFor(head) !== true && ownBudget(head) === undefined;
  if (isFree) return;
  const nowMs = system.clock.now();
  const most = mostOfStep({}, size, rules, nowMs);
  if (most === null) throw noPrice(size.model);
  const ledger = system.find(ledgerName);
  if (ledger === undefined)
    throw new GreenroomError('unavailable', 'the ledger is restarting', { retryAfterMs: 500 });
  if (!ledger.hasLeft(head, most))
    throw new GreenroomError('budget_exceeded', 'a budget is used up: a summary may cost more');
};

const mustBePayable = (head: Head, model: string, rules: Rules, nowMs: number): void => {
  if (head.limits?.maxCostUsd !== undefined) mustHavePrice(model, rules, nowMs);
  if (isSpent(head)) throw new GreenroomError('budget_exceeded', 'the session has cost its limit');
  if (head.provider !== undefined && head.provider !== rules.provider)
    throw new GreenroomError(
      'provider_mismatch',
      `the session holds answers by ${head.provider}, this daemon answers by ${rules.provider}: give the summary`,
    );
};

/** Views of later entries count too: what they took out is not summed up. */
const seen = async (
  { session, throughSeq, rest }: SummaryOrder,
  model: string,
): Promise<readonly Uint8Array[]> => {
  const { head } = session;
  const entries: Entry[] = [];
  for (const seq of head.compaction?.keptSeqs ?? [])
    entries.push(...(await session.entries({ from: seq, to: seq, limit: 1 })));
  const range = { from: firstSeenSeq(head), to: head.seq };
  for await (const page of pagesOf(session, range, rest))
    entries.push(
      ...inView(head.branches, page).filter(
        ({ kind, seq }) => kind === 'view' || seq <= throughSeq,
      ),
    );
  return modelMessages(entries, { model, inheritedThrough: inheritedThrough(head.segments) })
    .messages;
};

const catalogRowOf = (outcome: StepOutcome): Pick<NewCompaction, 'summary' | 'spent'> => {
  if (isSummary(outcome)) {
    const { text, usage, costNanoUsd } = outcome;
    return { summary: text, spent: { usage, costNanoUsd } };
  }
  const error = 'error' in outcome ? outcome.error : undefined;
  const isWorthRepeating = error?.retryable === true;
  const why = error?.message ?? 'it answered nothing';
  throw new GreenroomError(
    isWorthRepeating ? 'unavailable' : 'invalid_state',
    `the model gave no summary: ${why}`,
  );
};
