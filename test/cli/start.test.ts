import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { GreenroomError, StorageError } from '../../src/model/errors.ts';
import { greenroom } from './run-cli.ts';

const started = async (line: string, outcome: number | Error = 0) => {
  const configs: Config[] = [];
  const ran = await greenroom(line, {
    env: { NATS_URL: '' },
    runDaemon: async (config) => {
      configs.push(config);
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  });
  return { ...ran, config: configs[0] };
};

test('flags become settings of the daemon', async () => {
  const { code, config } = await started(
    'start --data /data --port 0 --http-port 1234 --workers 2 --model m --provider rehearsal',
  );
  expect(code).toBe(0);
  expect(config).toMatchObject({
    dataDir: '/data',
    natsPort: 0,
    httpPort: 1234,
    workers: 2,
    model: 'm',
    provider: 'rehearsal',
  });
});

test('the exit code of the daemon is that of the program', async () => {
  expect((await started('start', 70)).code).toBe(70);
});

test('a start that fails says the innermost reason, and no more', async () => {
  const why = new StorageError('the store is in use by process 7');
  const error = Object.assign(new Error('greenroom did not start'), {
    code: 'start_failed',
    reason: { shutdown: { child: 'storage', reason: { crashed: why } } },
  });
  const { code, err } = await started('start', error);
  expect(code).toBe(1);
  expect(err).toMatch(
    /^error: the daemon did not start: the store is in use by process 7\n {2}next/,
  );
});

test('a broker that is not there is exit code 5', async () => {
  const { code } = await started('start', new GreenroomError('unavailable', 'no broker'));
  expect(code).toBe(5);
});

test('wrong flags never start anything', async () => {
  const { code, err, config } = await started('start --port many');
  expect([code, config]).toEqual([2, undefined]);
  expect(err).toContain('GREENROOM_NATS_PORT (from the command line) is "many"');
});
