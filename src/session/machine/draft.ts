/**
 * A change in the making: what one `apply` gathers. Local to it: nothing outside sees it mutate.
 */
import { type Budget, ownBudget } from '../../model/budget.ts';
import type { MessageEntry, View } from '../../model/entry.ts';
import type { Every } from '../../model/every.ts';
import { copyOfHead, type Head, type Settings } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import { windowOf } from '../context/window.ts';
import type { HookEvent } from '../ports/hooks.ts';
import type { LifecycleRecord } from '../ports/journal.ts';
import type { NewMessage } from './input.ts';
import type { Answer, Change, Effect, SessionState, Write } from './machine.ts';
import type { Rules } from './rules.ts';
import { withSettings } from './settings.ts';

/** What a message may have besides its role, its body, its id and its time. */
export type MessageFacts = Partial<
  Omit<MessageEntry, 'kind' | 'seq' | 'atMs' | 'role' | 'body' | 'id' | 'position'>
>;

export class Draft {
  head: Head;
  cancelling: TurnId | undefined;
  answer: Answer = { type: 'none' };
  /** A turn is being taken: the session does not end for want of one. */
  isTakingTurn = false;
  readonly nowMs: number;
  readonly writes: Write[] = [];
  readonly effects: Effect[] = [];
  /** The head is a copy of our own: the one that we were given stays as it is. */
  #ownsHead = false;

  readonly #rules: Rules;

  constructor(state: SessionState, nowMs: number, rules: Rules) {
    this.#rules = rules;
    this.head = state.head;
    this.cancelling = state.cancelling;
    this.nowMs = nowMs;
  }

  /** Texts for the audit: without them where the operator wants no bodies in it. */
  bodies<T extends object>(texts: T): T | Record<string, never> {
    return this.#rules.keepsBodies === false ? {} : texts;
  }

  /** Whether other programs are notified of the ends of turns. */
  get auditsTurns(): boolean {
    return this.#rules.auditsTurns === true;
  }

  /** Whether the API is asked about its cache. */
  get diagnosesCache(): boolean {
    return this.#rules.diagnosesCache === true;
  }

  /** Whether older messages may be summed up for a turn. */
  get mayCompact(): boolean {
    const { context, contextUse } = this.head;
    return windowOf(context, contextUse, this.#rules.context).compact !== 'off';
  }

  /** Whether its model calls need money of a budget. */
  get isUnderBudget(): boolean {
    const { budget } = this.head;
    if (budget !== undefined && budget !== 'none') return true;
    return this.#rules.budgets?.holdFor(this.head) ?? false;
  }

  /** The budgets that hold for it. */
  get budgets(): readonly Budget[] {
    const own = ownBudget(this.head);
    return this.#rules.budgets?.of(this.head) ?? (own === undefined ? [] : [own]);
  }

  /** Whether hooks are to be asked at that event. */
  wantsHook(event: HookEvent): boolean {
    return this.#rules.wantsHook?.(event, this.head.hooks, this.head) ?? false;
  }

  /** Lays fields over the head; a change raises `updatedAtMs`. One copy, however many patches: a turn makes ten. */
  patch(fields: Partial<Head>): void {
    if (!this.#ownsHead) this.head = copyOfHead(this.head);
    this.#ownsHead = true;
    const own: { updatedAtMs: number } = this.head;
    own.updatedAtMs = Math.max(this.nowMs, own.updatedAtMs);
    Object.assign(own, fields);
  }

  /** Puts another head in the place of this one. */
  replace(head: Head): void {
    this.head = head;
    this.#ownsHead = false;
  }

  /** Appends a message to the main transcript and gives its `seq`. */
  message(message: NewMessage, facts: MessageFacts = {}): number {
    const seq = this.head.seq + 1;
    const { role, body, atMs, id } = message;
    const messageCount = this.head.messageCount + (facts.isPartial ? 0 : 1);
    // Field by field, those without a value too: all messages have one shape, and to spread is slow.
    const entry: Every<MessageEntry> = {
      kind: 'message',
      seq,
      atMs,
      role,
      body,
      position: facts.isPartial ? undefined : messageCount,
      id,
      turnId: facts.turnId,
      isPartial: facts.isPartial,
      model: facts.model,
      provider: facts.provider,
      stopReason: facts.stopReason,
      usage: facts.usage,
      costNanoUsd: facts.costNanoUsd,
      extra: facts.extra,
      typed: facts.typed,
    };
    this.write({ type: 'entry', subpath: '', entry });
    this.patch({ seq, messageCount });
    return seq;
  }

  view(view: View): void {
    const seq = this.head.seq + 1;
    this.write({
      type: 'entry',
      subpath: '',
      entry: { kind: 'view', seq, atMs: this.nowMs, view },
    });
    this.patch({ seq });
    this.effect({ type: 'forgetContext' });
  }

  audit(
    action: LifecycleRecord['action'],
    by: string,
    details?: Readonly<Record<string, unknown>>,
  ): void {
    const record: LifecycleRecord = {
      kind: 'lifecycle',
      action,
      atMs: this.nowMs,
      by,
      ...(details === undefined ? {} : { details }),
    };
    this.write({ type: 'audit', record });
  }

  write(write: Write): void {
    this.writes.push(write);
  }

  effect(effect: Effect): void {
    this.effects.push(effect);
  }

  change(): Change {
    const { head, cancelling, writes, effects, answer } = this;
    return { state: { head, cancelling }, writes, effects, answer };
  }
}

/** Makes the session if it is not there yet; its creation is audited with the same commit. */
export const makeIfAbsent = (draft: Draft, settings: Settings, by: string, rules: Rules): void => {
  if (draft.head.version > 0) return;
  // Version 1 at once: inputs that share this commit must see that it exists.
  const head = withSettings(draft.head, { model: rules.defaultModel, ...settings });
  draft.patch({ ...head, updatedAtMs: draft.nowMs, version: 1 });
  draft.audit('created', by);
};
