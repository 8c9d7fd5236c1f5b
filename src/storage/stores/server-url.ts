/** The URL of a server, checked before anything waits for it. It may hold a password: errors do not show it. */
import { StorageError } from '../../session/errors.ts';

export const checkedUrl = (storeName: string, url: unknown, schemes: readonly string[]): string => {
  const scheme = typeof url === 'string' ? /^([a-z]+):/.exec(url)?.[1] : undefined;
  if (typeof url !== 'string' || scheme === undefined || !schemes.includes(scheme))
    throw refusal(
      `${storeName} takes a URL that begins with ${schemes.map((each) => `${each}:`).join(' or ')}`,
    );
  if (!isUrl(url)) throw refusal(`${storeName} takes a URL, and this one is none: ${form(scheme)}`);
  return url;
};

/** A user without a host is PostgreSQL's way to name a local socket. */
const isUrl = (url: string): boolean =>
  URL.canParse(url) || URL.canParse(url.replace('@/', '@localhost/'));

const form = (scheme: string): string =>
  `write ${scheme}://user:password@host:port/database, with %40 for an @ in a password`;

const refusal = (words: string): StorageError => new StorageError(words, {}, 'invalid_settings');
