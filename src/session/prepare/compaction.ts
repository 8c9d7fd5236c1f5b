/**
 * Compaction: where the summary may end, and how the model is asked for one. The overlay itself is one
 * view entry (`apply-views.ts`); what it stands for stays stored.
 *
 * A summary ends between turns: everything up to its last entry belongs to turns that are over, and
 * nothing after it to any of them. So whoever wakes the session reads from there on and sees the same
 * as if it had read everything.
 */

import { ownBudget } from '../../model/budget.ts';
import type { Entry } from '../../model/entry.ts';
import { GreenroomError } from '../../model/errors.ts';
import { firstSeenSeq, type Head } from '../../model/head.ts';
import { inheritedThrough } from '../../model/segments.ts';
import type { System } from '../../otp/system.ts';
import { Context } from '../context/context.ts';
import { encodeMessage, textBlock } from '../context/model-message.ts';
import { modelMessages } from '../context/model-messages.ts';
import type { NewCompaction, Rules } from '../machine/machine.ts';
import { modelStep, mustHavePrice, noPrice } from '../machine/model-step.ts';
import { mostOfStep, type StepSize } from '../machine/step-cost.ts';
import { isSpent, modelOf } from '../machine/turn-limits.ts';
import type { Slabs } from '../memory/slabs.ts';
import { executorName, type StepOutcome } from '../ports/executor.ts';
import type { KnownSession } from '../ports/journal.ts';
import { ledgerName } from '../ports/ledger.ts';
import { pagesOf } from '../ports/pages.ts';
import { foundTools } from '../tools/request-tools.ts';

/** The last entry up to `wanted` behind which a summary may end. Throws `invalid_state` if there is none. */
export const cutOf = async (
  session: KnownSession,
  wanted: number | undefined,
  rest: () => Promise<void>,
): Promise<number> => {
  const { head } = session;
  const from = firstSeenSeq(head);
  const spans = new Spans(head);
  for await (const page of pagesOf(session, { from, to: head.seq }, rest))
    for (const entry of page) spans.add(entry);
  const cut = spans.cleanCut(Math.min(wanted ?? head.seq, head.seq));
  if (cut >= from) return cut;
  throw new GreenroomError(
    'invalid_state',
    wanted !== undefined && wanted < from
      ? `everything up to ${from - 1} is compacted already`
      : 'there is nothing to compact before the turns that are open or overlap',
  );
};

/** From where to where each turn reaches; an open one has no end. */
class Spans {
  readonly #inherited: number;
  readonly #spans = new Map<string, { readonly first: number; last: number }>();

  constructor({ openTurns, segments }: Head) {
    this.#inherited = inheritedThrough(segments);
    for (const { turnId, seq } of openTurns)
      this.#spans.set(turnId, { first: seq, last: Number.POSITIVE_INFINITY });
  }

  add(entry: Entry): void {
    if (entry.kind !== 'message' || entry.turnId === undefined) return;
    // A turn of the parent's is another than one of the same id here.
    const turn = entry.seq <= this.#inherited ? `/${entry.turnId}` : entry.turnId;
    const span = this.#spans.get(turn);
    if (span === undefined) this.#spans.set(turn, { first: entry.seq, last: entry.seq });
    else span.last = Math.max(span.last, entry.seq);
  }

  /** The last place up to `wanted` that no turn reaches over. */
  cleanCut(wanted: number): number {
    let cut = wanted;
    const latestFirst = [...this.#spans.values()].sort((a, b) => b.first - a.first);
    for (let moved = true; moved; ) {
      moved = false;
      for (const { first, last } of latestFirst)
        if (first <= cut && cut < last) {
          cut = first - 1;
          moved = true;
        }
    }
    return cut;
  }
}

/** Output limit of the call that makes a summary. */
const SUMMARY_TOKENS = 4_096;

const REQUEST =
  'Sum up this conversation for whoever goes on with it and will not see it: what was asked for and ' +
  'why, what was done and decided, what was learned (names, paths, numbers and errors literally), ' +
  'what is unfinished and what comes next. Answer with the summary alone.';

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
  const messages = [...(await seen(order, model)), question()];
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
      reject(new GreenroomError('deadline_exceeded', 'the summary took too long: nothing changed'));
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
  const range = { from: firstSeenSeq(head), to: head.seq };
  for await (const page of pagesOf(session, range, rest))
    entries.push(...page.filter(({ kind, seq }) => kind === 'view' || seq <= throughSeq));
  return modelMessages(entries, { model, inheritedThrough: inheritedThrough(head.segments) })
    .messages;
};

const question = (): Uint8Array => encodeMessage({ role: 'user', content: [textBlock(REQUEST)] });

const catalogRowOf = (outcome: StepOutcome): Pick<NewCompaction, 'summary' | 'spent'> => {
  if (
    outcome.type === 'message' &&
    outcome.stopReason !== 'refusal' &&
    outcome.text.trim() !== ''
  ) {
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
