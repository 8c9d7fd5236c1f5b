/**
 * What the rehearsal server can be told to answer: plain data, made by a test's script, by directives
 * in the prompt, or by default. Names that go over the wire keep the API's spelling.
 */

export type StopReason =
  | 'end_turn'
  | 'max_tokens'
  | 'stop_sequence'
  | 'tool_use'
  | 'pause_turn'
  | 'refusal'
  | 'model_context_window_exceeded';

export type AnswerBlock =
  | { readonly type: 'text'; readonly text: string }
  /** `signature` defaults to one that the server recognises later, so that an altered block is refused. */
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature?: string }
  | { readonly type: 'redacted_thinking'; readonly data: string }
  /** A tool that the API runs itself. `id` as above; without a `result` it is still under way, as where a turn pauses. */
  | {
      readonly type: 'server_tool_use';
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
      readonly result?: unknown;
      readonly id?: string;
      /** The MCP server whose tool it is; absent: it is the API's own. */
      readonly server?: string;
    }
  /** Whatever else the API may say, as it is. */
  | { readonly type: 'as_it_is'; readonly block: Readonly<Record<string, unknown>> }
  /** `id` defaults to one derived from the request. */
  | {
      readonly type: 'tool_use';
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
      readonly id?: string;
      /** The text of the input as it is streamed, where that is no JSON: it was cut off. */
      readonly inputText?: string;
    };

/** Overrides of the counted usage; what is left out is counted (tokens.ts) or zero. */
export interface AnswerUsage {
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly cache_read_input_tokens?: number;
  /** Defaults to the sum of the split below; without a split all of it counts as 5-minute writes. */
  readonly cache_creation_input_tokens?: number;
  readonly cache_creation?: {
    readonly ephemeral_5m_input_tokens?: number;
    readonly ephemeral_1h_input_tokens?: number;
  };
  readonly service_tier?: 'standard' | 'priority' | 'batch';
  /** Server-side steps (compaction, advisor); goes out with `message_delta` only, as the API has it. */
  readonly iterations?: readonly unknown[];
}

/**
 * What goes wrong after `afterEvents` events of a stream (a ping does not count; 0 is before the
 * first byte): the socket is destroyed, or nothing more comes, or an `error` event ends the stream.
 * An answer that is not streamed is broken in the middle of its body; `error` becomes its status.
 */
export type Fault =
  | { readonly kind: 'cut' | 'stall'; readonly afterEvents: number }
  | {
      readonly kind: 'error';
      readonly afterEvents: number;
      readonly type?: string;
      readonly message?: string;
    };

export interface MessageAnswer {
  readonly kind: 'message';
  readonly content: readonly AnswerBlock[];
  /** Default: `tool_use` if a tool is asked for, else `end_turn`; `max_tokens` and `stop_sequence` where the request's limits cut the text. */
  readonly stopReason?: StopReason;
  readonly stopSequence?: string;
  /** Why it refused; goes with `stopReason: 'refusal'`. */
  readonly refusal?: { readonly category: string | null; readonly explanation: string | null };
  readonly usage?: AnswerUsage;
  /** How long the container lives in which code ran, in seconds. Default: an hour. */
  readonly containerSeconds?: number;
  /** In how many deltas a block's text goes out. Default 1. */
  readonly chunks?: number;
  /** Before the first byte. Default 0. */
  readonly waitMs?: number;
  /** Before each delta. Default 0. */
  readonly delayMs?: number;
  readonly fault?: Fault;
  /** Holds the stream after so many events until the promise settles: a test's own clock. */
  readonly gate?: { readonly afterEvents: number; readonly until: Promise<unknown> };
  /** Further headers, such as what is left of the API's rate. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ErrorAnswer {
  readonly kind: 'error';
  /** 400 to 599. */
  readonly status: number;
  /** The API's error type; default: what the API gives with that status. */
  readonly type?: string;
  readonly message?: string;
  /** The `retry-after` header: seconds, fractions allowed, or a date. Default: none. */
  readonly retryAfter?: number | string;
  /** The `x-should-retry` header. Default: true for 408, 409, 429 and 5xx. */
  readonly shouldRetry?: boolean;
  readonly waitMs?: number;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** As a server writes them: name, value, name, value. */
export const headerList = ({ headers = {} }: Pick<ErrorAnswer, 'headers'>): readonly string[] =>
  Object.entries(headers).flat();

/** The answer to a `count_tokens` request. */
export interface TokensAnswer {
  readonly kind: 'tokens';
  readonly inputTokens: number;
}

export type Answer = MessageAnswer | ErrorAnswer | TokensAnswer;

export const textAnswer = (text: string): MessageAnswer => ({
  kind: 'message',
  content: [{ type: 'text', text }],
});
