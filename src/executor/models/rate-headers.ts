/**
 * What the API says in the headers of an answer about its rate: how much of each limit is left, and when all of it is
 * there again. Pure.
 */

/** Of the limit that is nearest to its end. */
export interface RateLeft {
  /** Between 0 and 1: so much of it is left. */
  readonly part: number;
  /** In so many milliseconds it is whole again, if nothing is asked. */
  readonly wholeInMs: number;
}

/** With more than this left there is nothing to say. */
export const NEAR_LIMIT = 0.2;

type Kind = 'requests' | 'tokens' | 'input-tokens' | 'output-tokens';
const KINDS: readonly Kind[] = ['requests', 'tokens', 'input-tokens', 'output-tokens'];
/** Limits are counted by the minute; a moment that is farther away is of a clock that goes wrong. */
const LONGEST_MS = 3_600_000;

/** Undefined: none of the limits is near. What cannot be read counts as absent. */
export const rateLeft = (headers: Headers, nowMs: number): RateLeft | undefined => {
  const clockMs = clockOf(headers, nowMs);
  let nearest: RateLeft | undefined;
  for (const kind of KINDS) {
    const part = partOf(headers, kind);
    if (part === undefined || part >= (nearest?.part ?? NEAR_LIMIT)) continue;
    const wholeMs = Date.parse(headers.get(`anthropic-ratelimit-${kind}-reset`) ?? '') - clockMs;
    const wholeInMs = Number.isNaN(wholeMs) ? 0 : Math.min(LONGEST_MS, Math.max(0, wholeMs));
    nearest = { part, wholeInMs };
  }
  return nearest;
};

/** The moments are of the API's clock. What it says of that has whole seconds, so ours is taken where both agree. */
const clockOf = (headers: Headers, nowMs: number): number => {
  const date = Date.parse(headers.get('date') ?? '');
  return Math.abs(date - nowMs) > CLOCKS_DIFFER_MS ? date : nowMs;
};

const CLOCKS_DIFFER_MS = 2_000;

const partOf = (headers: Headers, kind: Kind): number | undefined => {
  const limit = numberIn(headers.get(`anthropic-ratelimit-${kind}-limit`));
  const remaining = numberIn(headers.get(`anthropic-ratelimit-${kind}-remaining`));
  if (limit === undefined || limit === 0 || remaining === undefined) return undefined;
  return Math.min(1, remaining / limit);
};

const numberIn = (text: string | null): number | undefined =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
