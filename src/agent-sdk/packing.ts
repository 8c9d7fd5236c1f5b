/** Lines into requests that fit: usually one, so that an append is one commit. */

/** Each has at most `maxBytes` of lines as JSON, and at most `maxLines`; a longer line goes alone. */
export const requestsOf = (
  lines: readonly string[],
  maxBytes: number,
  maxLines: number,
): readonly string[][] => {
  const requests: string[][] = [];
  let current: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    const more = Buffer.byteLength(JSON.stringify(line)) + 1;
    if (current.length > 0 && (bytes + more > maxBytes || current.length === maxLines)) {
      requests.push(current);
      current = [];
      bytes = 0;
    }
    current.push(line);
    bytes += more;
  }
  if (current.length > 0) requests.push(current);
  return requests;
};
