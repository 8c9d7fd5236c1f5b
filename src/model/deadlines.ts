/** How long a request may take that has no other deadline, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 30_000;

/** Longest wait for the next change of a live query, in milliseconds. */
export const LONGEST_WATCH_MS = 20_000;
