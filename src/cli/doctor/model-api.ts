/** Who answers model calls, and whether it would: asks the Claude API about the key and the model, which costs nothing. */
import { z } from 'zod';
import type { Config } from '../../config/config.ts';
import { modelWarnings, nextStepOf } from '../../model/advice.ts';
import { withoutUserParts } from '../../platform/address.ts';
import { priceOf } from '../../pricing/price.ts';
import { type Check, fail, ok, warn } from './check.ts';

const API_URL = 'https://api.anthropic.com';
const WITHIN_MS = 5_000;
const NAME = 'provider';

const Refusal = z.object({ error: z.object({ type: z.string(), message: z.string() }) });

export const checkProvider = async (config: Config, nowMs: number): Promise<readonly Check[]> => {
  const { provider, anthropicApiKey: key, model } = config;
  const isKnown = priceOf(model, nowMs) !== undefined;
  const warnings = modelWarnings({ provider, hasKey: key !== undefined, model, isKnown });
  const known = warnings.map(({ finding, nextStep }) => warn('model', finding, nextStep));
  if (provider === 'rehearsal')
    return [
      warn(
        NAME,
        'rehearsal: answers are made up, nothing is paid',
        'set ANTHROPIC_API_KEY for real answers',
      ),
      ...known,
    ];
  if (key === undefined)
    return [fail(NAME, 'anthropic, and no key', 'set ANTHROPIC_API_KEY'), ...known.slice(1)];
  return [await asked(config, key), ...known];
};

const asked = async ({ anthropicBaseUrl, model }: Config, key: string): Promise<Check> => {
  const base = (anthropicBaseUrl ?? API_URL).replace(/\/+$/, '');
  try {
    const response = await fetch(`${base}/v1/models/${encodeURIComponent(model)}`, {
      headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    if (response.ok) return ok(NAME, `anthropic: the key is accepted, and ${model} is known`);
    return refused(response.status, await response.text());
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    return warn(
      NAME,
      `anthropic: ${withoutUserParts(base)} cannot be asked: ${why}`,
      nextStepOf('connection_error') ?? '',
    );
  }
};

/** What is not of the API's form comes from a gateway that knows turns and nothing else. */
const refused = (status: number, body: string): Check => {
  const refusal = Refusal.safeParse(json(body)).data?.error;
  const type = refusal?.type ?? `http_${status}`;
  const finding = `anthropic: ${refusal?.message ?? `status ${status}`} (${type})`;
  const isCertain = status === 401 || status === 403 || type === 'not_found_error';
  return (isCertain ? fail : warn)(
    NAME,
    finding,
    nextStepOf(type) ?? 'look into the log of the API or gateway',
  );
};

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
