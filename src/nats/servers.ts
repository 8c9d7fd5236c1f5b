/**
 * Server addresses, user part included, as the NATS client wants them: it takes host and port from an
 * address and nothing else. One account serves all servers: the first one named.
 */
import type { ConnectionOptions } from 'nats';
import { accountIn, addressesIn } from '../platform/address.ts';

/** Addresses with commas or as a list: `nats://user:password@host:port`, `nats://token@host`; user parts URL-encoded. */
export const serversIn = (
  addresses: string | readonly string[],
): Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'token'> => {
  const parts = addressesIn(addresses);
  const servers = parts.map(({ scheme, host }) => `${scheme}${host}`);
  const userPart = parts.find((part) => part.userPart)?.userPart;
  return { servers, ...(userPart === undefined ? {} : credentialsIn(userPart)) };
};

const credentialsIn = (userPart: string): Pick<ConnectionOptions, 'user' | 'pass' | 'token'> => {
  const { user, secret } = accountIn(userPart);
  return user === undefined ? { token: secret } : { user, pass: secret };
};
