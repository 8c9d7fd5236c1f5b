/** What a query has used, in the words of the official SDK: by model over all of its turns, and of one turn. */
import { addUsage, emptyUsage, type Usage } from '../model/usage.ts';
import type { ModelUsage, NonNullableUsage } from './messages.ts';

interface Used {
  readonly usage: Usage;
  readonly costUsd: number;
  readonly hasPrice: boolean;
}

export class Spending {
  readonly #byModel = new Map<string, Used>();

  /** @param costUsd null: the price is not known. */
  add(model: string, usage: Usage, costUsd: number | null): void {
    const before = this.#byModel.get(model);
    this.#byModel.set(model, {
      usage: addUsage(before?.usage ?? emptyUsage, usage),
      costUsd: (before?.costUsd ?? 0) + (costUsd ?? 0),
      hasPrice: (before?.hasPrice ?? true) && costUsd !== null,
    });
  }

  /** The known part. */
  get costUsd(): number {
    return [...this.#byModel.values()].reduce((sum, { costUsd }) => sum + costUsd, 0);
  }

  modelUsage(): Record<string, ModelUsage> {
    return Object.fromEntries([...this.#byModel].map(([model, used]) => [model, inWords(used)]));
  }
}

const inWords = ({ usage, costUsd, hasPrice }: Used): ModelUsage => ({
  inputTokens: usage.inputTokens,
  outputTokens: usage.outputTokens,
  ...(usage.thinkingTokens === undefined ? {} : { thinkingTokens: usage.thinkingTokens }),
  cacheReadInputTokens: usage.cacheReadInputTokens,
  cacheCreationInputTokens: usage.cacheCreationInputTokens,
  cacheCreationEphemeral5mInputTokens: usage.cacheCreation5mInputTokens,
  cacheCreationEphemeral1hInputTokens: usage.cacheCreation1hInputTokens,
  webSearchRequests: usage.webSearchRequests,
  costUSD: costUsd,
  contextWindow: 0,
  maxOutputTokens: 0,
  costBasis: hasPrice ? 'list' : 'unknown',
});

/** As the API writes it; what is not kept has the API's usual value. */
export const apiUsageOf = (usage: Usage): NonNullableUsage => ({
  input_tokens: usage.inputTokens,
  output_tokens: usage.outputTokens,
  cache_read_input_tokens: usage.cacheReadInputTokens,
  cache_creation_input_tokens: usage.cacheCreationInputTokens,
  cache_creation: {
    ephemeral_5m_input_tokens: usage.cacheCreation5mInputTokens,
    ephemeral_1h_input_tokens: usage.cacheCreation1hInputTokens,
  },
  server_tool_use: {
    web_search_requests: usage.webSearchRequests,
    web_fetch_requests: usage.webFetchRequests,
  },
  output_tokens_details: { thinking_tokens: usage.thinkingTokens ?? 0 },
  fallback_credit: null,
  inference_geo: '',
  iterations: [],
  service_tier: 'standard',
  speed: 'standard',
});
