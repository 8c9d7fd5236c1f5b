/** The URL of a server, checked before anything waits for it. It may hold a password: errors do not show it. */
import { StorageError } from '../../session/errors.ts';

export const checkedUrl = (storeName: string, url: unknown, schemes: readonly string[]): string => {
  const scheme = typeof url === 'string' ? /^([a-z]+):/.exec(url)?.[1] : undefined;
  if (typeof url === 'string' && scheme !== undefined && schemes.includes(scheme)) return url;
  throw new StorageError(
    `${storeName} takes a URL that begins with ${schemes.map((each) => `${each}:`).join(' or ')}`,
    {},
    'invalid_settings',
  );
};
