/**
 * Usage: the tokens and server requests that the API reports for a response, and sums of them.
 *
 * 1. `cacheCreationInputTokens` is the whole; its 5-minute and 1-hour parts always add up to it.
 * 2. `outputTokens` includes thinking; `thinkingTokens` only says how much of it that was, where known.
 * 3. Plain numbers: sums of any length stay exact up to 2^53 tokens. A number that no response can have counts as 0.
 */
import { isPlausibleNumber } from './plausible.ts';

export interface Usage {
  /** Prompt tokens that were neither read from the cache nor written to it. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheCreationInputTokens: number;
  readonly cacheCreation5mInputTokens: number;
  readonly cacheCreation1hInputTokens: number;
  readonly cacheReadInputTokens: number;
  readonly webSearchRequests: number;
  readonly webFetchRequests: number;
  /** Part of `outputTokens`; absent where no response reported it. */
  readonly thinkingTokens?: number;
}

/** What one model used within one response: an advisor's part has a model of its own. */
export interface ModelUsage {
  readonly model: string;
  readonly usage: Usage;
  /** The request ran in fast mode, which costs a multiple. */
  readonly isFast: boolean;
  /** Inference was bound to the United States, which costs a tenth more on newer models. */
  readonly isUsOnly: boolean;
  /** The request ran in a batch, which costs half. */
  readonly isBatch?: true;
  /** The request ran in a way that we know no price for. */
  readonly hasUnknownTerms?: true;
}

export const emptyUsage: Usage = Object.freeze({
  inputTokens: 0,
  outputTokens: 0,
  cacheCreationInputTokens: 0,
  cacheCreation5mInputTokens: 0,
  cacheCreation1hInputTokens: 0,
  cacheReadInputTokens: 0,
  webSearchRequests: 0,
  webFetchRequests: 0,
});

export const addUsage = (a: Usage, b: Usage): Usage => combine(a, b, 1);

/** For corrections: what was counted before is taken back. Parts may be negative. */
export const subtractUsage = (a: Usage, b: Usage): Usage => combine(a, b, -1);

/** What is left of a sum without a part of it; no part is below zero, whatever the sum said. */
export const usageLeft = (sum: Usage, part: Usage): Usage => {
  const left = subtractUsage(sum, part);
  const floored = Object.entries(left).map(([field, count]) => [field, Math.max(0, count)]);
  return Object.fromEntries(floored) as Usage;
};

/** Every token of a response, however priced: what decides which copy of it is the complete one. */
export const totalTokens = (usage: Usage): number => promptTokens(usage) + usage.outputTokens;

/** The size of the request: what bands of a price table are measured by. */
export const promptTokens = (usage: Usage): number =>
  usage.inputTokens + usage.cacheReadInputTokens + usage.cacheCreationInputTokens;

/**
 * The usage that the API put on a message; anything missing or odd counts as 0. When the split of
 * the cache writes does not add up to their total, the rest is taken for 5-minute writes.
 */
export const usageFromApi = (apiUsage: unknown): Usage => {
  const api = read(apiUsage);
  const split = read(api.cache_creation);
  const oneHour = count(split.ephemeral_1h_input_tokens);
  const written = Math.max(
    count(api.cache_creation_input_tokens),
    oneHour + count(split.ephemeral_5m_input_tokens),
  );
  const server = read(api.server_tool_use);
  const thinking = read(api.output_tokens_details).thinking_tokens;
  return {
    inputTokens: count(api.input_tokens),
    outputTokens: count(api.output_tokens),
    cacheCreationInputTokens: written,
    cacheCreation5mInputTokens: written - oneHour,
    cacheCreation1hInputTokens: oneHour,
    cacheReadInputTokens: count(api.cache_read_input_tokens),
    webSearchRequests: count(server.web_search_requests),
    webFetchRequests: count(server.web_fetch_requests),
    ...(typeof thinking === 'number' ? { thinkingTokens: count(thinking) } : {}),
  };
};

/**
 * What a response really used, model by model. The top-level numbers leave out what an advisor
 * model used and are sometimes zero, so where the API lists `iterations`, these are what counts.
 */
export const countedUsage = (apiUsage: unknown, model: string): readonly ModelUsage[] => {
  const api = read(apiUsage);
  const terms = termsOf(api);
  const whole = usageFromApi(api);
  const iterations = Array.isArray(api.iterations) ? api.iterations.map(read) : [];
  if (iterations.length === 0) return [{ model, usage: whole, ...terms }];
  return iterations.map((iteration, index) => ({
    model: typeof iteration.model === 'string' ? iteration.model : model,
    usage: index === 0 ? withRequests(usageFromApi(iteration), whole) : usageFromApi(iteration),
    ...terms,
  }));
};

/** What leaves the list price as it is; `default` is what gateways call it, an empty one none at all. */
const PLAIN_SPEEDS: readonly unknown[] = ['standard', 'default', ''];
const PLAIN_PLACES: readonly unknown[] = ['global', 'not_available', ''];
const PLAIN_TIERS: readonly unknown[] = ['standard', 'standard_only', 'default', ''];

const termsOf = ({ speed, inference_geo: place, service_tier: tier }: ApiUsage) => {
  const isFast = speed === 'fast';
  const isUsOnly = place === 'us';
  const isBatch = tier === 'batch';
  const isKnown =
    (isFast || isPlain(speed, PLAIN_SPEEDS)) &&
    (isUsOnly || isPlain(place, PLAIN_PLACES)) &&
    (isBatch || isPlain(tier, PLAIN_TIERS));
  return {
    ...{ isFast, isUsOnly },
    ...(isBatch ? { isBatch } : {}),
    ...(isKnown ? {} : { hasUnknownTerms: true as const }),
  };
};

const isPlain = (value: unknown, plain: readonly unknown[]): boolean =>
  value === undefined || value === null || plain.includes(value);

/** Server requests and thinking are only told for the response as a whole; the first part carries them. */
const withRequests = (part: Usage, whole: Usage): Usage => ({
  ...part,
  webSearchRequests: whole.webSearchRequests,
  webFetchRequests: whole.webFetchRequests,
  ...(whole.thinkingTokens === undefined ? {} : { thinkingTokens: whole.thinkingTokens }),
});

const combine = (a: Usage, b: Usage, sign: 1 | -1): Usage => {
  const sum = combineCounts(a, b, sign);
  if (a.thinkingTokens === undefined && b.thinkingTokens === undefined) return sum;
  return { ...sum, thinkingTokens: (a.thinkingTokens ?? 0) + sign * (b.thinkingTokens ?? 0) };
};

const combineCounts = (a: Usage, b: Usage, sign: 1 | -1): Usage => ({
  inputTokens: a.inputTokens + sign * b.inputTokens,
  outputTokens: a.outputTokens + sign * b.outputTokens,
  cacheCreationInputTokens: a.cacheCreationInputTokens + sign * b.cacheCreationInputTokens,
  cacheCreation5mInputTokens: a.cacheCreation5mInputTokens + sign * b.cacheCreation5mInputTokens,
  cacheCreation1hInputTokens: a.cacheCreation1hInputTokens + sign * b.cacheCreation1hInputTokens,
  cacheReadInputTokens: a.cacheReadInputTokens + sign * b.cacheReadInputTokens,
  webSearchRequests: a.webSearchRequests + sign * b.webSearchRequests,
  webFetchRequests: a.webFetchRequests + sign * b.webFetchRequests,
});

/** The fields that are read, of the usage and of what hangs below it; of any type until looked at. */
interface ApiUsage {
  readonly input_tokens?: unknown;
  readonly output_tokens?: unknown;
  readonly cache_creation_input_tokens?: unknown;
  readonly cache_read_input_tokens?: unknown;
  readonly cache_creation?: unknown;
  readonly ephemeral_5m_input_tokens?: unknown;
  readonly ephemeral_1h_input_tokens?: unknown;
  readonly server_tool_use?: unknown;
  readonly web_search_requests?: unknown;
  readonly web_fetch_requests?: unknown;
  readonly output_tokens_details?: unknown;
  readonly thinking_tokens?: unknown;
  readonly iterations?: unknown;
  readonly model?: unknown;
  readonly speed?: unknown;
  readonly inference_geo?: unknown;
  readonly service_tier?: unknown;
}

const read = (value: unknown): ApiUsage =>
  typeof value === 'object' && value !== null ? value : {};

const count = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && isPlausibleNumber(value)
    ? value
    : 0;
