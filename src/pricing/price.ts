/**
 * What a response costs: its usage times the price that its model had at that moment.
 *
 * 1. Money is an integer number of nano-dollars.
 * 2. A model without a price costs `null`, never 0: whoever sums must say that something is missing. So does
 *    a request whose surcharge is not known: it never costs the plain price.
 * 3. Each response is priced alone, by its own time and its own prompt length; sums of usage are
 *    never priced, because bands hold per request.
 *
 * Every function takes a table, so that a configuration can bring its own.
 */
import { emptyUsage, type ModelUsage, promptTokens, type Usage } from '../model/usage.ts';
import type { PriceRow, PriceTable, Rates } from './price-row.ts';
import { PRICE_TABLE } from './price-table.ts';

/** One web search: ten dollars per thousand, whatever the model. Fetching costs only its tokens. */
export const WEB_SEARCH_NANO_USD = 10_000_000;

/** Batches cost half, whatever the model. */
const BATCH_MULTIPLIER = 0.5;

/** What Claude Code calls messages that it wrote itself; nobody was asked, nothing was paid. */
export const SYNTHETIC_MODEL = '<synthetic>';

/** How a request was run, where that changes its price. */
export type Terms = Partial<Omit<ModelUsage, 'model' | 'usage'>>;

/** The row that held at that time; before a model's first row its first; unknown model: undefined. */
export const priceOf = (
  model: string,
  atMs: number,
  table: PriceTable = PRICE_TABLE,
): PriceRow | undefined => {
  const name = plainModelName(model);
  const rows = table.filter((row) => row.model === name);
  return rows.findLast((row) => Date.parse(row.validFrom) <= atMs) ?? rows[0];
};

/** The cost of one response in nano-dollars; null when its model, or the way it ran, has no known price. */
export const costNanoUsd = (
  usage: Usage,
  model: string,
  atMs: number,
  terms: Terms = {},
  table: PriceTable = PRICE_TABLE,
): number | null => {
  if (model === SYNTHETIC_MODEL) return 0;
  const row = priceOf(model, atMs, table);
  if (row === undefined) return null;
  const multiple = multiplier(row, terms);
  if (multiple === undefined) return null;
  const tokens = costOfTokens(usage, ratesFor(row, usage)) * multiple;
  return Math.round(tokens) + usage.webSearchRequests * WEB_SEARCH_NANO_USD;
};

/** The cost of a response that several models worked on; null when one that used tokens has no price. */
export const costOfParts = (
  parts: readonly ModelUsage[],
  atMs: number,
  table: PriceTable = PRICE_TABLE,
): number | null =>
  parts.reduce<number | null>((sum, part) => {
    const cost = costNanoUsd(part.usage, part.model, atMs, part, table);
    return sum === null || cost === null ? null : sum + cost;
  }, 0);

/** What it cost that so many tokens were not read from the cache; null: the model has no price. */
export const costOfMiss = (
  tokens: number,
  model: string,
  atMs: number,
  table: PriceTable = PRICE_TABLE,
): number | null => {
  const plain = costNanoUsd({ ...emptyUsage, inputTokens: tokens }, model, atMs, {}, table);
  const read = costNanoUsd({ ...emptyUsage, cacheReadInputTokens: tokens }, model, atMs, {}, table);
  return plain === null || read === null ? null : Math.max(0, plain - read);
};

/** The most that a call can cost: all of its prompt written to the cache, all that it may answer answered. null: no price is known. */
export const mostOf = (
  { inputTokens, outputTokens }: Pick<Usage, 'inputTokens' | 'outputTokens'>,
  model: string,
  atMs: number,
  table: PriceTable = PRICE_TABLE,
): number | null => {
  const row = priceOf(model, atMs, table);
  if (row === undefined) return null;
  const { input, output, cacheWrite1h, cacheWrite5m } = ratesFor(row, {
    ...emptyUsage,
    inputTokens,
  });
  const dearest = Math.max(input, cacheWrite1h, cacheWrite5m);
  return Math.ceil(inputTokens * dearest + outputTokens * output);
};

export const FAMILIES = ['sonnet', 'opus', 'haiku', 'fable'] as const;
export type Family = (typeof FAMILIES)[number];

export const familyNamed = (name: string): Family | undefined =>
  FAMILIES.find((family) => family === name);

/** The newest model of a family that was out at that time; before its first its first; undefined: none is known. */
export const newestOf = (
  family: Family,
  atMs: number,
  table: PriceTable = PRICE_TABLE,
): string | undefined => {
  const ofFamily = table.filter((row) => row.model.startsWith(`claude-${family}-`));
  const out = ofFamily.filter((row) => Date.parse(row.validFrom) <= atMs);
  const known = out.length > 0 ? out : ofFamily.slice(0, 1);
  return known.toSorted((a, b) => byNumbers(a.model, b.model)).at(-1)?.model;
};

/** The default model of a session that names none. */
export const newestSonnet = (atMs: number, table: PriceTable = PRICE_TABLE): string =>
  newestOf('sonnet', atMs, table) ?? 'claude-sonnet-5-5';

/** `claude-sonnet-5` before `claude-sonnet-5-5` before `claude-sonnet-10`. Not by `Intl`, whose first use takes longer than a command. */
const byNumbers = (one: string, other: string): number => {
  const [ours, theirs] = [numbersIn(one), numbersIn(other)];
  for (const [at, number] of ours.entries()) {
    const difference = number - (theirs[at] ?? -1);
    if (difference !== 0) return difference;
  }
  return ours.length - theirs.length;
};

const numbersIn = (text: string): readonly number[] => (text.match(/\d+/g) ?? []).map(Number);

/** Where Bedrock, Vertex and their gateways put a model: before its name, up to the last slash. */
const PLACE = /^(?:arn:.*|bedrock(?:\/.*)?|vertex_ai|publishers\/anthropic\/models|projects\/.*)\//;
/** Bedrock's inference profile, as in `us.anthropic.` or `us-gov.anthropic.`. */
const PROFILE = /^(?:[a-z-]+\.)?anthropic\./;
/** Bedrock's version and context size: `-v1:0`, `-v1:0:200k`, `-v1`. */
const BEDROCK_VERSION = /-v\d+(?::\d+[a-z]?)*$/;
/** A date or a moving name, behind Vertex's `@` or Anthropic's hyphen. */
const DATE = /(?:@(?:\d{8}|default|latest)|-(?:\d{8}|latest|0))$/;

/**
 * A model's name without date, context suffix and the spelling of a cloud: `claude-opus-4-5-20251101[1m]`,
 * `us.anthropic.claude-opus-4-5-20251101-v1:0` and `claude-opus-4-5@20251101` are all `claude-opus-4-5`.
 */
export const plainModelName = (model: string): string =>
  model
    .replace(/\[1m\]$/, '')
    .replace(PLACE, '')
    .replace(PROFILE, '')
    .replace(BEDROCK_VERSION, '')
    .replace(DATE, '')
    .replace(BEDROCK_VERSION, ''); // Vertex's is before the date

const ratesFor = (row: PriceRow, usage: Usage): Rates =>
  row.longPrompt !== undefined && promptTokens(usage) > row.longPrompt.aboveTokens
    ? row.longPrompt.nanoUsdPerToken
    : row.nanoUsdPerToken;

const costOfTokens = (usage: Usage, rates: Rates): number =>
  usage.inputTokens * rates.input +
  usage.outputTokens * rates.output +
  usage.cacheCreation5mInputTokens * rates.cacheWrite5m +
  usage.cacheCreation1hInputTokens * rates.cacheWrite1h +
  usage.cacheReadInputTokens * rates.cacheRead;

/** undefined: it costs more or less than the list price, and nobody has said how much. */
const multiplier = (row: PriceRow, terms: Terms): number | undefined => {
  const fast = terms.isFast === true ? row.fastMultiplier : 1;
  const usOnly = terms.isUsOnly === true ? row.usOnlyMultiplier : 1;
  if (fast === undefined || usOnly === undefined || terms.hasUnknownTerms === true)
    return undefined;
  return fast * usOnly * (terms.isBatch === true ? BATCH_MULTIPLIER : 1);
};
