/** Hooks as they are configured: what is taken, and what is refused in which words. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hooksFor, mergeTables } from '../../src/hooks/hook.ts';
import { hooksIn, hooksOf, hooksOfFunctions } from '../../src/hooks/settings.ts';
import type { HookEvent, HookFunctions } from '../../src/session/ports/hooks.ts';
import { folder } from './hooking.ts';

const read = (hooks: unknown, env: Record<string, string> = {}, more: object = {}) =>
  hooksOf({ hooks, ...more }, '/settings', { env });
const group = (hook: object, more: object = {}) => [{ hooks: [hook], ...more }];
const only = (hook: object, env: Record<string, string> = {}, event: HookEvent = 'PreToolUse') =>
  read({ [event]: group(hook) }, env)[event]?.[0]?.hooks[0];
const run = { type: 'command', command: './check.sh' };

describe('a settings file', () => {
  test('of Claude Code is read, whatever else is in it', () => {
    const file = join(folder(), 'settings.json');
    const settings = {
      model: 'opus',
      permissions: { allow: ['Bash(ls)'] },
      hooks: {
        PreToolUse: [
          { matcher: 'Edit|Write', hooks: [{ ...run, timeout: 10, statusMessage: 'Checking' }] },
        ],
        Stop: [{ hooks: [run] }],
      },
    };
    writeFileSync(file, JSON.stringify(settings));
    const table = hooksIn(file, { env: {} });
    expect(Object.keys(table)).toEqual(['PreToolUse', 'Stop']);
    const groups = table.PreToolUse ?? [];
    expect(hooksFor(groups, 'Bash')).toEqual([]);
    expect(hooksFor(groups, 'Write')).toMatchObject([
      { label: './check.sh', timeoutMs: 10_000, isAside: false, work: { kind: 'command' } },
    ]);
  });

  test('may switch all its hooks off', () => {
    expect(read({ Stop: group(run) }, {}, { disableAllHooks: true })).toEqual({});
  });

  test.each([
    ['{ no JSON', /JSON/],
    ['{"hooks":{"PostToolBatch":[]}}', /no event PostToolBatch here; the events are PreToolUse, /],
    [
      '{"hooks":{"Stop":[{"hooks":[{"type":"prompt","prompt":"x"}]}]}}',
      /Stop\.0\.hooks\.0.*command, http, nats and module/,
    ],
    ['{"hooks":{"Stop":[{"hooks":[{"type":"agent"}]}]}}', /command, http, nats and module/],
    ['{"hooks":{"Stop":[{"hooks":[{"type":"mcp_tool"}]}]}}', /command, http, nats and module/],
    ['{"hooks":{"Stop":[{"hooks":[{"type":"command"}]}]}}', /command/],
    ['{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"x","timeout":0}]}]}}', /timeout/],
    [
      '{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"x","asyncRewake":true}]}]}}',
      /asyncRewake: is not done here/,
    ],
    [
      '{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"x","shell":"powershell"}]}]}}',
      /only bash/,
    ],
    ['{"hooks":{"Stop":[{"hooks":[{"type":"http","url":"ftp://x"}]}]}}', /url/],
    ['{"hooks":{"Stop":[{"hooks":[{"type":"nats","subject":"a.*"}]}]}}', /without wildcards/],
    ['{"hooks":{"Stop":[{"onFailure":"open","hooks":[]}]}}', /onFailure/],
    ['{"hooks":{"PreToolUse":[{"matcher":"Bash(","hooks":[]}]}}', /PreToolUse: the matcher Bash\(/],
    [
      '{"hooks":{"PreToolUse":[{"hooks":[{"type":"command","command":"x","if":"Bash(x"}]}]}}',
      /Bash\(x/,
    ],
  ])('is refused: %s', (text, words) => {
    const file = join(folder(), 'hooks.json');
    writeFileSync(file, text);
    const wrong = expect.objectContaining({
      code: 'invalid_settings',
      message: expect.stringMatching(words),
    });
    expect(() => hooksIn(file, { env: {} })).toThrow(wrong);
    expect(() => hooksIn(file, { env: {} })).toThrow(`GREENROOM_HOOKS_FILE: ${file}: `);
  });

  test('that is not there is refused', () => {
    expect(() => hooksIn('/nowhere/hooks.json', { env: {} })).toThrow(
      expect.objectContaining({ code: 'invalid_settings' }),
    );
  });
});

describe('a hook', () => {
  test("has its group's answer to a failure, or its own", () => {
    const table = read({
      Stop: [{ onFailure: 'block', hooks: [run, { ...run, command: 'x', onFailure: 'continue' }] }],
    });
    expect(table.Stop?.[0]?.hooks.map(({ onFailure }) => onFailure)).toEqual(['block', 'continue']);
  });

  test('is the same as another with the same work, whatever its time', () => {
    expect(only(run)?.identity).toBe(only({ ...run, timeout: 3 })?.identity);
    expect(only(run)?.identity).not.toBe(only({ ...run, args: [] })?.identity);
    expect(only(run)?.identity).not.toBe(only({ ...run, if: 'Bash(ls)' })?.identity);
  });

  test('is shown without secrets', () => {
    const key = `sk-ant-${'a'.repeat(20)}`;
    expect(only({ ...run, command: `notify --key ${key}` })?.label).toBe('notify --key (hidden)');
    expect(only({ type: 'http', url: 'https://ada:pw@host/in?token=1' })?.label).toBe(
      'https://host/in',
    );
  });

  test('over HTTP has the variables that it may have in its headers', () => {
    const other = ['${', 'OTHER}-$TOKEN'].join(''); // as the file has it
    const headers = { Authorization: 'Bearer $TOKEN', 'X-Other': other };
    const hook = { type: 'http', url: 'http://h', headers, allowedEnvVars: ['TOKEN'] };
    expect(only(hook, { TOKEN: 't1', OTHER: 'secret' })?.work).toMatchObject({
      headers: { authorization: 'Bearer t1', 'x-other': '-t1' },
    });
  });

  test('of a module has a path from the folder of the settings', () => {
    expect(only({ type: 'module', path: './a.mjs' })?.work).toEqual({
      ...{ kind: 'module', path: '/settings/a.mjs', name: 'default' },
    });
  });
});

describe('functions', () => {
  test('are taken with their matchers, behind what is in the file', () => {
    const file = join(folder(), 'hooks.json');
    writeFileSync(file, JSON.stringify({ hooks: { Stop: group(run) } }));
    const seeAll = () => undefined;
    const table = mergeTables(
      hooksIn(file, { env: {} }),
      hooksOfFunctions({ Stop: [{ hooks: [seeAll], timeout: 2 }] }),
    );
    expect(table.Stop?.flatMap(({ hooks }) => hooks)).toMatchObject([
      { label: './check.sh' },
      { label: 'function seeAll', timeoutMs: 2_000 },
    ]);
  });

  test.each([
    [{ Never: [] }, /Never/],
    [{ Stop: [{ hooks: ['x'] }] }, /function/],
    [{ Stop: [{ hooks: [], match: 'x' }] }, /match/],
  ])('of another shape are refused: %j', (given, words) => {
    expect(() => hooksOfFunctions(given as unknown as HookFunctions)).toThrow(
      expect.objectContaining({ code: 'invalid_settings', message: expect.stringMatching(words) }),
    );
  });
});
