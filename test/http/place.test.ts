/** Where HTTP is served, and where it must not be. */
import { expect, it } from 'vitest';
import { placeOf, publicSettingsOf } from '../../src/http/place.ts';

const settings = (more: Partial<Parameters<typeof publicSettingsOf>[0]> = {}) =>
  publicSettingsOf({
    ...{ httpHost: '127.0.0.1', httpHosts: undefined, httpProxy: 'off' },
    ...{ httpTlsCert: undefined, httpTlsKey: undefined, httpRate: 0, ...more },
  });

const PUBLIC = { httpHost: '0.0.0.0', httpHosts: 'Greenroom.example', httpProxy: 'on' } as const;

it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s needs nothing more', (httpHost) => {
  expect(placeOf(settings({ httpHost }), false)).toEqual({ host: httpHost, tls: undefined });
});

it('beyond the loopback it is behind a proxy, has a name, and tokens', () => {
  expect(settings(PUBLIC).hosts).toEqual(['greenroom.example']);
  expect(placeOf(settings(PUBLIC), true)).toEqual({ host: '0.0.0.0', tls: undefined });
  expect(() => placeOf(settings({ ...PUBLIC, httpProxy: 'off' }), true)).toThrow(/without TLS/);
  expect(() => placeOf(settings({ ...PUBLIC, httpHosts: undefined }), true)).toThrow(/a name/);
  expect(() => placeOf(settings(PUBLIC), false)).toThrow(/without a token/);
  for (const httpHost of ['::', '10.0.0.7', '127.0.0.1.evil', '128.0.0.1'])
    expect(() => placeOf(settings({ httpHost }), false), httpHost).toThrow();
});

it('a certificate goes with its key, and both are files', () => {
  expect(() => settings({ httpTlsCert: 'a' })).toThrow(/go together/);
  expect(() => settings({ httpTlsCert: '/none', httpTlsKey: '/none' })).toThrow(/cannot be read/);
});
