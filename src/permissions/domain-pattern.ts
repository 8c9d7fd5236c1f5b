/** The pattern of a `WebFetch(domain:…)` rule, compared with the host of an address as a URL has it (punycode). */

export interface DomainPattern {
  readonly kind: 'domain';
  /** As it is written in the rule. */
  readonly text: string;
  /** As a URL has it, in lower case, stars as they are. */
  readonly host: string;
  readonly matcher: RegExp;
}

/** A sentence says what is wrong with the text. */
export const domainPattern = (text: string): DomainPattern | string => {
  const domain = text.replace(/\.$/, '');
  if (domain === '') return 'no domain follows domain:';
  if (/^[a-z][a-z+.-]*:\/\//i.test(domain))
    return `a domain has no scheme: write domain:${hostIn(domain)}`;
  if (domain.includes('/')) return `a domain has no path: write domain:${domain.split('/')[0]}`;
  if (/:\d+$/.test(domain))
    return `a domain has no port: write domain:${domain.replace(/:\d+$/, '')}`;
  if (domain === '*') return 'for every domain, write WebFetch without parentheses';
  if (/[\s@:?#[\]\\%]/.test(domain) || domain.split('.').includes(''))
    return 'no host has such a name';
  const host = punycode(domain);
  if (host === undefined) return 'no host has such a name';
  return { kind: 'domain', text, host, matcher: matcherOf(host) };
};

const hostIn = (address: string): string =>
  address.replace(/^[^/]*\/\//, '').split(/[/:]/)[0] ?? '';

/** The form that a URL has its host in. Stars stay. */
const punycode = (domain: string): string | undefined => {
  try {
    const labels = domain.split('.').map((label) => (label.includes('*') ? label : hostOf(label)));
    return labels.join('.').toLowerCase();
  } catch {
    return undefined;
  }
};

// A label of digits alone would be read as an address.
const hostOf = (label: string): string =>
  /^[\w-]+$/.test(label)
    ? label
    : new URL(`http://${label}.example`).hostname.replace(/\.example$/, '');

const matcherOf = (host: string): RegExp => {
  const isBelow = host.startsWith('*.');
  const rest = (isBelow ? host.slice(2) : host)
    .split('*')
    .map((piece) => piece.replace(/[.+?^${}()|[\]\\/]/g, '\\$&'))
    .join('[^.]*');
  return new RegExp(`^${isBelow ? '(?:[^.]+\\.)+' : ''}${rest}$`, 'i');
};

/** The host of an address, as it is compared and shown; `undefined` for what is no address of the web. */
export const hostOfAddress = (address: string): string | undefined => {
  try {
    const { hostname, protocol } = new URL(address);
    return /^https?:$/.test(protocol) ? hostname.replace(/\.$/, '') : undefined;
  } catch {
    return undefined;
  }
};
