/** A server of the registry, unchanged, over stdio and over HTTP. */
import { expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import { everything, start, stateOf } from './servers.ts';

const STDIO = { command: process.execPath, args: [everything, 'stdio'] };

test('its tools are offered by their names in order, and do what they say', async () => {
  const running = await start({ everything: STDIO });
  await until(() => stateOf(running) === 'connected');
  const names = running.tools.tools.map(({ name }) => name);
  expect(names).toContain('mcp__everything__echo');
  expect(names).toEqual(names.toSorted());
  expect(await running.call('mcp__everything__echo', { message: 'hello' })).toEqual({
    ...{ type: 'result', content: 'Echo: hello', isError: false },
  });
  const image = await running.call('mcp__everything__get-tiny-image');
  expect(image.content).toContainEqual(
    expect.objectContaining({
      type: 'image',
      source: expect.objectContaining({ type: 'base64', media_type: 'image/png' }),
    }),
  );
  const elicited = await running.call('mcp__everything__trigger-elicitation-request');
  expect(JSON.stringify(elicited.content)).toMatch(/declined/i);
  expect(running.log.join('')).toContain('declined what an MCP server would have asked a person');
  expect(names).not.toContain('mcp__everything__trigger-sampling-request');
  expect(names).not.toContain('mcp__everything__get-roots-list');
});
