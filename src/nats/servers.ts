/**
 * Server addresses as people write them, user part included, as the NATS client wants them: it takes
 * host and port from an address and nothing else. One account serves all servers: the first one named.
 */
import type { ConnectionOptions } from 'nats';

const USER_PART = /^(\w+:\/\/)?([^@]*)@(.*)$/;

/** Addresses with commas or as a list: `nats://user:password@host:port`, `nats://token@host`; user parts URL-encoded. */
export const serversIn = (
  addresses: string | readonly string[],
): Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'token'> => {
  const parts = [addresses]
    .flat()
    .flatMap((text) => text.split(','))
    .map((address) => USER_PART.exec(address.trim()) ?? ['', '', undefined, address.trim()]);
  const servers = parts.map(([, scheme = '', , host = '']) => `${scheme}${host}`);
  const account = parts.find(([, , user]) => user)?.[2];
  return { servers, ...(account === undefined ? {} : accountIn(account)) };
};

const accountIn = (text: string): Pick<ConnectionOptions, 'user' | 'pass' | 'token'> => {
  const colon = text.indexOf(':');
  if (colon < 0) return { token: decode(text) };
  return { user: decode(text.slice(0, colon)), pass: decode(text.slice(colon + 1)) };
};

/** A bare percent sign is taken at its word. */
const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
