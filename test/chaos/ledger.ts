/**
 * What was asked of a daemon and what it acknowledged, kept outside of it. Whatever stands here as
 * acknowledged must be true of any daemon that runs on the same data afterwards.
 */
import { ERRORS, type WireEvent } from '../../src/index.ts';

export type Finished = Extract<WireEvent, { type: 'turn.finished' }>;

/** A turn, from the moment in which it is sent for the first time. */
export interface TurnNote {
  readonly turnId: string;
  readonly sessionId: string;
  readonly prompt: string;
  readonly way: 'ask' | 'publish';
  /** Messages that it makes, its prompt included. */
  readonly messages: number;
  /** Somebody waits for its answer right now. */
  isUnderWay: boolean;
  /** `turn.accepted`, or the broker's word. */
  isAcknowledged: boolean;
  /** Of its prompt, as it was told. */
  seq?: number;
  finished?: Finished;
}

/** A tag or an appended text. */
export interface ChangeNote {
  readonly sessionId: string;
  readonly text: string;
  isAcknowledged: boolean;
}

export class Ledger {
  readonly turns = new Map<string, TurnNote>();
  readonly tags: ChangeNote[] = [];
  readonly appended: ChangeNote[] = [];
  /** Messages that were told, by session and `seq`. */
  readonly seen = new Map<string, Map<number, string>>();
  /** The highest version of each session that was told. */
  readonly versions = new Map<string, number>();
  /** How often each error code was answered. */
  readonly refused: Record<string, number> = {};
  /** What was told and cannot be. */
  readonly complaints: string[] = [];
  readonly #open = new Set<TurnNote>();
  acknowledgements = 0;

  open(note: TurnNote): TurnNote {
    this.turns.set(note.turnId, note);
    this.#open.add(note);
    return note;
  }

  /** A turn whose fate is not known and that nobody waits for: it is to be sent again. */
  get unknown(): TurnNote | undefined {
    for (const note of this.#open) if (!note.isUnderWay) return note;
    return undefined;
  }

  /** Turns whose fate is not known. */
  get openTurns(): number {
    return this.#open.size;
  }

  isOpen(note: TurnNote): boolean {
    return this.#open.has(note);
  }

  hear(note: TurnNote, event: WireEvent): void {
    if (event.type === 'turn.accepted') this.#accept(note, event.seq);
    if (event.type === 'message') this.see(note.sessionId, event.seq, event.message);
    if (event.type === 'turn.finished') this.#finish(note, event);
  }

  acknowledge(note: TurnNote | ChangeNote): void {
    note.isAcknowledged = true;
    if ('way' in note && note.way === 'publish') this.#open.delete(note);
    this.acknowledgements += 1;
  }

  /** What was shown once stays. */
  see(sessionId: string, seq: number, message: unknown): void {
    const ofSession = this.seen.get(sessionId) ?? new Map<number, string>();
    const text = JSON.stringify(message);
    if ((ofSession.get(seq) ?? text) !== text)
      this.complaints.push(`entry ${seq} of ${sessionId} was shown as two messages`);
    this.seen.set(sessionId, ofSession.set(seq, text));
    this.acknowledgements += 1;
  }

  seeVersion(sessionId: string, version: number): void {
    this.versions.set(sessionId, Math.max(version, this.versions.get(sessionId) ?? 0));
  }

  /** Trying again must help: nothing that a load asks for is wrong. */
  refuse(code: string): void {
    this.refused[code] = (this.refused[code] ?? 0) + 1;
    if (!isRetryable(code)) this.complaints.push(`refused with ${code}`);
  }

  /** A turn is accepted once; twice means that it was forgotten in between. */
  #accept(note: TurnNote, seq: number): void {
    if (note.seq !== undefined)
      this.complaints.push(`${note.turnId} was accepted as entry ${note.seq} and as ${seq}`);
    note.seq = seq;
    this.acknowledge(note);
  }

  /** A turn that is asked for again is told as it was told before. */
  #finish(note: TurnNote, event: Finished): void {
    const before = note.finished;
    if (before !== undefined && outcomeOf(before) !== outcomeOf(event))
      this.complaints.push(
        `${note.turnId} was told as ${outcomeOf(before)} and as ${outcomeOf(event)}`,
      );
    note.finished = event;
    this.#open.delete(note);
    this.acknowledge(note);
  }
}

const isRetryable = (code: string): boolean =>
  Object.entries(ERRORS).some(([known, { retryable }]) => known === code && retryable);

const outcomeOf = ({ status, stopReason, costUsd, text }: Finished): string =>
  JSON.stringify({ status, stopReason, costUsd, text });
