import { describe, expect, it } from 'vitest';
import { isPrivate } from '../../../src/tools/web/private-address.ts';
import { isSameHost, webAddress } from '../../../src/tools/web/web-address.ts';

it.each([
  ...['127.0.0.1', '127.255.255.254', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  ...['169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '198.18.0.1'],
  ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', 'fe80::1', 'fe80::1%eth0'],
  ...['fc00::1', 'fd12::1', 'ff02::1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:0:1::1'],
  ...['::ffff:0:7f00:1', '::ffff:0:127.0.0.1'],
  ...['', 'localhost', '1.2.3', '2130706433'],
])('%s is not on the open internet', (address) => {
  expect(isPrivate(address)).toBe(true);
});

it.each(['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '2a00:1450::1'])(
  '%s is public',
  (address) => {
    expect(isPrivate(address)).toBe(false);
  },
);

describe('an address', () => {
  const none = { privateHosts: [] };
  it.each([
    ['http://example.com/a?b#c', 'https://example.com/a?b'],
    ['http://example.com:80/', 'https://example.com/'],
    ['https://example.com:8443/', 'https://example.com:8443/'],
    ['HTTPS://EXAMPLE.com', 'https://example.com/'],
  ])('%s is fetched as %s', (given, asked) => {
    expect(webAddress(given, none).href).toBe(asked);
  });

  it('of a private host that is allowed stays as it is', () => {
    const allowed = { privateHosts: ['localhost', '10.0.0.7:81'] };
    expect(webAddress('http://localhost:80/a', allowed).href).toBe('http://localhost/a');
    expect(webAddress('http://10.0.0.7:81/a', allowed).protocol).toBe('http:');
    expect(webAddress('http://10.0.0.7:82/a', allowed).protocol).toBe('https:');
  });

  it.each([
    ['example.com', 'is no address'],
    ['', 'is no address'],
    ['file:///etc/passwd', 'Only http and https'],
    ['ftp://example.com', 'Only http and https'],
    ['https://user:secret@example.com', 'user name or a password'],
    [`https://example.com/${'a'.repeat(3_000)}`, 'is no address'],
  ])('%s is refused', (given, why) => {
    expect(() => webAddress(given, none)).toThrow(why);
  });

  it.each([
    ['https://a.org', 'https://www.a.org/x', true],
    ['https://a.org', 'https://b.org', false],
    ['https://a.org', 'https://a.org.b.org', false],
    ['https://a.org', 'https://a.org:444', false],
    ['https://a.org', 'https://x.a.org', false],
  ])('%s and %s have the same host: %s', (one, other, isSame) => {
    expect(isSameHost(new URL(one), new URL(other))).toBe(isSame);
  });
});
