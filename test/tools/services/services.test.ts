/** Services on a real broker as tools: found, called, away, and what they may not do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection, type Service, type ServiceMsg } from 'nats';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { defaultConfig } from '../../../src/config/config.ts';
import { Link } from '../../../src/nats/link.ts';
import { startTree, supervisor } from '../../../src/otp/supervisor.ts';
import { System } from '../../../src/otp/system.ts';
import { createLog } from '../../../src/platform/log.ts';
import type { ToolOutcome } from '../../../src/session/ports/tools.ts';
import { type ServiceTools, serviceToolsName } from '../../../src/tools/services/service-tools.ts';
import { serviceTools } from '../../../supervisors/service-tools.ts';
import { startBroker, type TestBroker, withoutNatsServer } from '../../support/nats.ts';
import { until } from '../../support/until.ts';
import { ask } from '../mcp/servers.ts';

describe.skipIf(withoutNatsServer())('services on the bus', () => {
  let broker: TestBroker;
  let nc: NatsConnection;
  beforeAll(async () => {
    broker = await startBroker();
    nc = await connect({ servers: broker.url });
  });
  afterAll(async () => {
    await nc.close();
    await broker.stop();
  });

  const running = async (flags: { readonly serviceTools?: 'on' | 'off' } = {}) => {
    const dir = mkdtempSync(join(tmpdir(), 'greenroom-services-'));
    const lines: string[] = [];
    const log = createLog({ write: (line) => void lines.push(line), pretty: false });
    const system = new System({ onReport: () => undefined });
    const config = defaultConfig({ dataDir: dir, serviceTools: 'on', ...flags }, 'a-model');
    const root = await startTree(
      system,
      supervisor({
        id: 'root',
        strategy: 'one_for_one',
        children: [
          Link.childSpec({ url: broker.url }, { id: 'link' }),
          serviceTools({ config, log }),
        ],
      }),
    );
    onTestFinished(async () => {
      await system.stop(root);
      rmSync(dir, { recursive: true, force: true });
    });
    const tools = system.fetch(serviceToolsName);
    const call = (name: string, input = {}): Promise<ToolOutcome> =>
      ask(tools, name, input).outcome;
    return { tools, call, log: lines, system };
  };

  const declaration = (name: string, more: object = {}) => ({
    name,
    description: `It is ${name}.`,
    inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
    ...more,
  });

  const offer = async (
    subject: string,
    declared: unknown,
    handler: (msg: ServiceMsg) => void,
  ): Promise<Service> => {
    const service = await nc.services.add({
      name: `of-${subject.replace(/\W/g, '-')}`,
      version: '1.0.0',
    });
    service.addEndpoint('tool', {
      ...{ subject, handler: (error, msg) => error === null && handler(msg) },
      metadata: { 'greenroom-tool': JSON.stringify(declared) },
    });
    await nc.flush();
    onTestFinished(async () => {
      if (!service.isStopped) await service.stop();
    });
    return service;
  };

  const names = (tools: ServiceTools) => tools.tools.map(({ name }) => name);

  test('one that declares a tool is found, offered and called with what tells one call from another', async () => {
    const heard: unknown[] = [];
    await offer('tests.upper', declaration('upper', { effect: 'pure' }), (msg) => {
      heard.push(
        ['Tool-Use-Id', 'Session', 'Tenant'].map((name) => msg.headers?.get(`Greenroom-${name}`)),
      );
      const { text } = msg.json<{ text: string }>();
      msg.respond(JSON.stringify({ content: text.toUpperCase() }));
    });
    const { tools, call } = await running();
    await until(() => names(tools).includes('upper'));
    expect(tools.tools).toEqual([{ ...declaration('upper'), effect: 'pure', isDeferrable: true }]);
    expect(await call('upper', { text: 'a' })).toEqual({
      ...{ type: 'result', content: 'A', isError: false },
    });
    expect(heard).toEqual([[expect.stringMatching(/^toolu_/), 's', 't']]);
  });

  test('what it replies is the result: text, blocks, an error in its own way or in that of services', async () => {
    const replies = new Map<string, (msg: ServiceMsg) => void>([
      ['plain', (msg) => msg.respond('just text')],
      ['json', (msg) => msg.respond('{"other":1}')],
      ['nothing', (msg) => msg.respond()],
      ['bad', (msg) => msg.respond('{"content":"no","isError":true}')],
      ['error', (msg) => msg.respondError(400, 'not so', Buffer.from('details'))],
      ['blocks', (msg) => msg.respond('{"content":[{"type":"text","text":"in a block"}]}')],
      ['long', (msg) => msg.respond('x'.repeat(200_000))],
    ]);
    await offer('tests.replies', declaration('replies'), (msg) => {
      replies.get(msg.json<{ kind: string }>().kind)?.(msg);
    });
    const { tools, call } = await running();
    await until(() => names(tools).includes('replies'));
    const told = (kind: string) => call('replies', { kind });
    expect(await told('plain')).toMatchObject({ content: 'just text', isError: false });
    expect(await told('json')).toMatchObject({ content: '{"other":1}', isError: false });
    expect(await told('nothing')).toMatchObject({ content: '', isError: false });
    expect(await told('bad')).toMatchObject({ content: 'no', isError: true });
    expect(await told('error')).toMatchObject({ content: 'not so\ndetails', isError: true });
    expect(await told('blocks')).toMatchObject({ content: 'in a block', isError: false });
    expect((await told('long')).content).toContain('characters are left out here');
  });

  test('one that is away or silent is an error and no hang, and comes back', async () => {
    const silent = declaration('silent', { timeoutMs: 1 });
    await offer('tests.silent', silent, () => undefined);
    const service = await offer('tests.away', declaration('away'), (msg) => msg.respond('there'));
    const { tools, call } = await running();
    await until(() => names(tools).includes('away'));
    expect((await call('silent')).content).toContain('has not answered within 0.001 s');
    await service.stop();
    expect(await call('away')).toMatchObject({
      ...{ isError: true, content: 'No service answers away now.' },
    });
    expect(names(tools)).toContain('away');
    await offer('tests.away', declaration('away'), (msg) => msg.respond('again'));
    expect(await call('away')).toMatchObject({ content: 'again' });
  });

  test('a call that is cancelled has that outcome at once', async () => {
    await offer('tests.hang', declaration('hang'), () => undefined);
    const { tools } = await running();
    await until(() => names(tools).includes('hang'));
    const asked = ask(tools, 'hang');
    asked.handle.cancel();
    expect(await asked.outcome).toEqual({ type: 'cancelled' });
  });

  test('a declaration that would hide a tool, or lead to other subjects, is left out and told', async () => {
    const respond = (msg: ServiceMsg) => msg.respond('x');
    await offer('tests.bash', declaration('Bash'), respond);
    await offer('tests.mcp', declaration('mcp__a__b'), respond);
    await offer('tests.name', declaration('no name'), respond);
    await offer(
      'tests.schema',
      declaration('schema', { inputSchema: { type: 'string' } }),
      respond,
    );
    await offer('tests.json', 'text', respond);
    await offer('greenroom.v1.default.session.x.turn', declaration('turn'), respond);
    await offer('$JS.API.STREAM.NAMES', declaration('streams'), respond);
    await offer('tests.good', declaration('good'), respond);
    const { tools, log } = await running();
    await until(() => names(tools).includes('good'));
    expect(names(tools)).toEqual(['good']);
    expect(log.filter((line) => line.includes('a tool of a service is left out'))).toHaveLength(7);
  });

  test('of two services with one name and two definitions the known one stays', async () => {
    await offer('tests.twice-b', declaration('twice'), (msg) => msg.respond('first'));
    const { tools, call, log } = await running();
    await until(() => names(tools).includes('twice'));
    await offer('tests.twice-a', declaration('twice'), (msg) => msg.respond('second'));
    tools.look();
    await until(() => log.join('').includes('services offer a tool in two ways'));
    expect(await call('twice')).toMatchObject({ content: 'first' });
  });

  test('a bus without services has no tools, and that is no fault', async () => {
    const { tools, log } = await running();
    const looks: string[] = [];
    const seen = nc.subscribe('$SRV.INFO', { callback: (_, msg) => void looks.push(msg.subject) });
    await nc.flush();
    tools.look();
    await until(() => looks.length > 0);
    seen.unsubscribe();
    expect(tools.tools).toEqual([]);
    expect(log.join('')).not.toContain('cannot be looked for');
  });

  test('nothing is looked for unless it is wanted', async () => {
    const heard: string[] = [];
    const looks = nc.subscribe('$SRV.INFO', { callback: (_, msg) => void heard.push(msg.subject) });
    await nc.flush();
    const { tools, call, system } = await running({ serviceTools: 'off' });
    tools.look();
    await until(() => system.find(serviceToolsName) === tools);
    expect((await call('upper')).content).toContain('No service offers upper');
    await nc.flush();
    looks.unsubscribe();
    expect(heard).toEqual([]);
  });
});
