/**
 * The form of the price table: one row per model and day from which its prices hold.
 *
 * Prices are whole nano-dollars per token: 1,000 is one dollar per million tokens.
 */

export interface Rates {
  readonly input: number;
  readonly output: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly cacheRead: number;
}

export interface PriceRow {
  /** Without a date or context suffix: `claude-sonnet-4-5`, not `claude-sonnet-4-5-20250929[1m]`. */
  readonly model: string;
  /** UTC day from which the row holds, until the model's next row. */
  readonly validFrom: string;
  readonly nanoUsdPerToken: Rates;
  /** Rates of every token of a request, output included, whose prompt is longer than this. */
  readonly longPrompt?: { readonly aboveTokens: number; readonly nanoUsdPerToken: Rates };
  /** What fast mode costs, as a multiple; absent: the model has none that we know of. */
  readonly fastMultiplier?: number;
  /** What inference bound to the United States costs, as a multiple; absent: the model has none that we know of. */
  readonly usOnlyMultiplier?: number;
}

/** Rows of one model stand together, oldest first. */
export type PriceTable = readonly PriceRow[];
