/** The page on hooks: its example is run as it stands, its tables and numbers are those of the code. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
import { bash, folder, script, startHooks } from './hooking.ts';

const PAGE = documentNamed('docs/guide/hooks.md');
const MIB = 1024 * 1024;

const saved = (name: string): string => {
  const fence = fencesIn(PAGE).find(({ marker }) => marker === `saved as: ${name}`);
  if (fence === undefined) throw new Error(`the page has no ${name}`);
  return fence.text;
};

const hasPython = (): boolean => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('skipped: there is no python3');
    return false;
  }
};

const asOnThePage = () => {
  const dir = folder();
  for (const name of ['no-force.sh', 'protect.py']) script(join(dir, 'hooks'), name, saved(name));
  return startHooks({ dir, events: JSON.parse(saved('hooks.json')).hooks });
};

describe('the example', () => {
  test('refuses a forced push in bash, and nothing else', async () => {
    const { hooks, call } = await asOnThePage();
    expect(await hooks.run(call('PreToolUse', bash('git push --force')))).toMatchObject({
      ...{ decision: 'deny', reason: expect.stringContaining('push to a new branch') },
    });
    for (const other of ['git push', 'ls -f'])
      expect((await hooks.run(call('PreToolUse', bash(other)))).decision).toBeUndefined();
  });

  test.skipIf(!hasPython())('asks about a file with keys in python', async () => {
    const { hooks, call } = await asOnThePage();
    const edit = (file_path: string) =>
      hooks.run(call('PreToolUse', { tool_name: 'Edit', tool_input: { file_path } }));
    expect(await edit('/p/.env')).toMatchObject({
      decision: 'ask',
      reason: '/p/.env may hold keys',
    });
    expect(await edit('/p/a.ts')).toMatchObject({ decision: undefined, runs: [{ ended: 'ok' }] });
  });

  test('tells the model what it prints about a message', async () => {
    const { hooks, call } = await asOnThePage();
    const { context } = await hooks.run(call('UserPromptSubmit', { prompt: 'hello' }));
    expect(context).toEqual(['The branch is main.']);
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
