/**
 * What a session asks of the executor: run one model step and stream what happens. Owned here,
 * implemented in `src/executor`. A step is plain data but for its context, which is shared memory that the executor
 * holds from `start` until nobody can read it any more; it keeps nothing of it afterwards (P4).
 */

import type { Container } from '../../model/container.ts';
import type { Provider } from '../../model/entry.ts';
import type { SessionKey } from '../../model/ids.ts';
import type { Usage } from '../../model/usage.ts';
import { nameOf } from '../../otp/name.ts';
import type { ActorRef } from '../../otp/ref.ts';
import type { Slab } from '../memory/slabs.ts';

/**
 * The messages of a request: JSON objects joined by commas, without the brackets. The memory is
 * shared, never cloned: the session appends behind `byteLength` and never changes what is before it.
 */
export interface ContextSlice {
  readonly slab: Slab;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Keeps the bytes where they are until the function that it gives is called. */
  hold(): () => void;
}

/** An object of the API's own shape; it goes into the request as it is. */
export type ApiObject = Readonly<Record<string, unknown>>;

export interface ModelStep {
  readonly model: string;
  readonly maxTokens: number;
  readonly system?: string;
  readonly context: ContextSlice;
  /**
   * The JSON text of the request's `tools`: an array of definitions of the API, by name in an order that stays the
   * same. Made once, where the tools are offered, because it is put into each request as text; absent, '' or `[]`: none.
   */
  readonly tools?: string;
  readonly toolChoice?: ApiObject;
  readonly thinking?: ApiObject;
  /** `effort` and `format`, which is the schema of a structured answer. */
  readonly outputConfig?: ApiObject;
  /**
   * Whether the API is to keep the prompt for the next request. Default: where there are tools, a system prompt or more
   * than one message. A lone prompt is not kept, because that costs a quarter more and often nothing follows.
   */
  readonly cache?: boolean;
  /**
   * The `messageId` of the answer before, so that the API says why its cache did not do: `cacheMiss` of the outcome.
   * null: there is none yet, but this one is to be remembered; absent: nothing is asked.
   */
  readonly previousMessageId?: string | null;
  /** The API's id of where code of the session ran last; where it is gone the call is made without it. Absent: a new one. */
  readonly container?: string;
  readonly retry: {
    readonly maxRetries: number;
    readonly delayMs: number;
    readonly timeoutMs: number;
    /** Calls of this step that have failed before; default 0. */
    readonly tried?: number;
    /** A longer wait between two calls ends the step as `postponed`, in milliseconds; default: none is too long. */
    readonly longestWaitMs?: number;
  };
  /** false: only the outcome is wanted. */
  readonly wantsDeltas: boolean;
  /** What the API is to do about a long prompt, in its own shape; goes with the `betas` that it needs. Default: nothing. */
  readonly contextManagement?: ApiObject;
  readonly betas?: readonly string[];
  /** The model is not asked: the API counts the tokens of the request, for nothing. Default: it is asked. */
  readonly counts?: true;
}

export type StepEvent =
  | { readonly type: 'delta'; readonly block: number; readonly text: string }
  | { readonly type: 'delta'; readonly block: number; readonly thinking: string }
  | { readonly type: 'delta'; readonly block: number; readonly inputJson: string }
  | { readonly type: 'retry'; readonly delayMs: number; readonly error: StepError };

export interface StepError {
  /** The API's error type, for example `overloaded_error`; `connection_error`, `timeout` for our own. */
  readonly type: string;
  readonly message: string;
  readonly status?: number;
  readonly retryable: boolean;
  /** The prompt does not fit into the model's window; what the API has said of both, where it has. */
  readonly tooLong?: { readonly tokens?: number; readonly windowTokens?: number };
}

export interface ToolUse {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

/** Why the API could not read from its cache all that the request before this one left there. */
export interface CacheMiss {
  /** The API's word, for example `tools_changed`. */
  readonly type: string;
  /** Tokens that would have been read, about; absent where the API does not say. */
  readonly missedInputTokens?: number;
  /** What that cost beside a read, in nano-dollars; null: unknown price; absent: as above. */
  readonly costNanoUsd?: number | null;
}

export interface Refusal {
  /** The API's word, for example `cyber`. */
  readonly category: string | null;
  readonly explanation: string | null;
}

/** A call that the API has made by itself. */
export interface ApiCall {
  readonly toolUseId: string;
  readonly name: string;
  readonly isError: boolean;
}

export type StepOutcome =
  | {
      readonly type: 'message';
      /** JSON of `{"role":"assistant","content":[…]}` with the content as the API gave it. */
      readonly body: Uint8Array;
      readonly text: string;
      readonly toolUses: readonly ToolUse[];
      /** As the API names it: also one that is not known here. With `max_tokens` the last of `toolUses` may be cut off. */
      readonly stopReason: string | null;
      readonly messageId: string;
      /** The model that answered, as the API names it. */
      readonly model: string;
      readonly provider: Provider;
      readonly usage: Usage;
      /** Tokens of the last prompt that the model itself read; absent: those of `usage`. */
      readonly contextTokens?: number;
      /** null: unknown price. */
      readonly costNanoUsd: number | null;
      /** Names of tools that the API has run or called by itself; absent: of none. */
      readonly toolsRun?: readonly string[];
      /** What has come of such calls; absent: of none. */
      readonly apiCalls?: readonly ApiCall[];
      /** Where the API has run code; null: what the step named is gone. Absent: no code ran. */
      readonly container?: Container | null;
      /** The API has summed up what came before this answer, which begins with the summary. */
      readonly hasCompacted?: true;
      /** Absent: nothing was missed, or nothing was asked, or the API did not know yet. */
      readonly cacheMiss?: CacheMiss;
      /** Tools that the API has loaded for the model; absent: none. */
      readonly toolsFound?: readonly string[];
      /** Why the model refused; goes with the stop reason `refusal`. */
      readonly refusal?: Refusal;
    }
  | {
      readonly type: 'failed';
      readonly error: StepError;
      /** What had been streamed before it broke. */
      readonly partialText: string;
      readonly provider: Provider;
    }
  /** A call failed and the next one is due so late that nobody should wait for it here. */
  | {
      readonly type: 'postponed';
      readonly error: StepError;
      readonly delayMs: number;
      /** Calls of this step that have failed. */
      readonly tried: number;
    }
  | {
      readonly type: 'cancelled';
      readonly partialText: string;
      /** It was given up before anybody was asked. */
      readonly neverSent?: true;
    }
  /** Of a step that only counts. */
  | { readonly type: 'counted'; readonly tokens: number };

export interface StepSink {
  /** Whose step it is, for the report of a sink that throws. */
  readonly about?: object;
  /** A thread has the step: once, and once more each time that it was lost. */
  started?(thread: number): void;
  /** What happened since the last call, in order. */
  events(batch: readonly StepEvent[]): void;
  /** The last call for this step. */
  outcome(outcome: StepOutcome): void;
}

export interface StepHandle {
  /** Asks the step to end; its outcome still comes (`cancelled`, or what was faster). */
  cancel(): void;
}

/** Holds the step's context from `start` until the outcome, or longer where a thread that is lost may still read it. */
export interface Executor {
  /** The actor behind it: when it goes down, the steps under way are lost and must be started again. */
  readonly ref: ActorRef;
  readonly provider: Provider;
  start(step: ModelStep, sink: StepSink): StepHandle;
  /** Whether a call of the session waits, because the API has refused one for its rate, or has little of it left. */
  isHeld(key: SessionKey): boolean;
}

export const executorName = nameOf<Executor>('executor');
