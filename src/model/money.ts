/** Money is counted in whole nano-dollars, so that sums stay exact, and told in dollars. */

const NANO_PER_USD = 1e9;

export const usdOf = (nanoUsd: number): number => nanoUsd / NANO_PER_USD;

/** Rounded, as 0.1 dollars times a billion is a little more than it should be. */
export const nanoUsdOf = (usd: number): number => Math.round(usd * NANO_PER_USD);
