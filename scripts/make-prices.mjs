/**
 * Writes src/pricing/price-table.ts from a collection of published prices.
 *
 *   node scripts/make-prices.mjs <claude-prices.json>
 *
 * Base: LiteLLM's rows of Anthropic's own API. On top, in this order: models that only
 * genai-prices knows, the dated changes below, models of the docs supplement, later models.
 * Prices in the table are nano-dollars per token, which every published price is a whole number of.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const TARGET = new URL('../src/pricing/price-table.ts', import.meta.url);

/** Days on which models came out, from their own names or Anthropic's model pages. */
const RELEASED = {
  'claude-sonnet-4-6': '2026-02-17',
  'claude-opus-4-6': '2026-02-05',
  'claude-opus-4-7': '2026-04-16',
  'claude-sonnet-5': '2026-06-30',
  'claude-opus-5': '2026-07-24',
  'claude-fable-5-1': '2026-09-01',
  'claude-opus-5-5': '2026-09-22',
  'claude-sonnet-5-5': '2026-09-28',
  'claude-haiku-5-5': '2026-10-07',
};

/** LiteLLM gives one number each; these had a dearer band above 200,000 tokens until that day. */
const LONG_PROMPT_BAND_ENDED = {
  'claude-opus-4-6': '2026-03-13',
  'claude-sonnet-4-6': '2026-03-13',
};

/** Models that LiteLLM's copy lacks, by their genai-prices id. */
const FROM_GENAI = {
  'claude-3-5-haiku': 'claude-3-5-haiku-latest',
  'claude-3-5-sonnet': 'claude-3-5-sonnet',
  'claude-3-sonnet': 'claude-3-sonnet',
};

/** Newer than the collection; dollars per million tokens. */
const LATER = {
  'claude-fable-5-2': { input: 8, output: 40, write5m: 10, write1h: 16, read: 0.2 },
};

/** The first model that takes `inference_geo`; with it, and with every later one, `us` costs a tenth more. */
const US_ONLY_SINCE = '2026-02-05';
const US_ONLY = 1.1;

const main = (path) => {
  const prices = JSON.parse(readFileSync(path, 'utf8'));
  const rows = [
    ...Object.entries(prices.litellm_anthropic).flatMap(([name, row]) => fromLiteLlm(name, row)),
    ...Object.entries(FROM_GENAI).map(([model, id]) => fromGenai(model, id, prices)),
    ...Object.entries(prices.docs_supplement_usd_per_mtok).flatMap(fromSupplement),
    ...Object.entries(LATER).map(([model, usd]) => ({ model, ...perToken(usd) })),
  ];
  const table = unique(
    rows.map((row) => withUsOnly(withFastMode(row, prices.fast_mode_multiplier), prices)),
  );
  writeFileSync(TARGET, source(table, prices._about));
};

const undated = (name) => name.replace(/-\d{8}$/, '');

const dateIn = (name) => {
  const date = /-(\d{4})(\d{2})(\d{2})$/.exec(name);
  return date === null ? undefined : `${date[1]}-${date[2]}-${date[3]}`;
};

/** Nano-dollars per token from dollars per million tokens: a factor of 1,000. */
const perToken = ({ input, output, write5m, write1h, read }) => ({
  input: nano(input),
  output: nano(output),
  // Known errors of the source: 1-hour writes are 2x input whatever a row says.
  cacheWrite5m: nano(write5m ?? input * 1.25),
  cacheWrite1h: nano(write1h ?? input * 2),
  cacheRead: nano(read ?? input * 0.1),
});

const nano = (usdPerMillion) => {
  const value = Math.round(usdPerMillion * 1000);
  if (!(value > 0) || Math.abs(value - usdPerMillion * 1000) > 1e-6)
    throw new Error(`${usdPerMillion} $/M is not a whole number of nano-dollars per token`);
  return value;
};

const fromLiteLlm = (name, row) => {
  const million = (field) => (row[field] === undefined ? undefined : row[field] * 1e6);
  const model = undated(name);
  const base = perToken({
    input: million('input_cost_per_token'),
    output: million('output_cost_per_token'),
    write5m: million('cache_creation_input_token_cost'),
    read: million('cache_read_input_token_cost'),
  });
  const long = million('input_cost_per_token_above_200k_tokens');
  const us = row.provider_specific_entry?.us;
  const found = {
    model,
    validFrom: RELEASED[model] ?? dateIn(name),
    ...base,
    ...(long === undefined ? {} : { longPrompt: longBand(base) }),
    ...(us === undefined ? {} : { usOnly: us }),
  };
  const bandEnded = LONG_PROMPT_BAND_ENDED[model];
  if (bandEnded === undefined) return [found];
  return [
    { ...found, longPrompt: longBand(base) },
    { ...found, validFrom: bandEnded },
  ];
};

/** Above 200,000 prompt tokens: twice the input prices and 1.5 times the output price, for the whole request. */
const longBand = (base) => ({
  aboveTokens: 200_000,
  input: base.input * 2,
  output: base.output * 1.5,
  cacheWrite5m: base.cacheWrite5m * 2,
  cacheWrite1h: base.cacheWrite1h * 2,
  cacheRead: base.cacheRead * 2,
});

const fromGenai = (model, id, prices) => {
  const { input_mtok, output_mtok, cache_write_mtok, cache_read_mtok } =
    prices.genai_prices_anthropic.find((row) => row.id === id).prices;
  return {
    model,
    ...perToken({
      input: input_mtok,
      output: output_mtok,
      write5m: cache_write_mtok,
      read: cache_read_mtok,
    }),
  };
};

const fromSupplement = ([model, entry]) => {
  const validFrom = entry.from ?? RELEASED[model];
  const usd = (row) => ({
    input: row.input,
    output: row.output,
    write5m: numberOrNone(row.cache_write_5m),
    write1h: numberOrNone(row.cache_write_1h),
    read: row.cache_read,
  });
  if (entry.tiers !== undefined) {
    const [low, high] = entry.tiers;
    const longPrompt = { aboveTokens: low.prompt_tokens_up_to, ...perToken(usd(high)) };
    return [{ model, validFrom, ...perToken(usd(low)), longPrompt }];
  }
  const reads = Array.isArray(entry.cache_read) ? entry.cache_read : [{ usd: entry.cache_read }];
  return reads.map((read) => ({
    model,
    validFrom: read.from ?? validFrom,
    ...perToken(usd({ ...entry, cache_read: read.usd })),
  }));
};

const numberOrNone = (value) => (typeof value === 'number' ? value : undefined);

const withFastMode = (row, multipliers) =>
  typeof multipliers[row.model] === 'number' ? { ...row, fast: multipliers[row.model] } : row;

/** Older models refuse the parameter: what it would cost them is not known. */
const withUsOnly = (row, prices) => {
  const isLater = row.model in LATER || row.model in prices.docs_supplement_usd_per_mtok;
  const isSince = (RELEASED[row.model] ?? '') >= US_ONLY_SINCE;
  return isLater || isSince ? { ...row, usOnly: row.usOnly ?? US_ONLY } : row;
};

/** One row per model and day; a dated and an undated name of one model must agree. */
const unique = (rows) => {
  const byKey = new Map();
  for (const row of rows) {
    const complete = { ...row, validFrom: row.validFrom ?? earliest(rows, row.model) };
    const key = `${complete.model} ${complete.validFrom}`;
    const known = byKey.get(key);
    if (known !== undefined && !samePrices(known, complete))
      throw new Error(`${key} has two prices`);
    if (known === undefined || complete.longPrompt !== undefined) byKey.set(key, complete);
  }
  return [...byKey.values()].sort(
    (a, b) => compare(a.model, b.model) || compare(a.validFrom, b.validFrom),
  );
};

const samePrices = (a, b) =>
  ['input', 'output', 'cacheWrite5m', 'cacheWrite1h', 'cacheRead'].every(
    (field) => a[field] === b[field],
  );

const earliest = (rows, model) =>
  rows
    .filter((row) => row.model === model && row.validFrom !== undefined)
    .map((row) => row.validFrom)
    .sort()[0] ?? '2024-01-01';

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

const source = (table, about) => `/**
 * The dated price table of Claude models. Written by scripts/make-prices.mjs; do not edit.
 *
 * Sources: LiteLLM's model_prices_and_context_window.json (MIT), as of ${about.litellm_rows.mirror_date.slice(0, 10)};
 * pydantic/genai-prices (MIT), ${about.genai_prices.date}; Anthropic's pricing and model pages and release notes of
 * public price trackers (claudit v1.8.1 and v1.9.2, PromptFuel v1.0.23, rightsize v0.10.2) for
 * the models and changes since then, October 2026. The rise of Sonnet 5 to $3/$15 that was
 * announced for September 2026 was called off, so it is not here.
 */
import type { PriceTable } from './price-row.ts';

export const PRICE_TABLE: PriceTable = [
${table.map((row) => `  ${literal(row)},`).join('\n')}
];
`;

const literal = (row) => {
  const { model, validFrom, fast, usOnly, longPrompt, ...prices } = row;
  const fields = [
    `model: '${model}'`,
    `validFrom: '${validFrom}'`,
    `nanoUsdPerToken: ${rates(prices)}`,
    ...(longPrompt === undefined ? [] : [`longPrompt: ${band(longPrompt)}`]),
    ...(fast === undefined ? [] : [`fastMultiplier: ${fast}`]),
    ...(usOnly === undefined ? [] : [`usOnlyMultiplier: ${usOnly}`]),
  ];
  return `{ ${fields.join(', ')} }`;
};

const band = ({ aboveTokens, ...prices }) =>
  `{ aboveTokens: ${number(aboveTokens)}, nanoUsdPerToken: ${rates(prices)} }`;

const rates = (prices) =>
  `{ ${Object.entries(prices)
    .map(([field, value]) => `${field}: ${number(value)}`)
    .join(', ')} }`;

const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, '_');

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('usage: node scripts/make-prices.mjs <claude-prices.json>');
  process.exit(2);
}
main(path);
