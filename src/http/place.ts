/** Where HTTP may be served: on the loopback always, beyond it only where others cannot read along, nor come in unasked. */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Place, Tls } from './listening.ts';

export interface PublicSettings {
  /** Address to listen at. */
  readonly host: string;
  readonly tls: Tls | undefined;
  /** A proxy before it speaks TLS, and nothing else reaches it. */
  readonly isBehindProxy: boolean;
  /** Names by which it may be asked, besides those of the loopback; lower case, without ports. */
  readonly hosts: readonly string[];
  /** Requests of one token in a minute; 0: no limit. */
  readonly rate: number;
}

/** The settings that say so. */
export type HttpSettings = Pick<
  Config,
  'httpHost' | 'httpHosts' | 'httpTlsCert' | 'httpTlsKey' | 'httpProxy' | 'httpRate'
>;

/** Throws `ConfigError` for files that cannot be read. */
export const publicSettingsOf = (settings: HttpSettings): PublicSettings => ({
  host: settings.httpHost,
  tls: tlsIn(settings),
  isBehindProxy: settings.httpProxy === 'on',
  rate: settings.httpRate,
  hosts: (settings.httpHosts ?? '')
    .toLowerCase()
    .split(',')
    .filter((name) => name !== ''),
});

const tlsIn = ({ httpTlsCert, httpTlsKey }: HttpSettings): Tls | undefined => {
  if (httpTlsCert === undefined && httpTlsKey === undefined) return undefined;
  if (httpTlsCert === undefined || httpTlsKey === undefined)
    throw new ConfigError('GREENROOM_HTTP_TLS_CERT and GREENROOM_HTTP_TLS_KEY go together');
  return { cert: pem(httpTlsCert), key: pem(httpTlsKey) };
};

const pem = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${file} cannot be read`, { cause });
  }
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
