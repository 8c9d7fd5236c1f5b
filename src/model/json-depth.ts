/**
 * How deeply JSON is nested. What is nested without end can be parsed and can be stored, and whoever writes it as JSON
 * again runs out of stack; so it is looked at where it comes in.
 */

/** Objects and arrays inside each other, in a message or in a line of a transcript. */
export const MAX_DEPTH = 1_000;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Counts brackets outside strings. Whatever is shorter than two limits cannot be too deep. */
export const isTooDeep = (json: string | Uint8Array, limit: number = MAX_DEPTH): boolean => {
  if (json.length < 2 * limit) return false;
  const bytes = typeof json === 'string' ? Buffer.from(json) : json;
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isInString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) isInString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      if (depth > limit) return true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
  }
  return false;
};

/** Of a value that is parsed already; looks no deeper than the limit. */
export const isDeeperThan = (limit: number, value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  return limit === 0 || Object.values(value).some((part) => isDeeperThan(limit - 1, part));
};
