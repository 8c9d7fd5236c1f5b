/**
 * Whether a request comes from where requests may come from, before anything else of it is looked at.
 *
 * A page of the web can have its own name resolve to 127.0.0.1 and then ask us as its own server; its requests still name
 * it (DNS rebinding). It can also have a browser send requests to us that carry our cookie; browsers then say who sent them.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { GreenroomError } from '../../model/errors.ts';
import { HttpError } from '../wire/problem.ts';

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
const WITH_PORT = /^(.+?)(?::\d{1,5})?$/;

/** Who may be named as the host, besides the loopback: lower-case names without ports. */
export type Hosts = readonly string[];

/** Any port will do: a tunnel may have another one. */
export const isKnownHost = (host: string | undefined, others: Hosts = []): boolean => {
  const [, name = ''] = WITH_PORT.exec(host ?? '') ?? [];
  const lower = name.toLowerCase();
  return LOOPBACK.includes(lower) || others.includes(lower);
};

/** Throws `misdirected` for another host, `forbidden` for a request that another site's page has made. */
export const mustBeOurs = (headers: IncomingHttpHeaders, hosts: Hosts): void => {
  const { host, origin } = headers;
  if (!isKnownHost(host, hosts))
    throw new HttpError(
      'misdirected',
      'the Host header must name the loopback, or a host that is configured',
    );
  if (origin !== undefined && !isSameOrigin(origin, host))
    throw new GreenroomError('forbidden', 'requests of pages of another origin are not answered');
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new GreenroomError('forbidden', 'requests of pages of another site are not answered');
};

/** A browser names the page's scheme, host and port; the page is ours if that is the host it asks. */
const isSameOrigin = (origin: string, host: string | undefined): boolean => {
  const [, asked] = /^https?:\/\/([^/]+)$/.exec(origin) ?? [];
  return asked !== undefined && asked.toLowerCase() === host?.toLowerCase();
};
