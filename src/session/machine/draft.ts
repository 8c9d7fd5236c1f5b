/**
 * A change in the making: what one `apply` gathers. Local to it: nothing outside sees it mutate.
 */
import type { Entry, View } from '../../model/entry.ts';
import { type Head, type Settings, withSettings } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { AuditRecord } from '../ports/journal.ts';
import type { Answer, Change, Effect, NewMessage, Rules, SessionState, Write } from './machine.ts';

export class Draft {
  head: Head;
  cancelling: TurnId | undefined;
  answer: Answer = { type: 'none' };
  readonly nowMs: number;
  readonly writes: Write[] = [];
  readonly effects: Effect[] = [];
  /** The head is a copy of our own: the one that we were given stays as it is. */
  #ownsHead = false;

  constructor(state: SessionState, nowMs: number) {
    this.head = state.head;
    this.cancelling = state.cancelling;
    this.nowMs = nowMs;
  }

  /** Lays fields over the head; a change raises `updatedAtMs`. One copy, however many patches: a turn makes ten. */
  patch(fields: Partial<Head>): void {
    const updatedAtMs = Math.max(this.nowMs, this.head.updatedAtMs);
    if (this.#ownsHead) {
      Object.assign(this.head, { updatedAtMs }, fields);
      return;
    }
    this.head = { ...this.head, updatedAtMs, ...fields };
    this.#ownsHead = true;
  }

  /** Puts another head in the place of this one. */
  replace(head: Head): void {
    this.head = head;
    this.#ownsHead = false;
  }

  /** Appends a message to the main transcript and gives its `seq`. */
  message(message: NewMessage, facts: Partial<Extract<Entry, { kind: 'message' }>> = {}): number {
    const seq = this.head.seq + 1;
    const { role, body, atMs } = message;
    const id = message.id === undefined ? {} : { id: message.id };
    const messageCount = this.head.messageCount + (facts.isPartial ? 0 : 1);
    const position = facts.isPartial ? {} : { position: messageCount };
    this.write({
      type: 'entry',
      subpath: '',
      entry: { kind: 'message', seq, atMs, role, body, ...position, ...id, ...facts },
    });
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
    action: AuditRecord['action'],
    by: string,
    details?: Readonly<Record<string, unknown>>,
  ): void {
    const record: AuditRecord = {
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
