import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { describe, expect, test } from 'vitest';
import { Broker, type BrokerArgs, brokerName } from '../../src/nats/broker.ts';
import { isAlive, readTrace } from '../../src/nats/leftover.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { System } from '../../src/otp/system.ts';
import { builtFile } from '../../src/platform/compiled.ts';
import { startTimeOf } from '../../src/platform/process-start.ts';
import { natsServer, withoutNatsServer } from '../support/nats.ts';

const newDataDir = () => {
  const path = mkdtempSync(join(tmpdir(), 'greenroom-broker-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
};

/** A broker under a supervisor, as in the daemon. */
const startSupervised = async (args: BrokerArgs) => {
  const system = new System({ onReport: () => undefined });
  const child = Broker.childSpec({ program: natsServer, port: 0, ...args }, { id: 'broker' });
  const root = supervisor({ id: 'companions', strategy: 'one_for_one', children: [child] });
  const tree = await startTree(system, root);
  const stop = async () => void (await system.stop(tree, 'shutdown'));
  return { system, stop, face: () => system.fetch(brokerName), [Symbol.asyncDispose]: stop };
};

/** Something else on a port. */
const occupy = async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { port, [Symbol.dispose]: () => void server.close() };
};

describe.skipIf(withoutNatsServer())('the own broker', () => {
  test('is ready with JetStream, for us only, when it has started', async () => {
    using data = newDataDir();
    await using broker = await startSupervised({ dataDir: data.path });
    const nc = await connect({ servers: broker.face().url });
    const account = await (await nc.jetstreamManager()).getAccountInfo();
    expect(account.streams).toBe(0);
    expect(broker.face().url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
    await nc.close();
  });

  test('comes back on the same port, with its data, after it was killed', async () => {
    using data = newDataDir();
    await using broker = await startSupervised({ dataDir: data.path });
    const before = broker.face();
    const nc = await connect({ servers: before.url, reconnectTimeWait: 20 });
    await (await nc.jetstreamManager()).streams.add({ name: 'KEPT', subjects: ['kept'] });
    process.kill(before.pid, 'SIGKILL');
    await expect.poll(() => broker.face().pid).not.toBe(before.pid);
    expect(broker.face().port).toBe(before.port);
    const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: 200 });
    await expect.poll(() => jsm.streams.info('KEPT')).toBeDefined();
    await nc.close();
  });

  test('is gone, and leaves no trace, after an orderly stop', async () => {
    using data = newDataDir();
    const broker = await startSupervised({ dataDir: data.path });
    const { pid } = broker.face();
    await broker.stop();
    expect(startTimeOf(pid)).toBeUndefined();
    expect(readTrace(join(data.path, 'nats'))).toBeUndefined();
  });

  test('a configured port that is taken is refused with a sentence', async () => {
    using data = newDataDir();
    using other = await occupy();
    const starting = startSupervised({ dataDir: data.path, port: other.port });
    await expect(starting).rejects.toThrow(/is taken by another program: set GREENROOM_NATS_PORT/);
  });

  test('a server that outlived its daemon is ended before the next one opens its files', async () => {
    using data = newDataDir();
    const { child, trace } = await startElsewhere(data.path);
    process.kill(-trace.guardPid, 'SIGSTOP'); // its guard cannot act
    process.kill(trace.pid, 'SIGCONT');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using broker = await startSupervised({ dataDir: data.path });
    expect(isAlive(trace)).toBe(false);
    expect(broker.face().port).toBe(trace.port);
    process.kill(-trace.guardPid, 'SIGKILL');
  });

  test('does not outlive a process that is killed', async () => {
    using data = newDataDir();
    const { child, trace } = await startElsewhere(data.path);
    child.kill('SIGKILL');
    await expect.poll(() => isAlive(trace)).toBe(false);
  });

  test('a process that has got the pid of an old server is left alone', () => {
    const startTime = startTimeOf(process.pid) ?? '';
    expect(isAlive({ pid: process.pid, startTime, port: 4222 })).toBe(false);
  });

  test('an own broker that is not wanted is ignored', async () => {
    using data = newDataDir();
    await using broker = await startSupervised({ dataDir: data.path, wanted: false });
    expect(broker.system.find(brokerName)).toBeUndefined();
  });
});

/** A broker in a process of its own, which can be killed. */
const startElsewhere = async (dataDir: string) => {
  const compiled = (file: string) => JSON.stringify(builtFile(`src/${file}.js`));
  const script = `
    const { System } = await import(${compiled('otp/system')});
    const { Broker } = await import(${compiled('nats/broker')});
    const program = ${JSON.stringify(natsServer)};
    await Broker.start(new System(), { dataDir: ${JSON.stringify(dataDir)}, program, port: 0 });
    console.log('up');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const trace = readTrace(join(dataDir, 'nats'));
  if (trace === undefined) throw new Error('the broker left no trace');
  return { child, trace: { ...trace, guardPid: parentOf(trace.pid) } };
};

const parentOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
};
