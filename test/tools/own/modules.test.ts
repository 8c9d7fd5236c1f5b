/** Tools that modules bring: how they are read, and how their calls run on threads that can be killed. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/otp/system-clock.ts';
import { tool } from '../../../src/tools/own/own-tool.ts';
import { ownTools } from '../../../src/tools/own/own-tools.ts';
import { readModules } from '../../../src/tools/own/read-modules.ts';
import { fileToolsName, moduleTools } from '../../../src/tools/tools-pool.ts';
import { INTERRUPTED } from '../../../src/tools/tools-program.ts';
import { boxing } from '../boxing.ts';
import { jobIn, resultOf } from '../calling.ts';

const moduleNamed = (name: string): string =>
  fileURLToPath(new URL(`modules/${name}.mjs`, import.meta.url));

it('are read without their functions', async () => {
  const tools = await readModules([moduleNamed('good')], systemClock);
  expect(tools.map(({ offered }) => [offered.name, offered.effect])).toEqual([
    ['shout', 'pure'],
    ['thread', 'pure'],
    ['spin', 'at_most_once'],
  ]);
});

describe('a start is refused', () => {
  it.each([
    ['broken', 'it does not load'],
    ['no-list', 'must export tools'],
    ['wrong-tool', 'tools[0]: name'],
    ['leaves', 'ended with code 3'],
    ['missing', 'cannot be loaded'],
  ])('for a module that is %s', async (name, said) => {
    await expect(readModules([moduleNamed(name)], systemClock)).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining(said),
    });
  });

  it('for a tool of a name that a function has', async () => {
    const shout = tool({
      ...{ name: 'shout', description: 'Shouts', input: { type: 'object' }, run: () => 'hey' },
    });
    const both = ownTools([shout], [moduleNamed('good')], systemClock);
    await expect(both).rejects.toThrow('two tools shout');
  });
});

describe('a call', () => {
  const box = async () => {
    const tools = await readModules([moduleNamed('good')], systemClock);
    return boxing({ ...moduleTools(tools), name: fileToolsName, hangMs: 100 });
  };

  it('runs in a thread, with its input checked', async () => {
    const { start } = await box();
    const call = async (name: string, input: object) =>
      resultOf(await start(jobIn('/', name, input)).outcome);
    expect(await call('shout', { word: 'hey' })).toMatchObject({ text: 'HEY in s' });
    expect(Number((await call('thread', {})).text)).toBeGreaterThan(0);
    expect(await call('shout', {})).toMatchObject({
      isError: true,
      text: expect.stringContaining('`word` is missing'),
    });
  });

  it('that never lets go of its thread is ended with it, and no other is', async () => {
    const { start } = await box();
    const spinning = start(jobIn('/', 'spin', {}));
    const other = await start(jobIn('/', 'shout', { word: 'hey' })).outcome;
    expect(resultOf(other).text).toBe('HEY in s');
    expect(resultOf(await spinning.outcome)).toMatchObject({ isError: true, text: INTERRUPTED });
  });
});
