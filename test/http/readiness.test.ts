/** When the daemon is ready, and what it says when it is not. */
import { describe, expect, it } from 'vitest';
import { isKnownHost } from '../../src/http/access/guard.ts';
import { type Condition, readinessOf } from '../../src/http/readiness.ts';

const GOOD: Condition = { isUp: true, isDraining: false, store: 'good', broker: 'connected' };

describe('readiness', () => {
  it('is there when every part is', () => {
    expect(readinessOf(GOOD)).toEqual({ status: 'ready', reasons: [] });
    expect(readinessOf({ ...GOOD, broker: 'not_wanted' }).status).toBe('ready');
  });

  it.each([
    ['starting', { isUp: false }],
    ['draining', { isDraining: true }],
    ['store_away', { store: 'away' }],
    ['disk_low', { store: 'disk_low' }],
    ['storage_failed', { store: 'storage_failed' }],
    ['broker_away', { broker: 'away' }],
    ['broker_unserved', { broker: 'unserved' }],
  ] as const)('is not there for %s, and says so', (reason, part) => {
    const { status, reasons } = readinessOf({ ...GOOD, ...part });
    expect(status).toBe('not_ready');
    expect(reasons).toEqual([{ reason, message: expect.stringMatching(/^the|^there/) }]);
  });

  it('names every reason', () => {
    const { reasons } = readinessOf({ ...GOOD, isDraining: true, store: 'away', broker: 'away' });
    expect(reasons.map(({ reason }) => reason)).toEqual(['draining', 'store_away', 'broker_away']);
  });
});

describe('a Host header', () => {
  it.each(['localhost', 'LocalHost:4280', '127.0.0.1', '127.0.0.1:80', '[::1]', '[::1]:4280'])(
    'names the loopback: %s',
    (host) => expect(isKnownHost(host)).toBe(true),
  );

  it.each([
    ...[undefined, '', ' ', 'evil.example', 'evil.example:4280', 'localhost.evil.example'],
    ...['127.0.0.1.evil.example', '127.0.0.1:4280:1', 'localhost:', 'localhost:x', '::1', '[::1'],
    ...['localhost@evil.example', 'evil.example#localhost', '0.0.0.0', '2130706433', '127.1'],
    ...['localhost, evil.example', ' localhost', 'localhost:123456'],
  ])('does not: %j', (host) => expect(isKnownHost(host)).toBe(false));
});
