/** How long a request may take that has no other deadline, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 30_000;
