import { describe, expect, test } from 'vitest';
import {
  configText,
  promiseOf,
  requireVersion,
  type Version,
} from '../../src/nats/server-program.ts';

const settings = (version: Version) => ({
  version,
  port: 4222,
  storeDir: '/data/"quoted"',
  maxPayloadBytes: 1_048_576,
});

describe('the nats-server program', () => {
  test('a server older than 2.9 is refused with a sentence', () => {
    expect(() => requireVersion('nats-server: v2.8.4', 'nats-server')).toThrow(
      /needs at least 2.9.0/,
    );
    expect(requireVersion('nats-server: v2.9.10', 'nats-server')).toEqual([2, 9, 10]);
    expect(requireVersion('v2.10.0-beta.1', 'nats-server')).toEqual([2, 10, 0]);
  });

  test('something that is no nats-server is refused', () => {
    expect(() => requireVersion('hello', 'x')).toThrow(/does not say which version/);
  });

  test('syncing always is only asked of a server that knows it', () => {
    expect(configText(settings([2, 9, 25]))).not.toContain('sync_interval');
    expect(configText(settings([2, 10, 0]))).toContain('sync_interval: always');
  });

  test('the server listens on the loopback only', () => {
    expect(configText(settings([2, 10, 0]))).toContain('host: "127.0.0.1"');
  });

  test('a path cannot break out of the configuration', () => {
    expect(configText(settings([2, 10, 0]))).toContain('store_dir: "/data/\\"quoted\\""');
  });

  test('what a broker cannot promise is said', () => {
    expect(promiseOf([2, 9, 10], true)).toContain('a power cut may lose turns');
    expect(promiseOf([2, 12, 0], true)).toContain('syncs each published turn');
    expect(promiseOf([2, 12, 0], false)).toContain('set sync_interval: always');
  });
});
