/** The address of a page: what may be asked for, over which protocol, and where a redirection leads. Pure. */
import { Refusal } from '../tool/refusal.ts';
import type { WebSettings } from '../tool/tool.ts';

/** Characters of an address. */
const MAX_LENGTH = 2_048;

/** http becomes https, unless the host is one of the private ones that are allowed. */
export const webAddress = (text: string, settings: WebSettings): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || text.length > MAX_LENGTH)
    throw new Refusal(`${JSON.stringify(text.slice(0, 200))} is no address of the web.`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Refusal(`Only http and https are fetched, not ${url.protocol}`);
  if (url.username !== '' || url.password !== '')
    throw new Refusal('An address with a user name or a password in it is not fetched.');
  if (url.protocol === 'http:' && !isAllowedPrivate(url, settings)) {
    url.protocol = 'https:';
    if (url.port === '80') url.port = '';
  }
  url.hash = '';
  return url;
};

/** A host as a name or an address alone, IPv6 without brackets. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

export const isAllowedPrivate = (url: URL, { privateHosts }: WebSettings): boolean =>
  privateHosts.some((host) => host.toLowerCase() === hostOf(url) || host === url.host);

/** `www.` or not makes no other host. */
export const isSameHost = (one: URL, other: URL): boolean =>
  bare(one.hostname) === bare(other.hostname) && one.port === other.port;

const bare = (host: string): string => host.replace(/^www\./, '');
