/** The page on hooks: its example is run as it stands, its tables and numbers are those of the code. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { VARIABLES } from '../../src/config/variables.ts';
import { MAX_TEXT } from '../../src/hooks/answer.ts';
import { MAX_RUNNING, MAX_WAITING } from '../../src/hooks/commands/hook-commands.ts';
import { KEPT_BYTES, MOST_BYTES } from '../../src/hooks/commands/printed.ts';
import { GATES } from '../../src/hooks/hook.ts';
import { MAX_BODY_BYTES } from '../../src/hooks/http.ts';
import { hooksOf } from '../../src/hooks/settings.ts';
import { wordOf } from '../../src/hooks/word.ts';
import { HOOK_EVENTS, type HookEvent } from '../../src/session/ports/hooks.ts';
import { codeIn, codeInColumn, documentNamed, fencesIn, tableBelow } from '../docs/readme.ts';
import { testGreenroom } from '../support/greenroom.ts';
import { bash, folder, startHooks } from './hooking.ts';

const PAGE = documentNamed('docs/guide/hooks.md');
const MIB = 1024 * 1024;

const hasPython = (): boolean => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('skipped: there is no python3');
    return false;
  }
};

const marked = (words: string): string => {
  const fence = fencesIn(PAGE).find(({ marker }) => marker === words);
  if (fence === undefined) throw new Error(`the page has no ${words}`);
  return fence.text;
};

const saved = (name: string): string => marked(`saved as: ${name}`);

/** What the page has in a shell, but for the daemon, at a home of its own. */
const inShell = (lines: string): void => {
  const own = lines.split('\n').filter((line) => !line.includes('npx greenroom'));
  execFileSync('bash', ['-ec', own.join('\n')], { env: process.env });
};

/** The page done by hand: its folder made, its files saved there as an editor would. */
const asOnThePage = (): string => {
  const home = folder();
  vi.stubEnv('HOME', home);
  onTestFinished(() => void vi.unstubAllEnvs());
  inShell(marked('to begin with'));
  const files = ['hooks.json', 'no-force.sh', 'protect.py'];
  for (const name of files) writeFileSync(join(home, 'greenroom-hooks', name), saved(name));
  inShell(marked('at last'));
  return join(home, 'greenroom-hooks', 'hooks.json');
};

/** Its hooks, in another folder than they are in. */
const hooksOfThePage = () => {
  const { hooks: events } = JSON.parse(readFileSync(asOnThePage(), 'utf8'));
  return startHooks({ dir: folder(), events });
};

describe('the example', () => {
  test('refuses a forced push in bash, and nothing else', async () => {
    const { hooks, call } = await hooksOfThePage();
    expect(await hooks.run(call('PreToolUse', bash('git push --force')))).toMatchObject({
      ...{ decision: 'deny', reason: expect.stringContaining('push to a new branch') },
    });
    for (const other of ['git push', 'ls -f'])
      expect((await hooks.run(call('PreToolUse', bash(other)))).decision).toBeUndefined();
  });

  test.skipIf(!hasPython())('asks about a file with keys in python', async () => {
    const { hooks, call } = await hooksOfThePage();
    const edit = (file_path: string) =>
      hooks.run(call('PreToolUse', { tool_name: 'Edit', tool_input: { file_path } }));
    expect(await edit('/p/.env')).toMatchObject({
      decision: 'ask',
      reason: '/p/.env may hold keys',
    });
    expect(await edit('/p/a.ts')).toMatchObject({ decision: undefined, runs: [{ ended: 'ok' }] });
  });

  test('tells the model what it prints about a message', async () => {
    const { hooks: events } = JSON.parse(marked('beside a message'));
    const { hooks, call } = await startHooks({ events });
    const { context } = await hooks.run(call('UserPromptSubmit', { prompt: 'hello' }));
    expect(context).toEqual(['The branch is main.']);
  });

  test('keeps the push of the session on the page from being made', async () => {
    const greenroom = await testGreenroom({ hooksFile: asOnThePage() });
    const [, prompt = ''] = / send \S+ '(.+)'/.exec(marked('a session')) ?? [];
    const [, allowed = ''] = /--allow '(.+?)'/.exec(marked('a session')) ?? [];
    const own = { tools: ['Bash'], allowedTools: [allowed] };
    await greenroom.sessions.create('s', { workingDirectory: folder(), ...own });
    expect(marked('it shows')).toContain(prompt);
    await greenroom.run('s', prompt);
    const { entries } = await greenroom.sessions.messages('s');
    const told: unknown[] = entries.flatMap((entry) =>
      entry.type === 'message' ? [entry.message.content].flat() : [],
    );
    const [, result] = /result: (.+)\)/.exec(marked('it shows')) ?? [];
    expect(told).toContainEqual(
      expect.objectContaining({ type: 'tool_result', content: result, is_error: true }),
    );
  });
});

describe('the tables', () => {
  const events = tableBelow('Events', PAGE);

  test('have every event, and what exit code 2 means to it', () => {
    expect(codeInColumn(events, 0)).toEqual([...HOOK_EVENTS]);
    for (const [name = '', , , , two = ''] of events) {
      const event = codeIn(name)[0] as HookEvent;
      const outcome = { kind: 'exited', code: 2, stdout: '', stderr: 'x', isCut: false } as const;
      const word = wordOf(event, outcome, 'block');
      const means = word.decision ?? (word.context.length > 0 ? 'the model sees' : 'nothing');
      if (means === 'deny') expect(two).toMatch(/not made|dropped|goes on|not compacted/);
      else expect(two).toContain(means);
    }
  });

  test('have every way to run one, and refuse the others', () => {
    const [type = ''] = codeIn(tableBelow('Ways to run one', PAGE)[0]?.[0]);
    expect(type).toBe('command');
    const types = codeInColumn(tableBelow('Ways to run one', PAGE), 0);
    const reads = (name: string) => {
      const hook = { type: name, command: 'x', url: 'http://h', subject: 's', path: './p' };
      return () => hooksOf({ hooks: { Stop: [{ hooks: [hook] }] } }, '/', { env: {} });
    };
    for (const name of types) expect(reads(name)).not.toThrow();
    for (const name of ['prompt', 'agent', 'mcp_tool']) {
      expect(PAGE).toContain(`\`${name}\``);
      expect(reads(name)).toThrow();
    }
  });

  test('have the variables of what is built in', () => {
    const known = Object.values(VARIABLES).map(({ env }) => env);
    const named = codeInColumn(tableBelow('Built in', PAGE), 0);
    expect(named).toEqual(known.filter((env) => /^ENABLE_.*_HOOKS?$/.test(env)));
  });

  test('have the codes of programs that were not found or were killed', () => {
    const ended = (code: number) => {
      const outcome = { kind: 'exited', code, stdout: '', stderr: '', isCut: false } as const;
      return wordOf('PreToolUse', outcome, 'block').ended;
    };
    const codes = tableBelow('What a hook says', PAGE).map(([code = '']) => code);
    expect(codes).toEqual(['0', '2', '126, 127', '129 to 159', 'any other']);
    expect([125, 126, 127, 128].map(ended)).toEqual([
      ...['error', 'could_not_start', 'could_not_start', 'error'],
    ]);
    expect([129, 159, 160].map(ended)).toEqual(['killed', 'killed', 'error']);
  });
});

test('each number is there, and each gate', () => {
  const count = (value: number) => value.toLocaleString('en-US');
  const sentences = [
    `cut to ${count(MAX_TEXT)} characters`,
    `At most ${MAX_RUNNING} commands run at a time in a daemon, and ${count(MAX_WAITING)} more wait`,
    `Of each output ${KEPT_BYTES / MIB} MiB is kept. One that prints ${MOST_BYTES / MIB} MiB is ended`,
    `a body above ${MAX_BODY_BYTES / MIB} MiB`,
    `${[...GATES]
      .map((gate) => `\`${gate}\``)
      .join(', ')
      .replace(/, (?=[^,]*$)/, ' and ')} are\ngates`,
  ];
  expect(sentences.filter((sentence) => !PAGE.includes(sentence))).toEqual([]);
});
