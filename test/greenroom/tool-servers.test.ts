/** Sessions with tools of an MCP server and of a service on the bus: offered, called by the model, and there after a restart. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'nats';
import { expect, it, onTestFinished } from 'vitest';
import { mcpToolsName } from '../../src/tools/mcp/mcp-tools.ts';
import { serviceToolsName } from '../../src/tools/services/service-tools.ts';
import { testGreenroom } from '../support/greenroom.ts';
import { startBroker, withoutNatsServer } from '../support/nats.ts';
import { finishedOf } from '../support/reading.ts';
import { until } from '../support/until.ts';
import { everything } from '../tools/mcp/servers.ts';

const use = (tool: string, input: object) =>
  `[[rehearse: tool=${tool} input=${JSON.stringify(input)}]] [[rehearse: text=done]]`;

it.skipIf(withoutNatsServer())('a session uses both', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-servers-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const mcpFile = join(folder, 'mcp.json');
  const server = { command: process.execPath, args: [everything, 'stdio'] };
  writeFileSync(mcpFile, JSON.stringify({ mcpServers: { registry: server } }));
  await using broker = await startBroker();
  const nc = await connect({ servers: broker.url });
  const service = await nc.services.add({ name: 'shouting', version: '1.0.0' });
  service.addEndpoint('shout', {
    subject: 'tools.shout',
    metadata: {
      'greenroom-tool': JSON.stringify({
        ...{ name: 'shout', description: 'Shouts.', inputSchema: { type: 'object' } },
      }),
    },
    handler: (_, msg) => void msg.respond(`{"content":"HEARD BY THE SERVICE"}`),
  });
  const test = await testGreenroom({
    ...{ nats: { url: broker.url }, serviceTools: 'on', mcpFile },
  });
  const { system } = test.greenroom;
  await until(() => system.fetch(serviceToolsName).tools.length > 0);
  await until(() => system.fetch(mcpToolsName).status()[0]?.state === 'connected');
  const tools = ['shout', 'mcp__registry__echo'];
  await test.sessions.create('s', { tools, allowedTools: ['shout', 'mcp__registry__*'] });
  const said = async () => JSON.stringify(await test.sessions.messages('s', {}));

  expect(finishedOf(await test.run('s', use('shout', {})))).toMatchObject({ text: 'done' });
  expect(await said()).toContain('HEARD BY THE SERVICE');
  const first = use('mcp__registry__echo', { message: 'once' });
  expect(finishedOf(await test.run('s', first))).toMatchObject({ text: 'done' });
  expect(await said()).toContain('Echo: once');

  await test.restart();
  const again = use('mcp__registry__echo', { message: 'twice' });
  expect(finishedOf(await test.run('s', again))).toMatchObject({ text: 'done' });
  expect(await said()).toContain('Echo: twice');
  await nc.close();
});
