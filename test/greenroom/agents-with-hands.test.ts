/** Turns whose model asks for tools, on real parts: what runs, what is asked about, and what a crash leaves. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Tenant } from '../../src/model/ids.ts';
import { ownGreenroom, type TestGreenroom, testGreenroom } from '../support/greenroom.ts';
import { finishedOf } from '../support/reading.ts';
import { until } from '../support/until.ts';

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'greenroom-work-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

/** Answers with these tool calls, one group a model call, then with `done`. */
const calls = (...groups: readonly (readonly (readonly [string, object])[])[]): string =>
  [
    ...groups.map(
      (group) =>
        `[[rehearse: ${group.map(([tool, input]) => `tool=${tool} input=${JSON.stringify(input)}`).join(' ')}]]`,
    ),
    '[[rehearse: text=done]]',
  ].join(' ');

interface Told {
  readonly tool_use_id: string;
  readonly content?: string | readonly { readonly text?: string }[];
  readonly is_error?: boolean;
}

/** Results of tools as the model has seen them, in their order. */
const results = async (test: TestGreenroom, sessionId: string): Promise<readonly Told[]> => {
  const { entries } = await test.sessions.messages(sessionId, { limit: 1000 });
  return entries.flatMap((entry) =>
    entry.type === 'message' &&
    entry.message.role === 'user' &&
    Array.isArray(entry.message.content)
      ? (entry.message.content as readonly { readonly type: string }[]).flatMap((block) =>
          block.type === 'tool_result' ? [block as unknown as Told] : [],
        )
      : [],
  );
};

const textOf = ({ content = '' }: Told): string =>
  typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('');

const withFolder = async (
  settings: Parameters<TestGreenroom['sessions']['create']>[1] = {},
  options?: Parameters<typeof testGreenroom>[0],
): Promise<{ test: TestGreenroom; cwd: string }> => {
  const test = await testGreenroom(options);
  const cwd = folder();
  await test.sessions.create('s', { workingDirectory: cwd, ...settings });
  return { test, cwd };
};

describe('a turn that asks for tools', () => {
  it('reads and writes files, and the model sees each result', async () => {
    const { test, cwd } = await withFolder({ permissionMode: 'acceptEdits' });
    writeFileSync(join(cwd, 'a.txt'), 'one\ntwo\n');
    const events = await test.run(
      's',
      calls(
        [['Read', { file_path: join(cwd, 'a.txt') }]],
        [['Edit', { file_path: join(cwd, 'a.txt'), old_string: 'two', new_string: 'three' }]],
      ),
    );
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('one\nthree\n');
    const [read, edited] = await results(test, 's');
    expect(read && textOf(read)).toContain('two');
    expect(edited?.is_error).toBeUndefined();
    expect(events.map(({ type }) => type).filter((type) => type.startsWith('tool.'))).toEqual([
      ...['tool.started', 'tool.finished', 'tool.started', 'tool.finished'],
    ]);
  });

  it('runs several calls of one answer, and answers them in one message in their order', async () => {
    const { test } = await withFolder();
    await test.run(
      's',
      calls([
        ['Bash', { command: 'sleep 0.3; echo slow' }],
        ['Bash', { command: 'echo fast' }],
      ]),
      { session: { permissionMode: 'bypassPermissions' } },
    );
    const told = await results(test, 's');
    expect(told.map(textOf).map((text) => text.trim())).toEqual(['slow', 'fast']);
  });

  it('whose results come together shows them to the model before it goes on', async () => {
    const { test, cwd } = await withFolder();
    writeFileSync(join(cwd, 'a.txt'), 'one\n');
    const read = ['Read', { file_path: join(cwd, 'a.txt') }] as const;
    for (let n = 0; n < 10; n++) {
      const events = await test.run('s', calls([read, ['Glob', { pattern: '*' }], read, read]));
      expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    }
  });

  it('finds nothing, by a search that begins above them, in files that a rule denies or asks about', async () => {
    const { test, cwd } = await withFolder({ disallowedTools: ['Read(**/.env)', 'Edit(a.txt)'] });
    mkdirSync(join(cwd, 'sub'));
    for (const name of ['a.txt', '.env', 'sub/.env']) writeFileSync(join(cwd, name), 'KEY=1');
    const grep = { pattern: 'KEY', output_mode: 'content' };
    await test.run(
      's',
      calls([
        ['Grep', grep],
        ['Glob', { pattern: '**/*' }],
      ]),
    );
    for (const text of (await results(test, 's')).map(textOf)) {
      expect(text).toMatch(/^a\.txt/);
      expect(text).not.toContain('.env');
      expect(text).toContain('2 files or folders were left out');
    }
  });

  it('may give its calls one id, in one answer and in the next: each has its result, and the session goes on', async () => {
    const { test, cwd } = await withFolder();
    for (const name of ['a', 'b', 'c']) writeFileSync(join(cwd, name), `text of ${name}`);
    const read = (name: string) => `tool=Read id=call_0 input={"file_path":"${name}"}`;
    const prompt = `[[rehearse: ${read('a')} ${read('b')}]] [[rehearse: ${read('c')}]] [[rehearse: text=done]]`;
    expect(finishedOf(await test.run('s', prompt))).toMatchObject({ text: 'done' });
    expect((await results(test, 's')).map(textOf)).toEqual(
      ['a', 'b', 'c'].map((name) => expect.stringContaining(`text of ${name}`)),
    );
    const next = await test.run('s', '[[rehearse: text=further]]');
    expect(finishedOf(next)).toMatchObject({ status: 'completed', text: 'further' });
  });

  it('keeps its answer, paid for once, where its folder cannot be made, and hears what its tools lack', async () => {
    const test = await ownGreenroom();
    writeFileSync(join(test.dataDir, 'workspaces'), 'no folder');
    await test.sessions.create('s', { tools: ['Read', 'Bash'], allowedTools: ['Bash'] });
    const events = await test.run(
      's',
      calls([
        ['Read', { file_path: 'a' }],
        ['Bash', { command: 'ls' }],
      ]),
    );
    expect(finishedOf(events)).toMatchObject({ status: 'completed', text: 'done' });
    expect((await results(test, 's')).map(({ is_error }) => is_error)).toEqual([true, true]);
    expect(test.modelCalls).toHaveLength(2);
  });

  it('is told what it may not do', async () => {
    const { test, cwd } = await withFolder({
      permissionMode: 'dontAsk',
      disallowedTools: ['Bash(touch *)'],
    });
    await test.run(
      's',
      calls([
        ['Bash', { command: 'touch x' }],
        ['Nothing', {}],
      ]),
    );
    expect((await results(test, 's')).map((told) => [told.is_error, textOf(told)])).toEqual([
      [true, expect.stringContaining('Bash(touch *)')],
      [true, 'There is no tool Nothing in this session.'],
    ]);
    expect(existsSync(join(cwd, 'x'))).toBe(false);
  });
});

describe('a call that is asked about', () => {
  const asking = async (options?: Parameters<typeof testGreenroom>[0]) => {
    const { test, cwd } = await withFolder({}, options);
    const turn = test.run('s', calls([['Bash', { command: 'touch made' }]]));
    await until(async () => (await test.sessions.get('s')).status === 'waiting');
    const [approval] = await test.sessions.asked('s');
    if (approval === undefined) throw new Error('nothing is asked');
    return { test, cwd, turn, approval };
  };

  it('waits in the store, is listed, and runs once it is allowed', async () => {
    const { test, cwd, turn, approval } = await asking();
    expect(approval).toMatchObject({ toolName: 'Bash', input: { command: 'touch made' } });
    expect((await test.sessions.approvals()).approvals).toMatchObject([{ sessionId: 's' }]);
    const waiting = async () => (await test.sessions.search({ q: 'has:approval' })).sessions;
    expect(await waiting()).toMatchObject([{ sessionId: 's', hasApproval: true }]);
    const { approvalId, reason } = approval;
    const call = { approvalId, reason, commands: ['touch made'], files: ['made'] };
    expect(await test.sessions.explain('s')).toMatchObject({
      ...{ waitsFor: 'approval', calls: [{ name: 'Bash', ...call }] },
    });
    expect(existsSync(join(cwd, 'made'))).toBe(false);
    await test.sessions.approve('s', { approvalId: approval.approvalId, decision: 'allow' });
    expect(finishedOf(await turn)).toMatchObject({ status: 'completed', text: 'done' });
    expect(existsSync(join(cwd, 'made'))).toBe(true);
    expect(await waiting()).toEqual([]);
  });

  it('may be allowed with a rule: the same is not asked again', async () => {
    const { test, turn, approval } = await asking();
    const { approvalId } = approval;
    const { rules } = await test.sessions.approve('s', { approvalId, decision: 'always' });
    expect(rules).toContain('Bash(touch made)');
    await turn;
    expect(
      finishedOf(await test.run('s', calls([['Bash', { command: 'touch made' }]]))),
    ).toMatchObject({ status: 'completed' });
  });

  it('says when the rule that was given does not cover it: it runs once, and the same is asked again', async () => {
    const { test, turn, approval } = await asking();
    const { approvalId } = approval;
    const allow = { approvalId, decision: 'allow', rule: 'Bash(git status)' } as const;
    expect(await test.sessions.approve('s', allow)).toMatchObject({
      rules: ['Bash(git status)'],
      asksAgain: true,
    });
    expect(finishedOf(await turn).status).toBe('completed');
    void test.begin('s', calls([['Bash', { command: 'touch made' }]])).done.catch(() => undefined);
    await until(async () => (await test.sessions.get('s')).status === 'waiting');
    const [{ approvalId: again } = approval] = (await test.sessions.approvals()).approvals;
    const covering = { approvalId: again, decision: 'allow', rule: 'Bash(touch *)' } as const;
    expect(await test.sessions.approve('s', covering)).not.toHaveProperty('asksAgain');
  });

  it('that an ask rule asked for gets no rule, which would change nothing; it is allowed once', async () => {
    const permissionsFile = join(folder(), 'rules.json');
    writeFileSync(permissionsFile, JSON.stringify({ ask: ['Bash(touch *)'] }));
    const { test, turn, approval } = await asking({ permissionsFile });
    const { approvalId } = approval;
    expect(approval).toMatchObject({ suggestions: [] });
    const wanted = [{ scope: 'session' }, { scope: 'rule', rule: 'Bash(touch *)' }] as const;
    for (const rules of wanted)
      await expect(
        test.sessions.approve('s', { approvalId, decision: 'allow', ...rules }),
      ).rejects.toThrow('no rule can allow this: allow it once');
    expect((await test.sessions.get('s')).allowedTools).toBeUndefined();
    await test.sessions.approve('s', { approvalId, decision: 'allow' });
    expect(finishedOf(await turn).status).toBe('completed');
  });

  it('may be denied, and the model goes on', async () => {
    const { test, cwd, turn, approval } = await asking();
    const { approvalId } = approval;
    await test.sessions.approve('s', { approvalId, decision: 'deny', reason: 'not today' });
    expect(finishedOf(await turn).status).toBe('completed');
    expect(textOf((await results(test, 's'))[0] as Told)).toContain('not today');
    expect(existsSync(join(cwd, 'made'))).toBe(false);
  });

  it('is not allowed with an input that a rule denies', async () => {
    const { test, turn, approval } = await asking();
    const { approvalId } = approval;
    await test.sessions.update('s', { disallowedTools: ['Bash(curl *)'] });
    await expect(
      test.sessions.approve('s', { approvalId, decision: 'allow', input: { command: 'curl x' } }),
    ).rejects.toMatchObject({ code: 'forbidden' });
    await test.sessions.approve('s', { approvalId, decision: 'deny' });
    expect(finishedOf(await turn).status).toBe('completed');
  });

  it('is not allowed once a newer rule denies it, and waits on; a newer mode that asks nobody does not matter', async () => {
    const { test, cwd, turn, approval } = await asking();
    const { approvalId } = approval;
    const allow = () => test.sessions.approve('s', { approvalId, decision: 'allow' });
    await test.sessions.update('s', { disallowedTools: ['Bash(touch *)'] });
    await expect(allow()).rejects.toMatchObject({ code: 'forbidden' });
    expect((await test.sessions.get('s')).status).toBe('waiting');
    expect(existsSync(join(cwd, 'made'))).toBe(false);
    await test.sessions.update('s', { disallowedTools: [], permissionMode: 'dontAsk' });
    await allow();
    expect(finishedOf(await turn).status).toBe('completed');
    expect(existsSync(join(cwd, 'made'))).toBe(true);
  });

  it('is answered once', async () => {
    const { test, turn, approval } = await asking();
    const { approvalId } = approval;
    const answers = await Promise.allSettled([
      test.sessions.approve('s', { approvalId, decision: 'deny' }),
      test.sessions.approve('s', { approvalId, decision: 'allow' }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await turn;
  });

  it('waits on through a restart, and may be cancelled', async () => {
    const { test, approval, turn } = await asking();
    turn.catch(() => undefined);
    await test.restart();
    expect(await test.sessions.asked('s')).toMatchObject([{ approvalId: approval.approvalId }]);
    await test.sessions.cancel('s');
    expect(await results(test, 's')).toMatchObject([{ is_error: true }]);
  });
});

describe('a session that is deleted', () => {
  it('takes its folders, its commands in the background and the audit of its calls with it', async () => {
    const test = await testGreenroom();
    await test.sessions.create('s', { tools: ['Bash'], permissionMode: 'bypassPermissions' });
    const events = await test.run(
      's',
      calls([
        ['Bash', { command: 'seq 1 30000; echo $PWD > here' }],
        ['Bash', { command: 'echo $$ > pid; exec sleep 1000', run_in_background: true }],
      ]),
    );
    expect(finishedOf(events).status).toBe('completed');
    const folders = ['workspaces', 'tool-output'].map((kind) =>
      join(test.dataDir, kind, 'default', 's'),
    );
    await until(() => folders.every((path) => existsSync(path)));
    const pidFile = join(folders[0] ?? '', 'pid');
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'));
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    expect((await test.sessions.audit('s')).audit.map(({ kind }) => kind)).toContain('tool');
    await test.sessions.delete('s', { release: true });
    expect(folders.map((path) => existsSync(path))).toEqual([false, false]);
    const left = await test.journal.audit('default' as Tenant, { limit: 100 });
    expect(new Set(left.map(({ kind }) => kind))).toEqual(new Set(['lifecycle']));
    await until(() => !isAlive(pid));
  });

  it('leaves a working directory that it was given as it is', async () => {
    const { test, cwd } = await withFolder({ permissionMode: 'bypassPermissions' });
    await test.run('s', calls([['Bash', { command: 'echo mine > file' }]]));
    await test.sessions.delete('s', { release: true });
    expect(readFileSync(join(cwd, 'file'), 'utf8')).toBe('mine\n');
  });
});

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
