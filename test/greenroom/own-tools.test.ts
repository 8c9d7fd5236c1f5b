/** Tools of the program that Greenroom runs in, and of modules, in turns on real parts. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { tool } from '../../src/index.ts';
import { sharedGreenroom, testGreenroom } from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';
import { toolCalls, toolResults } from '../support/tool-turns.ts';
import { until } from '../support/until.ts';

const module = fileURLToPath(new URL('../tools/own/modules/good.mjs', import.meta.url));

const weather = tool({
  name: 'weather',
  description: 'Says the weather of a city',
  input: z.object({ city: z.string() }),
  effect: 'pure',
  run: ({ city }, { sessionId }) => `rain in ${city}, for ${sessionId}`,
});

/** Waits until it is asked to end; says so to those who want to know. */
class Waiting {
  readonly begun: string[] = [];
  readonly reasons: unknown[] = [];

  run(toolUseId: string, signal: AbortSignal): Promise<string> {
    this.begun.push(toolUseId);
    return new Promise((_resolve, reject) => {
      const end = () => {
        this.reasons.push(signal.reason);
        reject(signal.reason);
      };
      signal.addEventListener('abort', end, { once: true });
    });
  }
}
const waiting = new Waiting();

const waits = (name: string, timeoutMs: number) =>
  tool({
    ...{ name, description: 'Waits until it is asked to end', input: { type: 'object' } },
    timeoutMs,
    run: (_, { signal, toolUseId }) => waiting.run(toolUseId, signal),
  });

/** A name like that of a built-in tool. */
const greb = tool({
  ...{ name: 'Greb', description: 'Finds', input: { type: 'object' }, run: () => 'found' },
});

const shared = sharedGreenroom({
  tools: [weather, waits('never', 50), waits('long', 60_000), greb],
  moduleTools: [module],
});

const allowing = (...names: readonly string[]) => ({
  session: { tools: [...names], allowedTools: [...names] },
});

describe('a function of the program as a tool', () => {
  it('is offered, runs, and its result is what the model sees', async () => {
    const test = shared();
    const events = await test.run(
      's',
      toolCalls([['weather', { city: 'Ulm' }]]),
      allowing('weather'),
    );
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    expect(await toolResults(test, 's')).toEqual([{ text: 'rain in Ulm, for s', isError: false }]);
    const offered = JSON.parse(test.lastCall).tools as { name: string; input_schema: object }[];
    expect(offered).toMatchObject([
      { name: 'weather', input_schema: { properties: { city: { type: 'string' } } } },
    ]);
  });

  it('asks in the mode default, as any tool that no rule allows', async () => {
    const test = shared();
    const turn = test.run('s', toolCalls([['weather', { city: 'Ulm' }]]), {
      session: { tools: ['weather'] },
    });
    await until(
      async () => (await test.sessions.get('s').catch(() => undefined))?.status === 'waiting',
    );
    const [asked] = await test.sessions.asked('s');
    expect(asked).toMatchObject({ toolName: 'weather', suggestions: ['weather'] });
    const { approvalId } = asked ?? { approvalId: '' };
    await test.sessions.approve('s', { approvalId, decision: 'always' });
    await turn;
    await test.run('s', toolCalls([['weather', { city: 'Bonn' }]]));
    expect(await toolResults(test, 's')).toHaveLength(2);
  });

  it('may have a name near that of a built-in tool: rules know it', async () => {
    const test = shared();
    await test.run('s', toolCalls([['Greb', {}]]), allowing('Greb'));
    expect(await toolResults(test, 's')).toEqual([{ text: 'found', isError: false }]);
  });

  it('whose time is up is an error, and the turn goes on', async () => {
    const test = shared();
    const events = await test.run('s', toolCalls([['never', {}]]), allowing('never'));
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    expect(await toolResults(test, 's')).toMatchObject([
      { isError: true, text: expect.stringMatching(/never took longer than 50 ms/) },
    ]);
  });

  it('hears when its turn is cancelled', async () => {
    const test = shared();
    const before = waiting.begun.length;
    const turn = test.run('s', toolCalls([['long', {}]]), allowing('long'));
    await until(() => waiting.begun.length > before);
    await test.sessions.cancel('s');
    expect(finishedOf(await turn).status).toBe('cancelled');
    expect(waiting.reasons).toHaveLength(waiting.begun.length);
    expect(await toolResults(test, 's')).toMatchObject([{ isError: true }]);
  });

  it('is refused at the start, with its place, if it is not a tool', async () => {
    const wrong = { ...weather, name: 'Bash' };
    await expect(testGreenroom({ tools: [weather, wrong] })).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining('tools[1]: Bash'),
    });
  });
});

it.each([
  ['tools that are no list', { tools: weather }, 'tools must be a list'],
  ['a canUseTool that is no function', { canUseTool: 'yes' }, 'canUseTool must be a function'],
])('a start with %s is refused', async (_, options, message) => {
  await expect(testGreenroom(options as object)).rejects.toMatchObject({
    code: 'invalid_settings',
    message: expect.stringContaining(message),
  });
});

describe('a module of tools', () => {
  it('has its tools offered and run like any other', async () => {
    const test = shared();
    const { session } = allowing('shout');
    await test.run('s', toolCalls([['shout', { word: 'hey' }]]), { session });
    expect(await toolResults(test, 's')).toEqual([{ text: 'HEY in s', isError: false }]);
  });

  it('is an error at the start if it does not load', async () => {
    await expect(testGreenroom({ moduleTools: [`${module}.gone`] })).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringMatching(/^GREENROOM_TOOL_MODULES \(moduleTools\): .*cannot be loaded/),
    });
  });
});
