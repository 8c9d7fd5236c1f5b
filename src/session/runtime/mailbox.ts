/** What a session's parts need of their actor: each answer comes back as a message of its own. */
import type { RunId } from '../../model/turn.ts';
import type { System } from '../../otp/system.ts';
import type { StepEvent, StepOutcome } from '../ports/executor.ts';
import type { Granted, Short } from '../ports/ledger.ts';
import type { ToolOutcome, ToolQuestion } from '../ports/tools.ts';

export interface Mailbox {
  readonly system: System;
  committing(commit: Promise<void>): void;
  /** Calls `read` with what comes of it. Where that cannot be had, what is stored cannot be known. */
  reading(done: Promise<() => void>): void;
  stepEvents(run: RunId, batch: readonly StepEvent[]): void;
  stepOutcome(run: RunId, outcome: StepOutcome): void;
  /** Calls `reserved` with what comes of it, or `startRun` again a little later. */
  reserving(run: RunId, bytes: number, done: Promise<Granted | Short>): void;
  toolAsks(run: RunId, question: ToolQuestion | undefined): void;
  toolOutcome(run: RunId, outcome: ToolOutcome): void;
  /** Calls `flush` or `startRun` again a little later. */
  later(what: 'flush' | 'startRun', delayMs: number): void;
  /** Calls `startRun` when the context is made, or tells why it was not. */
  building(done: Promise<void>): void;
  rest(): void;
}
