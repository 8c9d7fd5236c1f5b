/** A daemon that is left running: started, found, logged, started again, stopped, by the built command. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutNatsServer } from '../support/nats.ts';
import { Installation } from './installation.ts';
import { jsonLines } from './run-cli.ts';

const installation = (): Installation => {
  const here = new Installation();
  writeFileSync(join(here.folder, '.env'), 'GREENROOM_TEXT_SEARCH=off\n');
  return here;
};

describe.skipIf(withoutNatsServer())('a daemon that is left running', () => {
  const here = installation();
  const logFile = join(here.dataDir, 'log', 'greenroom.log');
  const started: { pid: number }[] = [];
  afterAll(() => here.call(['stop', '--force', '--timeout', '20']));

  beforeAll(async () => {
    const { code, out, err } = await here.call(['start', '--detach', '--json', '--port', '0']);
    expect([code, err]).toEqual([0, '']);
    started.push(...(jsonLines(out) as { pid: number }[]));
  });

  test('is ready when the command returns, and logs to a file', async () => {
    const { code, out } = await here.call(['status', '--json']);
    expect(code).toBe(0);
    expect(jsonLines(out)).toMatchObject([{ pid: started[0]?.pid }]);
    const lines = jsonLines(readFileSync(logFile, 'utf8')) as { msg: string }[];
    expect(lines.at(-1)).toMatchObject({ msg: 'ready' });
    expect((await here.call(['logs', '--last', '1'])).out).toMatch(/ info {2}ready {2}natsUrl=/);
    expect(readFileSync(join(here.dataDir, 'log', 'output.log'), 'utf8')).toBe('');
  });

  test('is the only one: a second is refused in its own words', async () => {
    const { code, err } = await here.call(['start', '--detach']);
    expect(code).toBe(4);
    expect(err).toMatch(/^error: the daemon did not start: .* is in use by process \d+/);
  });

  test('is another process after `restart`, on the same store and in the same log', async () => {
    await here.call(['sessions', 'create', 'kept']);
    const { code, out } = await here.call(['restart', '--json']);
    expect(code).toBe(0);
    const [before] = started;
    expect(jsonLines(out)).toMatchObject([{ ended: { did: 'stopped', pid: before?.pid } }]);
    expect(jsonLines(out)).not.toMatchObject([{ pid: before?.pid }]);
    expect((await here.call(['sessions', 'show', 'kept'])).code).toBe(0);
    const said = (jsonLines(readFileSync(logFile, 'utf8')) as { msg: string }[]).map(
      ({ msg }) => msg,
    );
    expect(said.filter((msg) => /^(ready|stopped)$/.test(msg))).toEqual([
      'ready',
      'stopped',
      'ready',
    ]);
  });

  test('is gone after `stop`', async () => {
    const { code, out } = await here.call(['stop']);
    expect(code).toBe(0);
    expect(out).toMatch(/^process \d+ has drained and ended\n$/);
    expect(existsSync(here.daemonFile)).toBe(false);
    expect((await here.call(['stop'])).out).toMatch(/^no daemon runs on /);
  });
});

test('a start that is refused says why, with its exit code', async () => {
  const here = installation();
  writeFileSync(join(here.folder, 'rules.json'), '{"allow": 7}');
  writeFileSync(join(here.folder, '.env'), 'GREENROOM_PERMISSIONS_FILE=rules.json\n');
  const { code, err } = await here.call(['start', '--detach']);
  expect(code).toBe(2);
  expect(err).toMatch(/the daemon did not start: GREENROOM_PERMISSIONS_FILE: .*rules\.json/);
});
