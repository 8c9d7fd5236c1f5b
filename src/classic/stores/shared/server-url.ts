/** The URL of a server, checked before anything waits for it. It may hold a password: errors do not show it. */
import { StorageError } from '../../../model/errors.ts';

export const checkedUrl = (storeName: string, url: unknown, schemes: readonly string[]): string => {
  const scheme = typeof url === 'string' ? /^([a-z]+):/.exec(url)?.[1] : undefined;
  if (typeof url !== 'string' || scheme === undefined || !schemes.includes(scheme))
    throw refusal(
      `${storeName} takes a URL that begins with ${schemes.map((each) => `${each}:`).join(' or ')}`,
    );
  if (!isUrl(url)) throw refusal(`${storeName} takes a URL, and this one is none: ${form(scheme)}`);
  const { username, password, pathname, search, hash } = parsed(url);
  // A password with a bare / ? or # ends the server's name early, and its rest would be looked up as a host.
  if (`${pathname}${search}${hash}`.includes('@') || !isEncoded(username, password))
    throw refusal(`${storeName} cannot read the user or the password of its URL: ${form(scheme)}`);
  if (scheme.startsWith('redis') && !/^\/?\d*$/.test(pathname))
    throw refusal(`${storeName} takes a database by its number: ${scheme}://host:port/0`);
  return url;
};

const parsed = (url: string): URL =>
  new URL(URL.canParse(url) ? url : url.replace('@/', '@localhost/'));

const isEncoded = (...texts: readonly string[]): boolean => {
  try {
    texts.map(decodeURIComponent);
    return true;
  } catch {
    return false;
  }
};

/** A user without a host is PostgreSQL's way to name a local socket. */
const isUrl = (url: string): boolean =>
  URL.canParse(url) || URL.canParse(url.replace('@/', '@localhost/'));

const form = (scheme: string): string =>
  `write ${scheme}://user:password@host:port/database, with %40 for an @, %2F for a /, %3F for a ?, %23 for a # and %25 for a % in a password`;

const refusal = (words: string): StorageError => new StorageError(words, {}, 'invalid_settings');
