/** How long a server wants to be left alone, as its `Retry-After` header says (RFC 9110, 10.2.3). */

/** A date of HTTP, in any of its three forms (RFC 9110, 5.6.7). `Date.parse` takes `-5` and `wait 5` for dates too. */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /;

/** In milliseconds: of seconds, with fractions, or of a date to come; nonsense, and what is past, counts as absent. */
export const retryAfterMs = (
  header: string | null | undefined,
  nowMs: number,
): number | undefined => {
  const after = header ?? '';
  const inSeconds = Number(after);
  if (after !== '' && inSeconds >= 0) return Math.round(inSeconds * 1_000);
  const atMs = HTTP_DATE.test(after) ? Date.parse(after) : Number.NaN;
  return atMs > nowMs ? atMs - nowMs : undefined;
};
