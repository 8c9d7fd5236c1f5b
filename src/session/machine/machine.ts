/**
 * The session as a pure state machine: `apply(state, input, rules)` says what a session becomes,
 * what is to be written in one commit, and what is to be done once that commit is durable.
 *
 * 1. Nothing here reads a clock, a disk or a random number: inputs bring the time with them.
 * 2. An input that is refused throws a `GreenroomError` and changes nothing.
 * 3. Effects are carried out after the commit and in order; they never change the state themselves.
 */

import type { TallyChange } from '../../model/budget.ts';
import type { Entry } from '../../model/entry.ts';
import type { TurnEventBody } from '../../model/event.ts';
import type { Head } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { Snapshot } from '../../model/metrics.ts';
import type { TraceId } from '../../model/request-context.ts';
import type { ClosedTurn, RunId } from '../../model/turn.ts';
import type { ToolUse } from '../ports/executor.ts';
import type {
  AuditRecord,
  ForkOrigin,
  ResponseClaim,
  StoredResponse,
  StreamDrop,
  StreamRecord,
} from '../ports/journal.ts';
import type { ToolAnswer } from '../ports/tools.ts';
import type { Contested } from '../transfer/response-owner.ts';

export interface SessionState {
  readonly head: Head;
  /** The running turn was told to stop; its outcome is awaited. In memory only. */
  readonly cancelling: TurnId | undefined;
}

export type Write =
  | { readonly type: 'entry'; readonly subpath: string; readonly entry: Entry }
  | { readonly type: 'turn'; readonly record: ClosedTurn }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'newTurn'; readonly turnId: TurnId }
  /** Of a turn that is yet to begin; without a `body`: it has begun, or never will. */
  | { readonly type: 'prompt'; readonly turnId: TurnId; readonly body: Uint8Array | undefined }
  | { readonly type: 'stream'; readonly record: StreamRecord }
  | { readonly type: 'response'; readonly response: StoredResponse }
  | { readonly type: 'claim'; readonly claim: ResponseClaim }
  | { readonly type: 'drop'; readonly drop: StreamDrop }
  | { readonly type: 'tally'; readonly change: TallyChange }
  | { readonly type: 'audit'; readonly record: AuditRecord }
  /** A record of another store: kept, and told to nobody as news. */
  | { readonly type: 'pastAudit'; readonly record: AuditRecord }
  | { readonly type: 'fork'; readonly origin: ForkOrigin }
  | { readonly type: 'delete'; readonly tombstoneUntilMs: number };

/** What the caller is told once the change is durable. */
export type Answer =
  | { readonly type: 'session' }
  | {
      readonly type: 'turn';
      readonly turnId: TurnId;
      readonly isNew: boolean;
      readonly closed?: ClosedTurn;
    }
  /** The answer waits until the turn has closed. */
  | { readonly type: 'turnClosed'; readonly turnId: TurnId }
  | { readonly type: 'deleted' }
  | { readonly type: 'dropped'; readonly wasThere: boolean }
  | {
      readonly type: 'imported';
      readonly lines: number;
      readonly added: number;
      readonly contested: readonly Contested[];
    }
  | {
      readonly type: 'restored';
      readonly lines: number;
      readonly digest: string;
      readonly isDone: boolean;
      readonly added: number;
    }
  | { readonly type: 'approved'; readonly turnId: TurnId }
  | { readonly type: 'none' };

export type Effect =
  | {
      readonly type: 'publish';
      readonly turnId: TurnId;
      readonly attempt: number;
      readonly traceId: TraceId | undefined;
      /** Last `seq` that is stored of the turn. */
      readonly lastSeq: number;
      readonly body: TurnEventBody;
    }
  /** From now on the model sees this message: it goes behind the live context. */
  | { readonly type: 'see'; readonly seq: number; readonly body: Uint8Array | undefined }
  /** The model's view changed in the middle: the live context is built again when it is needed. */
  | { readonly type: 'forgetContext' }
  | { readonly type: 'startModel'; readonly runId: RunId }
  /** Money that the ledger has granted is not needed any more. */
  | { readonly type: 'giveBack'; readonly grant: string }
  | { readonly type: 'startHooks' }
  /** Hooks hear of it, once, and decide nothing; `subject` and `fields` as a `HookCall` has them. */
  | {
      readonly type: 'tellHooks';
      readonly event: 'Notification' | 'SessionEnd';
      readonly turnId: TurnId | undefined;
      readonly subject: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** The tool calls of an answer are to be decided, started or gathered. `uses`: as the model made them, where they are at hand. */
  | { readonly type: 'startTools'; readonly uses?: readonly ToolUse[] }
  | { readonly type: 'cancelRun'; readonly runId: RunId }
  /** What the run has asked is answered. */
  | { readonly type: 'answerRun'; readonly runId: RunId; readonly answer: ToolAnswer }
  | { readonly type: 'closed'; readonly record: ClosedTurn }
  | { readonly type: 'stop' };

export interface Change {
  readonly state: SessionState;
  readonly writes: readonly Write[];
  readonly effects: readonly Effect[];
  readonly answer: Answer;
}
