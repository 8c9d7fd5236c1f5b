/**
 * Directives in the prompt: how a person or a test in another process says what the next answers are.
 *
 *   Please list the files. [[rehearse: tool=Bash input={"command":"ls"}]] [[rehearse: text="Done."]]
 *
 * Each `[[rehearse: ...]]` of a turn's prompt answers one model call of that turn: the first group the
 * first call, the second group the call after the first tool result, and so on; when they are used up,
 * the default answer follows. The place in the turn is read off the request, so a server that was
 * restarted in between answers the same. Unknown keys and impossible values are refused with 400.
 *
 * What it says, in this order, each as often as needed:
 *   text="..."              a text block (a bare word needs no quotes)
 *   repeat=N                repeats the text block just before N times, to at most 4 MiB
 *   thinking="..."          a thinking block, signed
 *   redacted-thinking="..." a redacted_thinking block with this data
 *   tool=Name               a tool_use block; its input follows: input={"command":"ls"} (default {}), and id=toolu_1 where it matters
 *   input-text="..."        what is streamed of that input instead, as where max_tokens cut it off: input-text="{\\"command"
 *   server-tool=Name        a tool that the API runs itself, for example web_search; its input follows, and result=[...], the
 *                           content of its result (without one it is still under way, for stop=pause_turn)
 *   mcp-tool=server/tool    a tool of an MCP server that the API calls; its input follows, and result="text"
 *   container-seconds=N     how long the container lives in which a server-tool=code_execution ran (default 3600)
 *   block={...}             a block of any type, as it is
 * How it ends:
 *   stop=REASON             end_turn, max_tokens, stop_sequence, tool_use, pause_turn, refusal, model_context_window_exceeded
 *   refusal="..."           stop=refusal with this explanation; refusal-category=cyber says of which kind
 * What it costs:
 *   usage.FIELD=N           input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens,
 *                           cache_creation.ephemeral_5m_input_tokens, cache_creation.ephemeral_1h_input_tokens
 *   usage.service_tier=T    standard, priority, batch
 *   usage.iterations=[...]  server-side steps, as JSON
 *   count-tokens=N          what count_tokens answers for this request; says nothing about the message
 * How it flows:
 *   header="name: value"    a header of the answer, such as anthropic-ratelimit-requests-remaining; as often as needed
 *   chunks=N                deltas per block (default 1, at most 10000)
 *   wait-ms=N               before the first byte; delay-ms=N before each delta (at most 600000)
 * What goes wrong:
 *   too-long=N              the 400 of a prompt of N tokens that does not fit into the model
 *   status=N                an HTTP error, 400 to 599, with retry-after=SECONDS, should-retry=true|false,
 *                           type=API_ERROR_TYPE and message="..."
 *   cut-after=N             the socket is destroyed after N events; 0: before the first byte
 *   stall-after=N           nothing more comes after N events, the connection stays open
 *   error-after=N           an error event after N events, with type and message (default overloaded_error)
 *   model=NAME              the wrong happens to calls of this model alone
 *   times=N                 the wrong happens to the first N attempts of this very request only (a
 *                           bounded memory in the server); then the rest of the group answers
 */
import type { AnswerBlock, AnswerUsage, ErrorAnswer, Fault, StopReason } from './answer.ts';
import { DirectiveError, groupsOf, type Pair } from './directive-text.ts';
import { CONTEXT_TOKENS } from './models.ts';

/** One group, understood. `content` is empty where the group leaves it to the default answer. */
export interface Directive {
  readonly content: readonly AnswerBlock[];
  readonly stopReason?: StopReason;
  readonly refusal?: { readonly category: string | null; readonly explanation: string | null };
  readonly usage: AnswerUsage;
  readonly chunks?: number;
  readonly waitMs?: number;
  readonly delayMs?: number;
  /** What goes wrong: at once, or in the middle of the stream. */
  readonly trouble?: ErrorAnswer | Fault;
  /** Attempts that the trouble hits; undefined: all. */
  readonly times?: number;
  /** The model whose calls the trouble hits; undefined: those of all. */
  readonly model?: string;
  /** As of an answer. */
  readonly containerSeconds?: number;
  /** Headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly inputTokens?: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Draft extends Mutable<Omit<Directive, 'content' | 'usage'>> {
  readonly content: AnswerBlock[];
  readonly usage: Mutable<AnswerUsage>;
  /** What only a status or an error event has a use for. */
  readonly detail: Mutable<Pick<ErrorAnswer, 'type' | 'message' | 'retryAfter' | 'shouldRetry'>>;
}
type Setter = (draft: Draft, value: unknown, key: string) => void;

const MAX_MS = 600_000;
/** As the API: 30 days. */
const MAX_CONTAINER_SECONDS = 30 * 86_400;
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
const MAX_EVENTS = 1_000_000;
const STOP_REASONS = [
  ...(['end_turn', 'max_tokens', 'stop_sequence', 'tool_use', 'pause_turn', 'refusal'] as const),
  'model_context_window_exceeded',
] as const;
const TIERS = ['standard', 'priority', 'batch'] as const;

const bad = (key: string, value: unknown, expected: string): never => {
  throw new DirectiveError(
    `rehearsal directive: \`${key}\` must be ${expected}, not ${JSON.stringify(value)}`,
  );
};

const asText = (value: unknown, key: string): string =>
  typeof value === 'string' ? value : bad(key, value, 'a string');

const asInteger = (value: unknown, key: string, min: number, max: number): number => {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  return number >= min && number <= max ? number : bad(key, value, `an integer, ${min} to ${max}`);
};

const asOneOf = <T extends string>(value: unknown, key: string, known: readonly T[]): T =>
  known.find((one) => one === value) ?? bad(key, value, `one of ${known.join(', ')}`);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const setInput: Setter = (draft, value, key) => {
  const last = lastTool(draft, key);
  if (!isRecord(value)) return bad(key, value, 'a JSON object');
  draft.content[draft.content.length - 1] = { ...last, input: value };
};

const lastTool = (draft: Draft, key: string) => {
  const last = draft.content.at(-1);
  if (last?.type === 'tool_use' || last?.type === 'server_tool_use') return last;
  throw new DirectiveError(`rehearsal directive: \`${key}\` follows \`tool\``);
};

const setInputText: Setter = (draft, value, key) => {
  const last = lastTool(draft, key);
  if (last.type !== 'tool_use') return bad(key, value, 'what follows `tool`');
  draft.content[draft.content.length - 1] = { ...last, inputText: asText(value, key) };
};

const setId: Setter = (draft, value, key) => {
  draft.content[draft.content.length - 1] = { ...lastTool(draft, key), id: asText(value, key) };
};

const setResult: Setter = (draft, value, key) => {
  const last = lastTool(draft, key);
  if (last.type !== 'server_tool_use') return bad(key, value, 'what follows `server-tool`');
  draft.content[draft.content.length - 1] = { ...last, result: value };
};

const setBlock: Setter = (draft, value, key) => {
  if (!isRecord(value) || !('type' in value)) return bad(key, value, 'a JSON object with a type');
  draft.content.push({ type: 'as_it_is', block: value });
};

const setTooLong: Setter = (draft, value, key) => {
  const tokens = asInteger(value, key, 1, Number.MAX_SAFE_INTEGER);
  const message = `prompt is too long: ${tokens} tokens > ${CONTEXT_TOKENS} maximum`;
  setTrouble(draft, { kind: 'error', status: 400, message });
};

const setRepeat: Setter = (draft, value, key) => {
  const last = draft.content.at(-1);
  if (last?.type !== 'text')
    throw new DirectiveError('rehearsal directive: `repeat` follows `text`');
  const most = Math.floor(MAX_TEXT_BYTES / Math.max(1, Buffer.byteLength(last.text)));
  const text = last.text.repeat(asInteger(value, key, 1, most));
  draft.content[draft.content.length - 1] = { ...last, text };
};

const setTrouble = (draft: Draft, trouble: ErrorAnswer | Fault): void => {
  if (draft.trouble) throw new DirectiveError('rehearsal directive: one trouble in a group');
  draft.trouble = trouble;
};

const fault =
  (kind: Fault['kind']): Setter =>
  (draft, value, key) =>
    setTrouble(draft, { kind, afterEvents: asInteger(value, key, 0, MAX_EVENTS) } as Fault);

const tokens =
  (
    field:
      | 'input_tokens'
      | 'output_tokens'
      | 'cache_read_input_tokens'
      | 'cache_creation_input_tokens',
  ): Setter =>
  (draft, value, key) => {
    draft.usage[field] = asInteger(value, key, 0, Number.MAX_SAFE_INTEGER);
  };

const split =
  (field: 'ephemeral_5m_input_tokens' | 'ephemeral_1h_input_tokens'): Setter =>
  (draft, value, key) => {
    const count = asInteger(value, key, 0, Number.MAX_SAFE_INTEGER);
    draft.usage.cache_creation = { ...draft.usage.cache_creation, [field]: count };
  };

const SETTERS: Readonly<Record<string, Setter>> = {
  text: (draft, value, key) => draft.content.push({ type: 'text', text: asText(value, key) }),
  repeat: setRepeat,
  thinking: (draft, value, key) =>
    draft.content.push({ type: 'thinking', thinking: asText(value, key) }),
  'redacted-thinking': (draft, value, key) =>
    draft.content.push({ type: 'redacted_thinking', data: asText(value, key) }),
  tool: (draft, value, key) =>
    draft.content.push({ type: 'tool_use', name: asText(value, key), input: {} }),
  input: setInput,
  'input-text': setInputText,
  id: setId,
  'server-tool': (draft, value, key) =>
    draft.content.push({ type: 'server_tool_use', name: asText(value, key), input: {} }),
  'mcp-tool': (draft, value, key) => {
    const [, server, name] = /^([^/]+)\/(.+)$/s.exec(asText(value, key)) ?? [];
    if (server === undefined || name === undefined) return bad(key, value, '`server/tool`');
    draft.content.push({ type: 'server_tool_use', server, name, input: {} });
  },
  result: setResult,
  block: setBlock,
  'container-seconds': (draft, value, key) => {
    draft.containerSeconds = asInteger(value, key, 0, MAX_CONTAINER_SECONDS);
  },
  stop: (draft, value, key) => {
    draft.stopReason = asOneOf(value, key, STOP_REASONS);
  },
  refusal: (draft, value, key) => {
    draft.stopReason = 'refusal';
    draft.refusal = { category: draft.refusal?.category ?? null, explanation: asText(value, key) };
  },
  'refusal-category': (draft, value, key) => {
    draft.stopReason = 'refusal';
    draft.refusal = {
      category: asText(value, key),
      explanation: draft.refusal?.explanation ?? null,
    };
  },
  'usage.input_tokens': tokens('input_tokens'),
  'usage.output_tokens': tokens('output_tokens'),
  'usage.cache_read_input_tokens': tokens('cache_read_input_tokens'),
  'usage.cache_creation_input_tokens': tokens('cache_creation_input_tokens'),
  'usage.cache_creation.ephemeral_5m_input_tokens': split('ephemeral_5m_input_tokens'),
  'usage.cache_creation.ephemeral_1h_input_tokens': split('ephemeral_1h_input_tokens'),
  'usage.service_tier': (draft, value, key) => {
    draft.usage.service_tier = asOneOf(value, key, TIERS);
  },
  'usage.iterations': (draft, value, key) => {
    draft.usage.iterations = Array.isArray(value) ? value : bad(key, value, 'a JSON array');
  },
  'count-tokens': (draft, value, key) => {
    draft.inputTokens = asInteger(value, key, 0, Number.MAX_SAFE_INTEGER);
  },
  chunks: (draft, value, key) => {
    draft.chunks = asInteger(value, key, 1, 10_000);
  },
  'wait-ms': (draft, value, key) => {
    draft.waitMs = asInteger(value, key, 0, MAX_MS);
  },
  'delay-ms': (draft, value, key) => {
    draft.delayMs = asInteger(value, key, 0, MAX_MS);
  },
  'too-long': setTooLong,
  status: (draft, value, key) =>
    setTrouble(draft, { kind: 'error', status: asInteger(value, key, 400, 599) }),
  'cut-after': fault('cut'),
  'stall-after': fault('stall'),
  'error-after': fault('error'),
  type: (draft, value, key) => {
    draft.detail.type = asText(value, key);
  },
  message: (draft, value, key) => {
    draft.detail.message = asText(value, key);
  },
  'retry-after': (draft, value, key) => {
    draft.detail.retryAfter = asText(value, key);
  },
  'should-retry': (draft, value, key) => {
    draft.detail.shouldRetry = asOneOf(value, key, ['true', 'false']) === 'true';
  },
  model: (draft, value, key) => {
    draft.model = asText(value, key);
  },
  header: (draft, value, key) => {
    const [, name, text] =
      /^([A-Za-z][A-Za-z0-9-]*): ?([\x20-\x7e]+)$/.exec(asText(value, key)) ?? [];
    if (name === undefined || text === undefined) return bad(key, value, '"name: value"');
    draft.headers = { ...draft.headers, [name]: text };
  },
  times: (draft, value, key) => {
    draft.times = asInteger(value, key, 1, 1000);
  },
};

export const DIRECTIVE_KEYS: readonly string[] = Object.keys(SETTERS);

/** Which details a trouble has a use for. */
const detailsOf = (trouble: Directive['trouble']): readonly string[] => {
  if (!trouble) return [];
  if (!('afterEvents' in trouble)) return ['type', 'message', 'retryAfter', 'shouldRetry'];
  return trouble.kind === 'error' ? ['type', 'message'] : [];
};

/** Details without their trouble would silently mean nothing, and so are refused. */
const withDetail = ({ detail, ...draft }: Draft): Directive => {
  const useful = detailsOf(draft.trouble);
  const stray = Object.keys(detail).find((name) => !useful.includes(name));
  if (stray)
    throw new DirectiveError(
      `rehearsal directive: \`${stray.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}\` needs status (or error-after)`,
    );
  for (const key of ['times', 'model'] as const)
    if (draft[key] !== undefined && !draft.trouble)
      throw new DirectiveError(
        `rehearsal directive: \`${key}\` needs status, cut-after, stall-after or error-after`,
      );
  return draft.trouble ? { ...draft, trouble: { ...draft.trouble, ...detail } } : draft;
};

const directiveOf = (pairs: readonly Pair[]): Directive => {
  const draft: Draft = { content: [], usage: {}, detail: {} };
  for (const { key, value } of pairs) {
    const setter = Object.hasOwn(SETTERS, key) ? SETTERS[key] : undefined;
    if (!setter)
      throw new DirectiveError(
        `rehearsal directive: unknown key \`${key}\`; known are ${DIRECTIVE_KEYS.join(', ')}`,
      );
    setter(draft, value, key);
  }
  return withDetail(draft);
};

/** The groups of a prompt, in order. @throws DirectiveError naming the first that cannot be obeyed */
export const directivesOf = (prompt: string): Directive[] => groupsOf(prompt).map(directiveOf);
