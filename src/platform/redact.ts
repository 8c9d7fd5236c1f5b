/** What nobody is shown, whoever prints it: the secrets that are known, what looks like a key, the user part of a URL. */

/** A key of the Claude API, a bearer token. */
const LOOKS_SECRET = /\bsk-ant-[A-Za-z0-9_-]{8,}|\bBearer [A-Za-z0-9._~+/-]{8,}=*/g;
/** It may be a password or a token. */
const USER_PART = /(:\/\/)[^/@\s"]+@/g;
const HIDDEN = '(hidden)';
/** Shorter values are no secrets, and replacing them would garble the text. */
const SHORTEST_SECRET = 6;

/** Replaces every secret in a text: the given ones, and what looks like one. */
export const redactor = (secrets: readonly (string | undefined)[]): ((text: string) => string) => {
  const known = secrets.filter(
    (secret) => secret !== undefined && secret.length >= SHORTEST_SECRET,
  );
  return (text) =>
    withoutPasswords(
      known
        .reduce<string>((line, secret) => line.replaceAll(secret ?? HIDDEN, HIDDEN), text)
        .replace(LOOKS_SECRET, HIDDEN),
    );
};

/** URLs, one or several in any text, with `instead` in the place of their user part. */
export const withoutPasswords = (text: string, instead = `${HIDDEN}@`): string =>
  text.replace(USER_PART, `$1${instead}`);
