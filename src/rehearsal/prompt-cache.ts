/**
 * The prompt cache as far as its accounting goes: which part of a prompt would have been read, which written, and why one
 * was missed. It owns a bounded memory of prefixes, as hashes; a request without breakpoints neither reads nor adds to it.
 *
 * 1. Order of a prompt: tools, system, messages. The messages' part begins with what they depend on besides: the choice
 *    of tools, thinking and effort.
 * 2. A prefix is written at a breakpoint where it has the model's least size, and found at a breakpoint or up to 20 blocks
 *    before one. It lives 5 minutes or an hour from the beginning of the request that wrote or last read it.
 * 3. What was read, written and neither adds up to the tokens of the whole body (tokens.ts).
 * 4. Fingerprints for diagnostics are kept of requests that ask for them, as in the API.
 */
import { hash } from 'node:crypto';
import { isObject, type Json, objectsOf } from './request-json.ts';
import { BYTES_PER_TOKEN } from './tokens.ts';

export interface CacheUse {
  readonly read: number;
  readonly written5m: number;
  readonly written1h: number;
}

export type Diagnosis = {
  readonly cache_miss_reason: {
    readonly type: string;
    readonly cache_missed_input_tokens?: number;
  };
} | null;

const LOOKBACK_BLOCKS = 20;
const LIFE_MS = { '5m': 300_000, '1h': 3_600_000 } as const;
type Ttl = keyof typeof LIFE_MS;

/** The fewest tokens that a model keeps, by the beginning of its name; the first that fits. */
const LEAST_TOKENS: readonly (readonly [model: string, tokens: number])[] = [
  ['claude-opus-4-8', 1_024],
  ['claude-opus-4-7', 2_048],
  ['claude-opus-4', 4_096],
  ['claude-haiku-4', 4_096],
  ['claude-opus-5', 512],
  ['claude-fable-5', 512],
  ['claude-mythos-5', 512],
];
const USUAL_LEAST = 1_024;

const leastTokens = (model: string): number =>
  LEAST_TOKENS.find(([name]) => model.startsWith(name))?.[1] ?? USUAL_LEAST;

/** A place in a prompt where a prefix ends: a tool, a block of the system prompt or of a message. */
interface Place {
  readonly hash: string;
  /** Of the prefix, this block included. */
  readonly tokens: number;
  readonly mark: Ttl | undefined;
}

interface Fingerprint {
  readonly model: string;
  readonly tools: string;
  readonly system: string;
  readonly others: string;
  /** Behind the last message. */
  readonly end: string;
  readonly places: number;
  readonly tokens: number;
}

export class PromptCache {
  readonly #most: number;
  readonly #written = new Map<string, { readonly untilMs: number; readonly ttl: Ttl }>();
  readonly #fingerprints = new Map<string, Fingerprint>();

  /** So many prefixes, and so many fingerprints, are remembered; the oldest go first. */
  constructor(most: number) {
    this.#most = most;
  }

  clear(): void {
    this.#written.clear();
    this.#fingerprints.clear();
  }

  /** Accounts for a request that is answered. */
  use(body: Json, nowMs: number): CacheUse {
    const places = placesOf(body);
    const marked = places.flatMap(({ mark }, at) => (mark === undefined ? [] : [at]));
    const found = this.#longest(places, marked, nowMs);
    const use = { read: places[found]?.tokens ?? 0, '5m': 0, '1h': 0 };
    let from = use.read;
    for (const at of marked) {
      const place = places[at] as Place;
      if (at <= found || place.tokens < leastTokens(String(body.model))) continue;
      const ttl = place.mark ?? '5m';
      use[ttl] += place.tokens - from;
      from = place.tokens;
      this.#keep(place.hash, ttl, nowMs);
    }
    return { read: use.read, written5m: use['5m'], written1h: use['1h'] };
  }

  /** What the answer `id` says of the cache; null: nothing was missed, or nothing was asked. */
  diagnose(body: Json, id: string): Diagnosis {
    const { diagnostics } = body;
    if (!isObject(diagnostics)) return null;
    const places = placesOf(body);
    const print = fingerprintOf(body, places);
    remember(this.#fingerprints, id, print, this.#most);
    const { previous_message_id: previous } = diagnostics;
    if (typeof previous !== 'string') return null;
    const before = this.#fingerprints.get(previous);
    if (before === undefined) return { cache_miss_reason: { type: 'previous_message_not_found' } };
    const type = divergence(before, print, places);
    if (type === undefined) return null;
    return {
      cache_miss_reason:
        type === 'unavailable' ? { type } : { type, cache_missed_input_tokens: before.tokens },
    };
  }

  /** The index of the longest prefix that is known; -1: none is. A hit lives on. */
  #longest(places: readonly Place[], marked: readonly number[], nowMs: number): number {
    for (const at of [...marked].reverse()) {
      for (let back = at; back >= Math.max(0, at - LOOKBACK_BLOCKS); back -= 1) {
        const { hash: prefix } = places[back] as Place;
        const known = this.#written.get(prefix);
        if (known === undefined || known.untilMs <= nowMs) continue;
        this.#keep(prefix, known.ttl, nowMs);
        return back;
      }
    }
    return -1;
  }

  #keep(prefix: string, ttl: Ttl, nowMs: number): void {
    remember(this.#written, prefix, { ttl, untilMs: nowMs + LIFE_MS[ttl] }, this.#most);
  }
}

const remember = <T>(map: Map<string, T>, key: string, value: T, most: number): void => {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
};

const digest = (text: string): string => hash('sha1', text, 'hex');

/** What the messages' part of the cache depends on besides. */
const othersOf = ({ tool_choice, thinking, output_config }: Json): string =>
  JSON.stringify([tool_choice, thinking, isObject(output_config) ? output_config.effort : null]);

const systemOf = ({ system }: Json): readonly Json[] =>
  typeof system === 'string' ? [{ type: 'text', text: system }] : objectsOf(system);

const blocksOf = ({ content }: Json): readonly Json[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : objectsOf(content);

/** A tool that is not loaded yet is no part of the prompt. */
const loadedTools = (body: Json): readonly Json[] =>
  objectsOf(body.tools).filter(({ defer_loading: isDeferred }) => isDeferred !== true);

const placesOf = (body: Json): Place[] => {
  const places: Place[] = [];
  let prefix = digest(String(body.model));
  let bytes = 0;
  const add = (part: Json, before: string): void => {
    const text = JSON.stringify(withoutMarks(part));
    bytes += Buffer.byteLength(text) - (isPlainText(part) ? TEXT_BLOCK_BYTES : 0);
    prefix = digest(`${prefix}${before}${text}`);
    places.push({ hash: prefix, tokens: Math.floor(bytes / BYTES_PER_TOKEN), mark: markIn(part) });
  };
  for (const tool of loadedTools(body)) add(tool, 'tool');
  for (const block of systemOf(body)) add(block, 'system');
  prefix = digest(prefix + othersOf(body));
  for (const message of objectsOf(body.messages)) {
    for (const block of blocksOf(message)) add(block, String(message.role));
  }
  return places;
};

/** What a block adds to its text: it may have come as a text alone, and counts as that, so that its tokens are the same however it comes. */
const TEXT_BLOCK_BYTES = JSON.stringify({ type: 'text', text: '' }).length - '""'.length;

const isPlainText = (part: Json): boolean => {
  if (part.type !== 'text' || typeof part.text !== 'string') return false;
  for (const field in part)
    if (field !== 'type' && field !== 'text' && field !== 'cache_control') return false;
  return true;
};

/** Its own, or that of a block within. */
const markIn = ({ cache_control: control, content }: Json): Ttl | undefined => {
  if (isObject(control)) return control.ttl === '1h' ? '1h' : '5m';
  if (!Array.isArray(content)) return undefined;
  return objectsOf(content)
    .map(markIn)
    .find((mark) => mark !== undefined);
};

/** Most blocks have none, and are not copied. */
const withoutMarks = (part: Json): Json => {
  if (!hasMark(part)) return part;
  const { cache_control: _, ...block } = part;
  return Array.isArray(block.content)
    ? {
        ...block,
        content: block.content.map((inner) => (isObject(inner) ? withoutMarks(inner) : inner)),
      }
    : block;
};

const hasMark = (part: Json): boolean =>
  part.cache_control !== undefined ||
  (Array.isArray(part.content) && part.content.some((inner) => isObject(inner) && hasMark(inner)));

const fingerprintOf = (body: Json, places: readonly Place[]): Fingerprint => ({
  model: String(body.model),
  tools: digest(JSON.stringify(loadedTools(body).map(withoutMarks))),
  system: digest(JSON.stringify(systemOf(body).map(withoutMarks))),
  others: othersOf(body),
  end: places.at(-1)?.hash ?? '',
  places: places.length,
  tokens: places.at(-1)?.tokens ?? 0,
});

/** The first difference, by the API's name; undefined: the prompt before is the beginning of this one. */
const divergence = (
  before: Fingerprint,
  now: Fingerprint,
  places: readonly Place[],
): string | undefined => {
  if (before.model !== now.model) return 'model_changed';
  if (before.system !== now.system) return 'system_changed';
  if (before.tools !== now.tools) return 'tools_changed';
  if (before.others !== now.others) return 'unavailable';
  return places[before.places - 1]?.hash === before.end ? undefined : 'messages_changed';
};
