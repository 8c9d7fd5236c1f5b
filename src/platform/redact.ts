/** What nobody is shown, whoever prints it: the secrets that are known, what looks like a key, the user part of a URL. */

/** A key of the Claude API, a bearer token. */
const LOOKS_SECRET = /\bsk-ant-[A-Za-z0-9_-]{8,}|\bBearer [A-Za-z0-9._~+/-]{8,}=*/g;
/** A header that cannot be sent is named with its value, and that may be the key. */
const BAD_HEADER = /(\bHeaders\.\w+: ).*?( is an invalid header value)/gs;
/**
 * A password or a token in any text. A password may hold a slash: what stands behind `user:` is no path unless a port
 * is before it. Quotes count as escaped, as in JSON.
 */
const USER_PART =
  /(:\/\/)(?:[^/@\s":[]*:(?!\d+[/?#])(?:\\"|[^@\s"])+|(?:\\"|[^/@\s"])+)@(?:(?:\\"|[^/@\s",])+@)*/g;
const HIDDEN = '(hidden)';
/** Shorter values are no secrets, and replacing them would garble the text. */
const SHORTEST_SECRET = 6;

/** Replaces every secret in a text: the given ones, and what looks like one. */
export const redactor = (secrets: readonly (string | undefined)[]): ((text: string) => string) => {
  const known = [...new Set(secrets.flatMap((secret) => (secret ? spellings(secret) : [])))]
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length); // one may be part of another
  return (text) =>
    withoutPasswords(
      known
        .reduce((line, secret) => line.replaceAll(secret, HIDDEN), text)
        .replace(BAD_HEADER, `$1${HIDDEN}$2`)
        .replace(LOOKS_SECRET, HIDDEN),
    );
};

/** As it is, as JSON has it, and as a URL has it. */
const spellings = (secret: string): readonly string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(Buffer.from(secret).toString()),
];

/** URLs, one or several in any text, without their user part. What is known to be an address has `withoutUserParts`. */
const withoutPasswords = (text: string): string => text.replace(USER_PART, `$1${HIDDEN}@`);
