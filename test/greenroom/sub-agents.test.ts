/** Sub-agents on real parts: sessions of their own for calls of `Agent`, what bounds them, what a crash leaves, what they cost. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { childIdOf } from '../../src/model/child-id.ts';
import type { TurnId } from '../../src/model/ids.ts';
import { sessionKey } from '../../src/model/ids.ts';
import { isFull } from '../chaos/size.ts';
import {
  type Options,
  ownGreenroom,
  type TestGreenroom,
  testGreenroom,
} from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';
import { until } from '../support/until.ts';

/** Parents at once, each with three sub-agents. */
const PARENTS = isFull() ? 200 : 10;

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'greenroom-agents-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

type Call = readonly [tool: string, input: object];

/** Answers with these calls, one group a model call, then with `last`. */
const calls = (groups: readonly (readonly Call[])[], last = 'done'): string =>
  [
    ...groups.map(
      (group) =>
        `[[rehearse: ${group.map(([tool, input]) => `tool=${tool} input=${JSON.stringify(input)}`).join(' ')}]]`,
    ),
    `[[rehearse: text=${JSON.stringify(last)}]]`,
  ].join(' ');

const agent = (prompt: string, more: object = {}): Call => [
  'Agent',
  { description: 'Look around', prompt, ...more },
];
const says = (text: string): string => `[[rehearse: text=${JSON.stringify(text)}]]`;

interface Told {
  readonly content?: string | readonly { readonly text?: string }[];
  readonly is_error?: boolean;
}

/** Results of tools as the model has seen them: whether one is an error, and its text. */
const results = async (
  test: TestGreenroom,
  sessionId: string,
): Promise<readonly { readonly isError: boolean; readonly text: string }[]> => {
  const { entries } = await test.sessions.messages(sessionId, { limit: 1000 });
  return entries.flatMap((entry) => {
    if (entry.type !== 'message' || entry.isPartial || entry.message.role !== 'user') return [];
    if (typeof entry.message.content === 'string') return [];
    return entry.message.content.flatMap((block) => {
      if (block.type !== 'tool_result') return [];
      const { content = '', is_error = false } = block as Told;
      const text =
        typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('');
      return [{ isError: is_error, text }];
    });
  });
};

const children = async (test: TestGreenroom, sessionId: string) =>
  (await test.sessions.search({ childOf: sessionId, sortBy: 'createdAt', order: 'asc' })).sessions;

const onlyChild = async (test: TestGreenroom, sessionId: string): Promise<string> => {
  const [child] = await children(test, sessionId);
  if (child === undefined) throw new Error('it has no child');
  return child.sessionId;
};

type Settings = Parameters<TestGreenroom['sessions']['create']>[1];

const parent = async (settings: Settings = {}, options: Options = {}): Promise<TestGreenroom> => {
  const test = await testGreenroom(options);
  await test.sessions.create('s', { workingDirectory: folder(), ...settings });
  return test;
};

/** A child that waits for a person. */
const ASKS = calls([[['Bash', { command: 'touch made' }]]], 'made it');

const waits = async (test: TestGreenroom, sessionId: string): Promise<void> =>
  until(async () => (await test.sessions.get(sessionId)).status === 'waiting');

/** A turn whose child waits for a person. */
const withWaitingChild = async (settings: Settings = {}, options: Options = {}) => {
  const test = await parent(settings, options);
  const turn = test.run('s', calls([[agent(ASKS)]]), { turnId: 't' });
  turn.catch(() => undefined);
  await until(async () => (await children(test, 's')).length === 1);
  const child = await onlyChild(test, 's');
  await waits(test, child);
  return { test, turn, child };
};

const allowed = async (test: TestGreenroom, child: string): Promise<void> => {
  const [approval] = await test.sessions.asked(child);
  if (approval === undefined) throw new Error('nothing is asked');
  await test.sessions.approve(child, { approvalId: approval.approvalId, decision: 'allow' });
};

describe('a sub-agent', () => {
  it('works in a session of its own, and its last text is the result', async () => {
    const test = await parent({ owner: 'ann', tags: ['night', 'hold'] });
    const events = await test.run('s', calls([[agent(says('Four files.'))]]), { turnId: 't' });
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    expect(await results(test, 's')).toEqual([{ isError: false, text: 'Four files.' }]);
    const child = await test.sessions.get(await onlyChild(test, 's'));
    expect(child).toMatchObject({ status: 'completed', title: 'Look around', owner: 'ann' });
    expect(child.tags).toEqual(['night']);
    expect(child.childOf).toMatchObject({ sessionId: 's', turnId: 't', depth: 1 });
    expect(child.parent).toBeUndefined();
    const { entries } = await test.sessions.messages('s');
    expect(entries).toHaveLength(4); // nothing of the child's work stands in its parent
  });

  it('has brothers at work beside it, and each result stands at its call', async () => {
    const test = await parent();
    await test.run('s', calls([[agent(says('one')), agent(says('two')), agent(says('three'))]]));
    expect((await results(test, 's')).map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  });

  it('whose turn fails is an error that says why', async () => {
    const test = await parent();
    await test.run('s', calls([[agent('[[rehearse: status=400 message="no such thing"]]')]]));
    const [told] = await results(test, 's');
    expect(told).toMatchObject({ isError: true });
    expect(told?.text).toContain('no such thing');
  });

  it('that says more than its parent is shown is cut', async () => {
    const test = await parent({ maxTokens: 50_000 });
    await test.run('s', calls([[agent('[[rehearse: text=0123456789 repeat=10001]]')]]));
    const [told] = await results(test, 's');
    expect(told).toMatchObject({ isError: false });
    expect(told?.text.slice(99_990)).toBe('0123456789\n[… 10 more characters]');
  });

  it('is not run in the background, and not of a kind that there is not', async () => {
    const test = await parent();
    const wrong = [
      agent('a', { run_in_background: true }),
      agent('a', { subagent_type: 'Nobody' }),
      agent('  '),
    ];
    await test.run('s', calls([wrong]));
    expect(await results(test, 's')).toEqual([
      { isError: true, text: expect.stringContaining('background') },
      { isError: true, text: 'There is no agent Nobody. There are: general-purpose.' },
      { isError: true, text: expect.stringContaining('`prompt`') },
    ]);
    expect(await children(test, 's')).toEqual([]);
  });

  it('waits for a person like any session, and its parent says for whom', async () => {
    const { test, turn, child } = await withWaitingChild();
    expect((await test.sessions.approvals()).approvals).toMatchObject([{ sessionId: child }]);
    const { waitsFor, calls: under } = await test.sessions.explain('s');
    expect({ waitsFor, under }).toMatchObject({ waitsFor: 'tools', under: [{ child }] });
    await allowed(test, child);
    expect(finishedOf(await turn).status).toBe('completed');
    expect(await results(test, 's')).toEqual([{ isError: false, text: 'made it' }]);
  });

  it('is cancelled with its parent, which waits for that', async () => {
    const { test, turn, child } = await withWaitingChild();
    await test.sessions.cancel('s');
    expect(finishedOf(await turn).status).toBe('cancelled');
    expect((await test.sessions.turnStatus(child, child)).status).toBe('cancelled');
    expect(await results(test, 's')).toMatchObject([{ isError: true }]);
  });

  it('that is cancelled alone is an error, and its parent goes on', async () => {
    const { test, turn, child } = await withWaitingChild();
    await test.sessions.cancel(child);
    expect(finishedOf(await turn)).toMatchObject({ status: 'completed', text: 'done' });
    expect(await results(test, 's')).toEqual([
      { isError: true, text: expect.stringContaining('cancelled') },
    ]);
  });

  it('ends its turn when its parent is deleted, and stays with the name of it', async () => {
    const { test, child } = await withWaitingChild();
    await test.sessions.delete('s');
    await until(async () => (await test.sessions.get(child)).status !== 'waiting');
    expect((await test.sessions.turnStatus(child, child)).status).toBe('cancelled');
    expect((await test.sessions.get(child)).childOf).toMatchObject({ sessionId: 's' });
  });

  it('whose session is deleted is an error, and its parent goes on', async () => {
    const { test, turn, child } = await withWaitingChild();
    await test.sessions.delete(child);
    expect(finishedOf(await turn).status).toBe('completed');
    expect(await results(test, 's')).toMatchObject([{ isError: true }]);
  });
});

describe('what a sub-agent may', () => {
  it('is what its parent may, and not more', async () => {
    const settings = {
      permissionMode: 'dontAsk',
      allowedTools: ['Bash(ls *)', 'Agent(general-purpose)'],
      disallowedTools: ['Read(./secret/**)'],
      policies: ['CommandPolicy'],
      hooks: ['audit'],
      maxTokens: 1_000,
      model: 'claude-haiku-4-5',
    } as const;
    const { permissionMode, maxTokens, model } = settings;
    const test = await parent({
      ...{ permissionMode, maxTokens, model },
      allowedTools: [...settings.allowedTools],
      disallowedTools: [...settings.disallowedTools],
      policies: [...settings.policies],
      hooks: [...settings.hooks],
      tools: ['Agent', 'Bash', 'Read'],
    });
    await test.run('s', calls([[agent(ASKS)]]));
    const child = await test.sessions.get(await onlyChild(test, 's'));
    expect(child).toMatchObject({ ...settings, tools: ['Agent', 'Bash', 'Read'] });
    const [refused] = await results(test, child.sessionId);
    expect(refused).toMatchObject({ isError: true });
  });

  it('has an end in depth: the last are offered no sub-agents', async () => {
    const test = await parent();
    const deep = (left: number): string =>
      left === 0 ? says('ground') : calls([[agent(deep(left - 1))]], `level ${left}`);
    await test.run('s', deep(3));
    const one = await onlyChild(test, 's');
    const two = await onlyChild(test, one);
    expect(await children(test, two)).toEqual([]);
    expect(await results(test, two)).toEqual([
      { isError: true, text: 'There is no tool Agent in this session.' },
    ]);
    expect((await test.sessions.get(two)).childOf?.depth).toBe(2);
  });

  it('has an end in number, however many calls come at once', async () => {
    const test = await parent({}, { agentsPerTurn: 3 });
    const five = Array.from({ length: 5 }, (_, n) => agent(says(`${n}`)));
    await test.run('s', calls([five, [agent(says('more'))]]));
    const told = await results(test, 's');
    expect(told.map(({ isError }) => isError)).toEqual([false, false, false, true, true, true]);
    expect(told[3]?.text).toContain('may start 3');
    expect(await children(test, 's')).toHaveLength(3);
    await test.run('s', calls([[agent(says('next turn'))]])); // which counts anew
    expect((await results(test, 's')).at(-1)).toEqual({ isError: false, text: 'next turn' });
  });

  it('is there at all only where the daemon says so', async () => {
    const test = await parent({}, { agentDepth: 0 });
    await test.run('s', calls([[agent(says('no'))]]));
    expect(await results(test, 's')).toMatchObject([{ isError: true }]);
  });

  it('costs no more than its parent has left, shared among brothers', async () => {
    const test = await parent({ limits: { maxCostUsd: 1 }, model: 'claude-haiku-4-5' });
    await test.run('s', calls([[agent(says('a')), agent(says('b'))]]));
    const limits = await Promise.all(
      (await children(test, 's')).map(async ({ sessionId, totalCostUsd }) => ({
        limit: (await test.sessions.get(sessionId)).limits?.maxCostUsd ?? Infinity,
        cost: totalCostUsd ?? 0,
      })),
    );
    expect(limits).toHaveLength(2);
    expect(limits.reduce((sum, { limit }) => sum + limit, 0)).toBeLessThan(1);
    for (const { limit, cost } of limits) expect([limit > 0.4, cost > 0]).toEqual([true, true]);
  });

  const DEAR = '[[rehearse: text=dear usage.output_tokens=100000]]';

  it('spends the money of its parent’s turn, which ends where that is spent', async () => {
    const test = await parent({ model: 'claude-haiku-4-5' });
    const turn = calls([[agent(DEAR)], [agent(says('again'))]]);
    const finished = finishedOf(await test.run('s', turn, { maxCostUsd: 0.4 }));
    expect(finished).toMatchObject({ status: 'completed', stopReason: 'budget_exceeded' });
    expect(await results(test, 's')).toEqual([{ isError: false, text: 'dear' }]);
  });

  it('spends the money of its parent’s session, through all depths and a restart', async () => {
    const test = await parent({ model: 'claude-haiku-4-5', limits: { maxCostUsd: 0.4 } });
    await test.run('s', calls([[agent(calls([[agent(DEAR)]]))]]));
    await test.restart();
    const refused = test.run('s', 'more');
    await expect(refused).rejects.toMatchObject({ code: 'budget_exceeded' });
  });

  it('is refused by a rule with its name', async () => {
    const test = await parent({ disallowedTools: ['Agent(general-purpose)'] });
    await test.run('s', calls([[agent(says('no'))]]));
    expect(await results(test, 's')).toEqual([
      { isError: true, text: expect.stringContaining('Agent(general-purpose)') },
    ]);
  });
});

describe('kinds of sub-agents', () => {
  it('come from a file, with prompt, tools and model of their own', async () => {
    const file = join(folder(), 'agents.json');
    const reader = { description: 'Reads.', prompt: 'You read.', tools: ['Read', 'Write'] };
    writeFileSync(
      file,
      JSON.stringify({ agents: { reader: { ...reader, model: 'claude-haiku-4-5' } } }),
    );
    const test = await parent({ tools: ['Agent', 'Read', 'Bash'] }, { agentsFile: file });
    await test.run('s', calls([[agent(says('read'), { subagent_type: 'reader' })]]));
    expect(test.lastCall).toContain('- reader: Reads. (Tools: Read, Write)');
    expect(await test.sessions.get(await onlyChild(test, 's'))).toMatchObject({
      ...{ systemPrompt: 'You read.', tools: ['Read'], model: 'claude-haiku-4-5' },
    });
  });

  it('that are wrong are told before anything starts', async () => {
    const file = join(folder(), 'agents.json');
    writeFileSync(file, JSON.stringify({ agents: { 'a b': { description: 'x', prompt: 'y' } } }));
    await expect(ownGreenroom({ agentsFile: file })).rejects.toMatchObject({
      message: expect.stringContaining('GREENROOM_AGENTS_FILE'),
    });
  });
});

describe('what sub-agents cost', () => {
  it('is told apart and in sum, at every depth, after a restart too', async () => {
    const test = await parent({ model: 'claude-haiku-4-5' });
    const inner = calls([[agent(says('leaf'))]], 'branch');
    await test.run('s', calls([[agent(inner), agent(says('other'))]]));
    const told = await test.sessions.children('s');
    expect(told.children.map(({ depth }) => depth).toSorted()).toEqual([1, 1, 2]);
    const each = told.children.map(({ totalCostUsd }) => totalCostUsd ?? 0);
    expect(each.every((cost) => cost > 0)).toBe(true);
    expect(told.count).toBe(3);
    expect(told.childrenCostUsd).toBeCloseTo(
      each.reduce((sum, cost) => sum + cost),
      9,
    );
    expect(told.costUsd).toBe((await test.sessions.get('s')).totalCostUsd);
    expect(told.totalCostUsd).toBeCloseTo((told.costUsd ?? 0) + (told.childrenCostUsd ?? 0), 9);
    await test.restart();
    expect(await test.sessions.children('s')).toEqual(told);
  });

  it('is unknown where a price is, and the known part is told', async () => {
    const test = await parent({ model: 'claude-haiku-4-5' });
    await test.run('s', calls([[agent(says('who knows'), { model: 'claude-nobody-9' })]]));
    const told = await test.sessions.children('s');
    expect(told).toMatchObject({ childrenCostUsd: null, totalCostUsd: null });
    expect(told.knownCostUsd).toBe(told.costUsd);
  });
});

describe('a call that is made again', () => {
  it('joins its child after a restart, and no work is done twice', async () => {
    const { test, child } = await withWaitingChild();
    await test.restart();
    expect(await children(test, 's')).toHaveLength(1);
    await allowed(test, child);
    await until(async () => (await test.sessions.turnStatus('s', 't')).status === 'completed');
    expect(await results(test, 's')).toEqual([{ isError: false, text: 'made it' }]);
    expect((await test.sessions.turns(child)).turns).toHaveLength(1);
    expect(await children(test, 's')).toHaveLength(1);
  });

  it('joins its child after a crash of the parent alone: the child works on', async () => {
    const { test, turn, child } = await withWaitingChild();
    const ref = test.live('s');
    if (ref === undefined) throw new Error('it sleeps');
    test.greenroom.system.exit(ref, 'kill');
    await until(async () => test.live('s') !== undefined && test.live('s') !== ref);
    await allowed(test, child);
    expect(finishedOf(await turn).status).toBe('completed');
    expect(await results(test, 's')).toEqual([{ isError: false, text: 'made it' }]);
  });

  it('joins its child after a crash of what runs sub-agents', async () => {
    const { test, turn, child } = await withWaitingChild();
    const { ref } = test.node('executors', 'tools', 'agents');
    if (ref === undefined) throw new Error('it does not run');
    test.greenroom.system.exit(ref, 'kill');
    await until(async () => (test.node('executors', 'tools', 'agents').ref ?? ref) !== ref);
    await allowed(test, child);
    expect(finishedOf(await turn).status).toBe('completed');
    expect(await children(test, 's')).toHaveLength(1);
  });

  it('ends its child where the parent is cancelled while what runs sub-agents is restarting', async () => {
    const { test, turn, child } = await withWaitingChild();
    const { ref } = test.node('executors', 'tools', 'agents');
    if (ref === undefined) throw new Error('it does not run');
    test.greenroom.system.exit(ref, 'kill');
    await test.sessions.cancel('s');
    expect(finishedOf(await turn).status).toBe('cancelled');
    await until(async () => (await test.sessions.get(child)).status !== 'waiting');
    expect((await test.sessions.turnStatus(child, child)).status).toBe('cancelled');
  });

  it('does not take a session that another made under the name', async () => {
    const test = await parent();
    const call = { key: sessionKey('default', 's'), turnId: 't' as TurnId, toolUseId: 'toolu_x' };
    await test.sessions.create(childIdOf(call), { permissionMode: 'bypassPermissions' });
    const prompt = `[[rehearse: tool=Agent id=toolu_x input=${JSON.stringify(agent('hello')[1])}]] ${says('done')}`;
    await test.run('s', prompt, { turnId: 't' });
    expect(await results(test, 's')).toMatchObject([{ isError: true }]);
  });
});

describe('many sub-agents', () => {
  it('of many parents at once wait for each other nowhere', { timeout: 120_000 }, async () => {
    const test = await testGreenroom();
    const cwd = folder();
    const three = Array.from({ length: 3 }, (_, n) => agent(says(`child ${n}`)));
    const turns = Array.from({ length: PARENTS }, (_, n) =>
      test.run(`p${n}`, calls([three]), { session: { workingDirectory: cwd } }),
    );
    for (const events of await Promise.all(turns))
      expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    expect((await test.sessions.count({ tool: 'Agent' })).count).toBe(PARENTS);
    expect((await test.sessions.count({ mode: 'background' })).count).toBe(3 * PARENTS);
  });
});
