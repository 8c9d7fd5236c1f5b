import { describe, expect, it } from 'vitest';
import { sessionKey } from '../../src/model/ids.ts';
import type { OfferedTool, ToolOutcome, ToolSink } from '../../src/session/ports/tools.ts';
import { FILE_TOOLS } from '../../src/tools/builtin/all.ts';
import type { ToolRunner } from '../../src/tools/tool/runner.ts';
import { until } from '../support/until.ts';
import { boxing } from './boxing.ts';
import { jobIn, resultOf } from './calling.ts';

const tool = (name: string): OfferedTool => ({
  ...{ name, description: '', inputSchema: { type: 'object' }, effect: 'pure' },
});

/** Answers at once with its own name. */
const runner = (name: string, ...tools: readonly string[]) => {
  const own: { tools: readonly OfferedTool[] } & ToolRunner = {
    tools: tools.map(tool),
    start: (_, sink: ToolSink) => {
      queueMicrotask(() => sink.outcome({ type: 'result', content: name, isError: false }));
      return { cancel: () => undefined };
    },
  };
  return own as { -readonly [K in keyof ToolRunner]: ToolRunner[K] };
};

const call = (name: string) => jobIn('/', name, {});

it('has the tools of all runners, in the order of their names', async () => {
  const { toolbox } = await boxing({ others: [runner('one', 'Zip', 'Bash')] });
  const names = [
    ...FILE_TOOLS.flatMap(({ offered: { name, isHidden } }) => (isHidden ? [] : [name])),
    'Bash',
    'Zip',
  ];
  expect(toolbox.tools.map(({ name }) => name)).toEqual(names.toSorted());
  expect(toolbox.tools).toBe(toolbox.tools);
});

it('gives each call to the runner of its tool, the first of two', async () => {
  const { start } = await boxing({ others: [runner('one', 'Bash'), runner('two', 'Bash', 'Zip')] });
  expect(resultOf(await start(call('Bash')).outcome).text).toBe('one');
  expect(resultOf(await start(call('Zip')).outcome).text).toBe('two');
});

it('follows a runner whose tools come and go', async () => {
  const server = runner('server', 'mcp__a__b');
  const { toolbox, start } = await boxing({ others: [server] });
  server.tools = [tool('mcp__a__c')];
  expect(toolbox.tools.map(({ name }) => name)).toContain('mcp__a__c');
  expect(resultOf(await start(call('mcp__a__b')).outcome).isError).toBe(true);
  expect(resultOf(await start(call('mcp__a__c')).outcome).text).toBe('server');
});

it('has calls beyond its limits take turns; one that waits is cancelled without a beginning', async () => {
  const begun: { toolUseId: string; end: () => void }[] = [];
  const slow: ToolRunner = {
    tools: [tool('Slow')],
    start: ({ toolUseId }, sink) => {
      const end = () => sink.outcome({ type: 'result', content: toolUseId, isError: false });
      begun.push({ toolUseId, end });
      return { cancel: () => sink.outcome({ type: 'cancelled' }) };
    },
  };
  const agents: ToolRunner = { ...slow, tools: [tool('Waits')], waitsForOthers: true };
  const limits = { all: 1, perTenant: 1, perLine: 1, waiting: 3 };
  const { start } = await boxing({ others: [slow, agents], limits });
  const call = (toolUseId: string, session: string, name = 'Slow') =>
    start(jobIn('/', name, {}, { toolUseId, key: sessionKey('default', session) }));
  const all = [call('a1', 'a'), call('a2', 'a'), call('a3', 'a'), call('b1', 'b')];
  expect(resultOf((await call('b2', 'b').outcome) as ToolOutcome).text).toContain('too many calls');
  void call('sub', 'a', 'Waits');
  all[1]?.cancel();
  expect(await all[1]?.outcome).toEqual({ type: 'cancelled' });
  for (let at = 0; at < begun.length; at += 1) if (begun[at]?.toolUseId !== 'sub') begun[at]?.end();
  expect(begun.map(({ toolUseId }) => toolUseId)).toEqual(['a1', 'sub', 'b1', 'a3']);
  for (const at of [0, 2, 3])
    expect(await all[at]?.outcome).toMatchObject({ type: 'result', isError: false });
});

describe('answers by itself', () => {
  it('a call of a tool that there is not, with those that there are', async () => {
    const { start } = await boxing();
    const { isError, text } = resultOf(await start(call('Raed')).outcome);
    expect(isError).toBe(true);
    expect(text).toMatch(
      /^There is no tool Raed\. There are: AskUserQuestion, Edit, Glob, .*Write\.$/,
    );
  });

  it('after it was asked, and as cancelled if that came first', async () => {
    const { toolbox } = await boxing();
    const outcomes: unknown[] = [];
    const sink: ToolSink = { outcome: (outcome) => void outcomes.push(outcome) };
    const handle = toolbox.start(call('Nothing'), sink);
    expect(outcomes).toEqual([]);
    handle.cancel();
    await until(() => outcomes.length === 1);
    expect(outcomes).toEqual([{ type: 'cancelled' }]);
  });

  it('a call that its runner throws at, and reports that', async () => {
    const broken: ToolRunner = {
      tools: [tool('Broken')],
      start: () => {
        throw new Error('no launcher');
      },
    };
    const { start, reports } = await boxing({ others: [broken] });
    expect(resultOf(await start(call('Broken')).outcome).text).toContain('no launcher');
    expect(reports).toMatchObject([{ kind: 'fault', during: 'the start of a tool' }]);
  });

  it('and outlives a sink that throws', async () => {
    const { toolbox, box, reports } = await boxing();
    const sink: ToolSink = {
      about: { turn: 't' },
      outcome: () => {
        throw new Error('full');
      },
    };
    toolbox.start(call('Nothing'), sink);
    await until(() => reports.length === 1);
    expect(reports).toMatchObject([{ kind: 'fault', where: { turn: 't' } }]);
    expect(box.alive).toBe(true);
  });
});
