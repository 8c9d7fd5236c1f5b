/**
 * What a session can be told: each input of the state machine, and what it brings along. What a type of input may do, and
 * which may share a commit, stands in `input-kinds.ts`.
 */
import type { Clearing } from '../../model/compaction.ts';
import type { Provider, Role } from '../../model/entry.ts';
import type { ChildOf, Execution, Head, Settings } from '../../model/head.ts';
import type { TurnId } from '../../model/ids.ts';
import type { TraceId } from '../../model/request-context.ts';
import type { ToolMemory } from '../../model/tool-memory.ts';
import type {
  Asked,
  BusyPolicy,
  ClosedTurn,
  RunId,
  ToolEffect,
  ToolInput,
  TurnError,
  TurnOptions,
} from '../../model/turn.ts';
import type { Usage } from '../../model/usage.ts';
import type { Retag } from '../../tags/retag.ts';
import type { StepOutcome } from '../ports/executor.ts';
import type { HookEvent, HookRun } from '../ports/hooks.ts';
import type { ResponseClaim, ResponseWrite, StreamDrop, StreamRecord } from '../ports/journal.ts';
import type { Granted, Short } from '../ports/ledger.ts';
import type { ToolQuestion } from '../ports/tools.ts';
import type { Contested, Settled, Yielded } from '../transfer/response-owner.ts';
import type { Restored } from '../transfer/restore.ts';
import type { ClassicChange } from './classic-change.ts';
import type { NewFork } from './new-fork.ts';

export interface NewMessage {
  readonly role: Role;
  readonly body: Uint8Array;
  readonly id?: string;
  readonly atMs: number;
}

export interface NewTurn {
  readonly turnId: TurnId;
  readonly traceId?: TraceId | undefined;
  /** How the prompt begins, for the title of a session that it makes. */
  readonly excerpt: string;
  readonly promptHash: string;
  readonly body: Uint8Array;
  readonly options: TurnOptions;
  readonly create: boolean;
  readonly tags: readonly string[];
  /** Of a session that it makes. */
  readonly settings: Settings & { readonly childOf?: ChildOf; readonly execution?: Execution };
  readonly onBusy: BusyPolicy | undefined;
  /** Absent, or past: at once. */
  readonly deliverAtMs?: number | undefined;
  readonly provider: Provider | undefined;
}

/** What an import adds, computed from the lines and from what is stored of them already. */
export interface ImportDelta {
  readonly subpath: string;
  readonly lines: readonly { readonly atMs: number; readonly body: Uint8Array }[];
  readonly stream: StreamRecord;
  /** Lines of the file that are stored then. */
  readonly totalLines: number;
  readonly responses: readonly ResponseWrite[];
  readonly claims: readonly ResponseClaim[];
  /** Nothing is added before these sessions were asked for their responses. */
  readonly contested: readonly Contested[];
  readonly isNewStream: boolean;
  /** Who adds it, for the audit. */
  readonly by: string;
  /** The head with the import's facts and counters laid over it; entries and version are the machine's. */
  readonly head: Head;
}

/** A summary that stands for everything up to and including `throughSeq`: see `compaction.ts`. */
export interface NewCompaction {
  readonly throughSeq: number;
  readonly summary: string;
  /** What the model call cost that made the summary; absent: the caller gave it. */
  readonly spent?: { readonly usage: Usage; readonly costNanoUsd: number | null };
  readonly by: string;
}

/** What was found about a tool call before it runs. */
export type Verdict = {
  readonly toolUseId: string;
  /** As it would run. */
  readonly input: ToolInput;
  /** What decided, for the audit. */
  readonly reason: string;
  /** Hooks that were asked. */
  readonly hooks?: readonly HookedRun[];
} & (
  | ({ readonly kind: 'start' } & Permitted)
  | ({ readonly kind: 'ask'; readonly asked: Omit<Asked, 'atMs'> } & Permitted)
  /** The model is told `message`; with `stop` the turn ends then, for that reason. */
  | { readonly kind: 'refuse'; readonly message: string; readonly stop?: string }
);

/** A hook's run, and the event that it ran at. */
export interface HookedRun extends HookRun {
  readonly event: HookEvent;
}

interface Permitted {
  readonly effect: ToolEffect;
  readonly isAlone: boolean;
  /** `input` is not the model's own. */
  readonly isChanged?: true;
  /** Where the file that it names really is. */
  readonly realPath?: string | undefined;
  /** Of one of the API's own tools. */
  readonly apiType?: string | undefined;
}

/** What a person says to a tool call that asks. */
export type Approval =
  | {
      readonly decision: 'allow';
      /** In place of the model's own. */
      readonly input?: ToolInput | undefined;
      /** What was found for that input, without which it does not run. Absent: it is the model's, or no tool call asks. */
      readonly found?: Pick<Permitted, 'effect' | 'isAlone' | 'realPath'> | undefined;
      /** Rules that the session gets, so that such calls are not asked about again. */
      readonly rules: readonly string[];
    }
  | {
      readonly decision: 'deny';
      readonly reason?: string | undefined;
      /** The turn ends too. */
      readonly interrupt: boolean;
    };

/** Blocks with the results of tool calls, as JSON, by their `tool_use` ids. What it holds for an id never changes. */
export type Results = ReadonlyMap<string, Uint8Array>;

export type Input =
  | { readonly type: 'create'; readonly settings: Settings }
  | { readonly type: 'turn'; readonly turn: NewTurn; readonly known: ClosedTurn | undefined }
  | {
      readonly type: 'reject';
      readonly turnId: TurnId;
      readonly traceId?: TraceId | undefined;
      readonly error: TurnError;
    }
  | {
      readonly type: 'settings';
      readonly settings: Settings;
      readonly expectedVersion?: number | undefined;
    }
  | { readonly type: 'tag'; readonly tags: readonly string[] }
  | { readonly type: 'untag'; readonly tags: readonly string[] }
  /** From now on no cleanup takes it, or may again. */
  | { readonly type: 'hold'; readonly reason: string | undefined; readonly by: string }
  | { readonly type: 'release'; readonly by: string }
  /** It takes no turn from now on. */
  | { readonly type: 'complete'; readonly by: string }
  /** The same at once, also in the middle of a turn. */
  | { readonly type: 'terminate'; readonly reason: string | undefined; readonly by: string }
  | { readonly type: 'reopen'; readonly by: string }
  /** Asked of many sessions at once, so none of them counts as used. */
  | { readonly type: 'retag'; readonly retag: Retag }
  | {
      readonly type: 'append';
      readonly messages: readonly NewMessage[];
      readonly expectedVersion?: number | undefined;
    }
  | {
      readonly type: 'classic';
      readonly change: ClassicChange;
      /** What it takes, roughly. */
      readonly bytes: number;
      readonly expectedVersion?: number | undefined;
    }
  | { readonly type: 'import'; readonly delta: ImportDelta }
  /** Responses that another session has a better claim to. */
  | { readonly type: 'yield'; readonly yielded: Yielded }
  /** Offered responses are let go, or taken back. */
  | { readonly type: 'settle'; readonly settled: Settled }
  /** A side transcript goes; undefined: it was not there. */
  | { readonly type: 'drop'; readonly drop: StreamDrop | undefined }
  | { readonly type: 'fork'; readonly fork: NewFork }
  | { readonly type: 'compact'; readonly compaction: NewCompaction }
  /** The model sees another branch from now on. */
  | { readonly type: 'chooseBranch'; readonly number: number; readonly by: string }
  | { readonly type: 'restore'; readonly restored: Restored }
  | { readonly type: 'cancel'; readonly turnId: TurnId | undefined }
  | {
      readonly type: 'step';
      readonly runId: RunId;
      readonly retries: number;
      readonly outcome: StepOutcome;
      /** Of the request, as `weightOf` counts them; absent: not known. */
      readonly bytes?: number | undefined;
    }
  /** Before the model call that the turn awaits, results of tools go out of view. */
  | { readonly type: 'cleared'; readonly runId: RunId; readonly clearing: Clearing }
  /** In the place of the model call that the turn awaits, older messages were to be summed up. */
  | {
      readonly type: 'summed';
      readonly runId: RunId;
      readonly retries: number;
      readonly outcome: StepOutcome;
      /** Absent: the outcome is none. */
      readonly summary?: string | undefined;
      readonly place: { readonly throughSeq: number; readonly keptSeqs: readonly number[] };
      /** About, of what the call would have been. */
      readonly tokens: number;
      /** Of the request for the summary. */
      readonly bytes: number;
    }
  /** The ledger has said whether a model call may be paid. */
  | {
      readonly type: 'reserved';
      readonly runId: RunId;
      readonly outcome:
        | Granted
        | Short
        | { readonly type: 'noPrice'; readonly model: string }
        | { readonly type: 'cancelled' };
      /** Of the request. */
      readonly bytes: number;
    }
  /** A budget was raised or lifted. */
  | { readonly type: 'budgetChanged'; readonly key: string }
  | {
      readonly type: 'hooked';
      readonly runId: RunId;
      /** Why the turn does not go on, or does not end. */
      readonly blocked?: string | undefined;
      /** What the model is to see. */
      readonly context: readonly string[];
      readonly runs: readonly HookedRun[];
      /** What the model said last. */
      readonly text: string;
    }
  /** Hooks that decide nothing of a turn have run. */
  | {
      readonly type: 'told';
      readonly turnId: TurnId | undefined;
      readonly runs: readonly HookedRun[];
    }
  /** A call that runs asks a person something; undefined: no longer. */
  | {
      readonly type: 'questioned';
      readonly runId: RunId;
      readonly question: ToolQuestion | undefined;
    }
  | { readonly type: 'decided'; readonly runId: RunId; readonly verdicts: readonly Verdict[] }
  | {
      readonly type: 'toolEnded';
      readonly runId: RunId;
      readonly isError: boolean;
      readonly memory?: ToolMemory | undefined;
      /** What other sessions have cost for it. */
      readonly spentNanoUsd?: number | undefined;
      /** With this one's. */
      readonly results: Results;
      /** Hooks are to be asked about it before the model sees it. */
      readonly isHeld?: true;
    }
  /** All results of an answer's calls, as the model is to see them. */
  | {
      readonly type: 'gathered';
      readonly runId: RunId;
      readonly results: Results;
      readonly hooks?: readonly (HookedRun & { readonly toolUseId: string })[];
      /** The turn ends, for this reason. */
      readonly stop?: string;
    }
  | {
      readonly type: 'approve';
      readonly approvalId: string;
      readonly approval: Approval;
      readonly by: string;
    }
  /** Who ran it is gone: its outcome never comes. */
  | { readonly type: 'lost'; readonly runId: RunId }
  /** After a wake or a crash: what the running turn had started is lost and starts again as a further attempt. */
  | {
      readonly type: 'resume';
      /** The first turn is of a call that has ended: it ends too. */
      readonly isUnwanted?: boolean;
    }
  /** Turns may be due that were set for a time: their prompts, as far as they can be read. */
  | { readonly type: 'deliver'; readonly prompts: ReadonlyMap<TurnId, Uint8Array> }
  /** What the session waits for may be due. */
  | { readonly type: 'due' }
  | { readonly type: 'park'; readonly error: TurnError }
  /** It stands in an archive, was brought back from one, or that one is gone. */
  | {
      readonly type: 'archive';
      readonly now: 'archived' | 'restored' | 'unarchived';
      readonly archiveId: string;
      readonly by: string;
      /** Only if the session is still at this version. */
      readonly ifVersion?: number | undefined;
      readonly details?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: 'delete';
      readonly by: string;
      /** Only if the session is still at this version and has no open turn. */
      readonly ifVersion: number | undefined;
      /** Only if the session is still at this version; whoever named another one is told so. */
      readonly expectedVersion?: number | undefined;
      readonly tombstoneMs: number;
      /** Also a session that is gone already: its tombstone ends then as said here. */
      readonly mayBeGone?: true;
    };

/** The input of a type. */
export type InputOf<T extends Input['type']> = Extract<Input, { readonly type: T }>;
