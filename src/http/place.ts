/** Where HTTP may be served: on the loopback always, beyond it only where others cannot read along, nor come in unasked. */
import type { Place, Tls } from './listening.ts';

export interface PublicSettings {
  /** Address to listen at. */
  readonly host: string;
  readonly tls: Tls | undefined;
  /** A proxy before it speaks TLS, and nothing else reaches it. */
  readonly isBehindProxy: boolean;
  /** Names by which it may be asked, besides those of the loopback; lower case, without ports. */
  readonly hosts: readonly string[];
}

export const ON_LOOPBACK: PublicSettings = {
  ...{ host: '127.0.0.1', tls: undefined, isBehindProxy: false, hosts: [] },
};

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/;

/** Throws for a place where it must not be. */
export const placeOf = (
  { host, tls, isBehindProxy, hosts }: PublicSettings,
  hasTokens: boolean,
): Omit<Place, 'port'> => {
  if (LOOPBACK.test(host)) return { host, tls };
  if (tls === undefined && !isBehindProxy)
    throw new Error(
      `HTTP is not served at ${host} without TLS: set GREENROOM_HTTP_TLS_CERT and GREENROOM_HTTP_TLS_KEY, or GREENROOM_HTTP_PROXY=on if a proxy before it speaks TLS`,
    );
  if (hosts.length === 0)
    throw new Error(
      `HTTP is not served at ${host} without a name to be asked by: set GREENROOM_HTTP_HOSTS`,
    );
  if (!hasTokens)
    throw new Error(
      `HTTP is not served at ${host} without a token: start on the loopback, make one with \`greenroom tokens create\`, and restart`,
    );
  return { host, tls };
};
