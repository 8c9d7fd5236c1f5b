/** A tool that a program declares: what is refused, how its input is checked, what becomes of its result. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../../src/otp/system-clock.ts';
import { type OwnTool, tool } from '../../../src/tools/own/own-tool.ts';
import { ownTools } from '../../../src/tools/own/own-tools.ts';
import { runnable } from '../../../src/tools/own/runnable.ts';
import { jobIn, resultOf } from '../calling.ts';

const RIGHT = {
  name: 'weather',
  description: 'Says the weather',
  input: { type: 'object' },
  run: () => 'rain',
} as const;

const run = async (own: OwnTool, input: object, signal = new AbortController().signal) =>
  resultOf(await runnable(own).run(jobIn('/work', own.name, { ...input }), signal));

describe('a declaration is refused', () => {
  it.each([
    ['a name with a space', { name: 'the weather' }, 'name'],
    ['a name that is too long', { name: 'x'.repeat(65) }, 'name'],
    ['the name of a built-in tool', { name: 'Read' }, 'built-in'],
    ['another name of a built-in tool', { name: 'bash' }, 'built-in'],
    ['the name of a tool of a server', { name: 'mcp__a__b' }, 'mcp__'],
    ['no description', { description: undefined }, 'description'],
    ['an effect that there is not', { effect: 'maybe' }, 'effect'],
    ['a misspelt field', { timeout: 5 }, 'timeout'],
    ['no function', { run: undefined }, 'run'],
  ])('for %s', (_, change, said) => {
    const wrong = { ...RIGHT, ...change } as unknown as OwnTool;
    expect(() => tool(wrong as never)).toThrow(
      expect.objectContaining({
        code: 'invalid_settings',
        message: expect.stringContaining(said),
      }),
    );
  });

  it('for an input that is no object, or no schema', () => {
    const notObject = tool({ ...RIGHT, input: z.string() });
    expect(() => runnable(notObject)).toThrow(/schema of an object/);
    const odd = tool({
      ...RIGHT,
      input: { type: 'object', properties: { a: { type: 'nothing' } } },
    });
    expect(() => runnable(odd)).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
  });

  it('for two of one name', async () => {
    const twice = ownTools([tool(RIGHT), tool(RIGHT)], [], systemClock);
    await expect(twice).rejects.toThrow('two tools weather');
  });
});

describe('a call', () => {
  it('has its input as the zod object makes it', async () => {
    const add = tool({
      ...{ name: 'add', description: 'Adds' },
      input: z.object({ a: z.number(), b: z.number().default(40) }),
      run: ({ a, b }) => `${a + b}`,
    });
    expect(await run(add, { a: 2 })).toMatchObject({ isError: false, text: '42' });
  });

  it.each([
    ['a zod object', z.object({ city: z.string(), days: z.int().optional() })],
    [
      'a JSON Schema',
      {
        type: 'object',
        properties: { city: { type: 'string' }, days: { type: 'integer' } },
        required: ['city'],
        additionalProperties: false,
      },
    ],
  ])('whose input does not fit %s is an error that names the field', async (_, input) => {
    const weather: OwnTool = { ...RIGHT, input };
    expect(await run(weather, {})).toMatchObject({
      isError: true,
      text: expect.stringMatching(/`city` is missing/),
    });
    expect(await run(weather, { city: 'Ulm', days: 'two' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('`days`'),
    });
    expect(await run(weather, { city: 'Ulm', days: 2 })).toMatchObject({ text: 'rain' });
  });

  it('that throws is an error with the message', async () => {
    const failing = tool({
      ...RIGHT,
      run: async () => {
        throw new Error('the station is down');
      },
    });
    expect(await run(failing, {})).toMatchObject({ isError: true, text: 'the station is down' });
  });

  it('that throws because it was aborted is cancelled', async () => {
    const signal = AbortSignal.abort();
    const waiting = tool({
      ...RIGHT,
      run: (_, context) => Promise.reject(context.signal.reason),
    });
    const outcome = await runnable(waiting).run(jobIn('/work', 'weather', {}), signal);
    expect(outcome).toEqual({ type: 'cancelled' });
  });

  it('whose result is too long is cut, and says so', async () => {
    const long = tool({ ...RIGHT, outputLimit: 4, run: () => 'abcdefgh' });
    const { text } = await run(long, {});
    expect(text).toBe('abcd\n[PARTIAL view: the first 4 of 8 characters.]');
    const block = (text: string) => ({ type: 'text', text }) as const;
    const blocks = tool({ ...RIGHT, outputLimit: 4, run: () => [block('abc'), block('defgh')] });
    const outcome = await runnable(blocks).run(
      jobIn('/work', 'weather', {}),
      new AbortController().signal,
    );
    expect(outcome).toMatchObject({
      content: [block('abc'), block('d'), block('[PARTIAL view: the first 4 of 8 characters.]')],
    });
  });

  it('whose result is neither a text nor blocks is an error', async () => {
    const odd = tool({ ...RIGHT, run: () => ({ rain: true }) as unknown as string });
    expect(await run(odd, {})).toMatchObject({
      isError: true,
      text: expect.stringMatching(/neither a text nor blocks/),
    });
  });

  it('learns where it is called, and by whom', async () => {
    let seen: object = {};
    const asking = tool({
      ...RIGHT,
      run: (_, { signal, ...context }) => {
        seen = context;
        return undefined;
      },
    });
    await run(asking, {});
    expect(Object.keys(seen).toSorted()).toEqual(
      ['sessionId', 'tenant', 'toolUseId', 'turnId', 'workingDirectory'].toSorted(),
    );
    expect(seen).toMatchObject({ workingDirectory: '/work' });
  });
});
