/** The Python client: its own tests against a whole Greenroom, and a daemon that goes away while it reads. */
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startWithBroker } from '../docs/running.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { withoutPython } from '../support/python.ts';
import { until } from '../support/until.ts';
import { accepted, BusDaemon, delta, finished, message } from './bus-daemon.ts';

const HOME = fileURLToPath(new URL('../../clients/python', import.meta.url));
const envWith = (natsUrl: string, folder = '') => ({
  ...process.env,
  ...{ NATS_URL: natsUrl, GREENROOM_TEST_FOLDER: folder, PYTHONPATH: HOME },
  PYTHONDONTWRITEBYTECODE: '1',
});

describe.skipIf(withoutPython() || withoutNatsServer())('the Python client', () => {
  it('passes its own tests against a daemon', async () => {
    await using running = await startWithBroker();
    const discover = ['-m', 'unittest', 'discover', '-s', 'tests'];
    const { stderr } = await promisify(execFile)('python3', discover, {
      ...{ cwd: HOME, env: envWith(running.natsUrl, running.dataDir), timeout: 100_000 },
    });
    expect(stderr).toMatch(/Ran \d\d tests/);
    expect(stderr).toMatch(/\nOK\s*$/);
  }, 120_000);

  it('reads what it missed while the daemon was away, nothing twice, and goes on', async () => {
    await using broker = await startBroker();
    await using first = await BusDaemon.start(broker.url, 'first', {
      onAsk: [accepted(), delta(2, 'a'), message(3, 2), delta(4, 'half of')],
    });
    const reader = reading(broker.url);
    await until(() => reader.lines.includes('delta half of'));
    await first.die();
    await using second = await BusDaemon.start(broker.url, 'second', {
      stored: [2, 3],
      onAsk: [delta(6, 'the rest'), message(7, 4), delta(8, 'b'), finished(9)],
    });
    await until(() => reader.isOver());
    expect(reader.lines).toEqual([
      ...['turn.accepted', 'delta a', 'message 2', 'delta half of'],
      ...['message 3', 'message 4', 'delta b', 'turn.finished'],
    ]);
    expect(second.asks).toBe(1);
  }, 60_000);
});

const reading = (natsUrl: string) => {
  const child = spawn('python3', ['tests/read_turn.py'], {
    ...{ cwd: HOME, env: envWith(natsUrl), stdio: ['ignore', 'pipe', 'inherit'] },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { lines, isOver: () => child.exitCode !== null && lines.at(-1) === 'turn.finished' };
};
