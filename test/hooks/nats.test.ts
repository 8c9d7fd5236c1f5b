/** Hooks that are services on the bus, over a real broker and the daemon's own connection. */
import { connect, headers, type NatsConnection } from 'nats';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Link } from '../../src/nats/link.ts';
import { startTree, supervisor } from '../../src/otp/supervisor.ts';
import { busName } from '../../src/session/ports/bus.ts';
import { startBroker, type TestBroker, withoutNatsServer } from '../support/nats.ts';
import { until } from '../support/until.ts';
import { bash, type Hooking, startHooks } from './hooking.ts';

const hook = (subject: string, more: object = {}) => [
  { hooks: [{ type: 'nats', subject, ...more }] },
];

const started = async (
  events: Record<string, unknown>,
): Promise<Hooking & { broker: TestBroker; nc: NatsConnection }> => {
  const broker = await startBroker();
  const hooking = await startHooks({ events });
  const link = Link.childSpec({ url: broker.url }, { id: 'link' });
  const options = { id: 'bus', strategy: 'one_for_one', children: [link] } as const;
  const tree = await startTree(hooking.system, supervisor(options));
  const nc = await connect({ servers: broker.url });
  onTestFinished(async () => {
    await nc.close();
    await hooking.system.stop(tree);
    await broker.stop();
  });
  return { ...hooking, broker, nc };
};

describe.skipIf(withoutNatsServer())('a hook on the bus', () => {
  test('is asked what a command would read, and its reply counts as what one prints', async () => {
    const { hooks, call, nc } = await started({ PreToolUse: hook('team.check') });
    nc.subscribe('team.check', {
      callback: (_, message) => {
        const { tool_name } = message.json<{ tool_name: string }>();
        message.respond(JSON.stringify({ decision: 'block', reason: `no ${tool_name}` }));
      },
    });
    await nc.flush();
    const verdict = await hooks.run(call('PreToolUse', bash('ls')));
    expect(verdict).toMatchObject({
      decision: 'deny',
      reason: 'no Bash',
      runs: [{ hook: 'team.check' }],
    });
  });

  test('that nobody serves, that is late or that has failed closes the gate', async () => {
    const { hooks, call, nc } = await started({
      PreToolUse: hook('team.nobody'),
      PermissionRequest: hook('team.late', { timeout: 0.2 }),
      UserPromptSubmit: hook('team.failed'),
      Stop: hook('team.nobody'),
    });
    nc.subscribe('team.late');
    nc.subscribe('team.failed', {
      callback: (_, message) => {
        const fault = headers();
        fault.set('Nats-Service-Error', 'broken');
        fault.set('Nats-Service-Error-Code', '500');
        message.respond('', { headers: fault });
      },
    });
    await nc.flush();
    const of = async (event: 'PreToolUse' | 'PermissionRequest' | 'UserPromptSubmit' | 'Stop') => {
      const { decision, runs } = await hooks.run(call(event, bash('ls')));
      return [decision, runs[0]?.ended];
    };
    expect(await of('PreToolUse')).toEqual(['deny', 'could_not_start']);
    expect(await of('PermissionRequest')).toEqual(['deny', 'timeout']);
    expect(await of('UserPromptSubmit')).toEqual(['deny', 'error']);
    expect(await of('Stop')).toEqual([undefined, 'could_not_start']);
  });

  test('closes the gate at once while the broker is away', async () => {
    const { hooks, call, broker, system } = await started({ PreToolUse: hook('team.check') });
    await broker.kill();
    const bus = system.fetch(busName);
    await until(() =>
      bus.ask('team.check', '', 50).then(
        () => false,
        ({ message }: Error) => message.includes('away'),
      ),
    );
    const { runs } = await hooks.run(call('PreToolUse', bash('ls')));
    expect(runs).toMatchObject([{ ended: 'could_not_start', goesOn: false }]);
    await broker.restart();
  });
});

test('without a bus the gate is closed', async () => {
  const { hooks, call } = await startHooks({ events: { PreToolUse: hook('team.check') } });
  const { decision, reason } = await hooks.run(call('PreToolUse', bash('ls')));
  expect(decision).toBe('deny');
  expect(reason).toContain('there is no bus');
});
