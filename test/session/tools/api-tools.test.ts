/** Calls of the API's own tools as calls of ours: names, inputs, paths, and what is refused. */
import { expect, it } from 'vitest';
import { type Head, newHead } from '../../../src/model/head.ts';
import { sessionKey, type TurnId } from '../../../src/model/ids.ts';
import { NO_RULES, readRules } from '../../../src/permissions/rule-set.ts';
import type { Hooks } from '../../../src/session/ports/hooks.ts';
import { API_TOOLS, effectOf, type OwnUse, ownUse } from '../../../src/session/tools/api-tools.ts';
import { askBefore } from '../../../src/session/tools/ask-hooks.ts';
import { Judge, type PermissionGround } from '../../../src/session/tools/judge.ts';
import { offerOf } from '../../../src/session/tools/offer.ts';

const TYPES = API_TOOLS.map(({ type }) => type);
const EDITOR = 'str_replace_based_edit_tool';
const MEMORIES = '/data/s/memories';

const own = (name: string, input: unknown, tools: readonly string[] = TYPES) =>
  ownUse({ id: 'tu', name, input }, tools, MEMORIES);
const told = (name: string, input: unknown) => {
  const { fault, ...use } = own(name, input);
  return fault ?? [use.name, use.input, effectOf(use)];
};

it.each([
  ['bash', { command: 'ls' }, 'Bash', { command: 'ls' }, 'at_most_once'],
  ['bash', { restart: true }, 'Bash', { restart: true }, 'at_most_once'],
  [EDITOR, { command: 'view', path: 'a' }, 'Read', { file_path: 'a' }, 'pure'],
  [
    ...[EDITOR, { command: 'view', path: 'a', view_range: [3, 5] }, 'Read'],
    ...[{ file_path: 'a', offset: 3, limit: 3 }, 'pure'],
  ],
  [
    ...[EDITOR, { command: 'view', path: 'a', view_range: [3, -1] }, 'Read'],
    ...[{ file_path: 'a', offset: 3 }, 'pure'],
  ],
  [
    ...[EDITOR, { command: 'create', path: 'a', file_text: 'x' }, 'Write'],
    ...[{ file_path: 'a', content: 'x' }, 'idempotent'],
  ],
  [
    ...[EDITOR, { command: 'str_replace', path: 'a', old_str: 'x' }, 'Edit'],
    ...[{ file_path: 'a', old_string: 'x', new_string: '' }, 'idempotent'],
  ],
  [
    ...[EDITOR, { command: 'insert', path: 'a', insert_line: 0, insert_text: 'x' }, 'Edit'],
    ...[{ file_path: 'a', insert_line: 0, insert_text: 'x' }, 'idempotent'],
  ],
  ['memory', { command: 'view', path: '/memories' }, 'Read', { file_path: MEMORIES }, 'pure'],
  [
    ...['memory', { command: 'delete', path: '/memories/a' }, 'Edit'],
    ...[{ file_path: `${MEMORIES}/a`, is_deleted: true }, 'at_most_once'],
  ],
  [
    ...['memory', { command: 'rename', old_path: '/memories/a', new_path: '/memories/b' }, 'Edit'],
    ...[{ file_path: `${MEMORIES}/a`, new_path: `${MEMORIES}/b` }, 'at_most_once'],
  ],
] as const)('%s %o is %s %o', (name, input, ownName, ownInput, effect) => {
  expect(told(String(name), input)).toEqual([ownName, ownInput, effect]);
});

it('knows what does not fit, and paths that lead out of the memory', () => {
  expect(told('bash', {})).toContain('bash:');
  expect(told(EDITOR, { command: 'delete', path: 'a' })).toContain('command');
  expect(told(EDITOR, { command: 'view', path: 'a\0' })).toContain('path');
  for (const path of [
    ...['/memories/../x', '/memories/a/../../x', '/memoriesx', '/etc/passwd', 'memories/a'],
    ...['/memories/%2e%2e/x', '/memories/..%2Fx', '/memories\\..\\x', ''],
  ])
    expect(own('memory', { command: 'view', path }).fault).toBeDefined();
  expect(told('memory', { command: 'delete', path: '/memories/' })).toContain('cannot be changed');
  const moved = { command: 'rename', old_path: '/memories/a', new_path: '/memories' };
  expect(told('memory', moved)).toContain('cannot be changed');
});

it('leaves calls alone where the session has not named the tool', () => {
  const use = { id: 'tu', name: 'bash', input: { command: 'ls' } };
  expect(ownUse(use, ['Bash'], MEMORIES)).toBe(use);
});

const GROUND: PermissionGround = {
  files: { readLink: () => undefined },
  home: '/home/ann',
  rules: NO_RULES,
  policies: [],
  mode: 'default',
};
const ALL = ['Bash', 'Edit', 'Read', 'Write'].map((name) => ({
  ...{ name, description: name, inputSchema: { type: 'object' } },
  effect: 'pure' as const,
}));

const verdict = (name: string, input: object, settings: Partial<Head>, ground = GROUND) => {
  const head = { ...newHead(sessionKey('default', 's'), 0), tools: TYPES, ...settings };
  const place = { workingDirectory: '/srv/app', cwd: '/srv/app', memories: MEMORIES };
  return new Judge(ground).verdict(own(name, input), offerOf(head, ALL), head, place);
};

it('is judged by the rules for our names, of the session and of the daemon', () => {
  const removal = { command: 'cd x && rm -rf y' };
  const bypass = { permissionMode: 'bypassPermissions' } as const;
  expect(verdict('bash', removal, bypass).kind).toBe('start');
  const denying = { ...bypass, disallowedTools: ['Bash(rm *)', 'Edit(/etc/**)', 'Edit(secret)'] };
  expect(verdict('bash', removal, denying).kind).toBe('refuse');
  const daemon = { ...GROUND, rules: readRules({ deny: ['Bash(rm *)'] }, { scope: 'daemon' }) };
  expect(verdict('bash', removal, bypass, daemon).kind).toBe('refuse');
  const insert = { command: 'insert', path: 'secret', insert_line: 0, insert_text: '' };
  expect(verdict(EDITOR, insert, denying).kind).toBe('refuse');
  expect(verdict(EDITOR, { ...insert, path: 'other' }, denying).kind).toBe('start');
  expect(verdict('bash', { command: 'ls' }, { allowedTools: ['Bash(ls)'] }).kind).toBe('start');
});

it('lets the memory be changed without asking, but not against a rule or a mode', () => {
  const note = { command: 'create', path: '/memories/a', file_text: 'x' };
  const out = { command: 'create', path: 'a', file_text: 'x' };
  expect(verdict('memory', note, {}).kind).toBe('start');
  expect(verdict(EDITOR, out, {}).kind).toBe('ask');
  const move = { command: 'rename', old_path: '/memories/a', new_path: '/memories/kept/a' };
  const back = { ...move, old_path: move.new_path, new_path: move.old_path };
  expect(verdict('memory', move, {}).kind).toBe('start');
  for (const call of [move, back])
    expect(verdict('memory', call, { disallowedTools: [`Edit(/${MEMORIES}/kept/**)`] }).kind).toBe(
      'refuse',
    );
  expect(verdict('memory', note, { permissionMode: 'plan' }).kind).toBe('refuse');
  expect(verdict('memory', note, { disallowedTools: [`Edit(/${MEMORIES}/**)`] }).kind).toBe(
    'refuse',
  );
});

it('is refused where a link stands in the place of the memory', () => {
  const linked = (path: string) => (path === MEMORIES ? '/home/ann' : undefined);
  const ground = { ...GROUND, files: { readLink: linked } };
  for (const command of ['view', 'create'])
    expect(
      verdict('memory', { command, path: '/memories/a', file_text: '' }, {}, ground),
    ).toMatchObject({ kind: 'refuse', message: '/memories is a link, and not used.' });
});

it('is judged as what a hook makes of it', async () => {
  const head = {
    ...newHead(sessionKey('default', 's'), 0),
    ...{ tools: TYPES, disallowedTools: ['Edit(secret)'] },
  };
  const place = { workingDirectory: '/srv/app', cwd: '/srv/app', memories: MEMORIES };
  const judge = (use: OwnUse) => new Judge(GROUND).verdict(use, offerOf(head, ALL), head, place);
  const after = (event: string, input: Record<string, unknown>, path = 'secret') => {
    const said = { decision: 'allow', input, context: [], runs: [] } as const;
    const hooks = {
      has: (asked: string) => asked === event,
      run: () => Promise.resolve(said),
    } as unknown as Hooks;
    const ground = { hooks, head, turnId: 't' as TurnId, cwd: '/', permissionMode: 'default' };
    return askBefore(own(EDITOR, { command: 'view', path }), judge, ground);
  };
  const put = { file_path: 'secret', content: 'x' };
  expect((await after('PreToolUse', put)).verdict.kind).toBe('refuse');
  expect((await after('PermissionRequest', put, '/etc/a')).verdict.kind).toBe('refuse');
  const other = { file_path: '/etc/b', content: 'x' };
  expect((await after('PermissionRequest', other, '/etc/a')).verdict).toMatchObject({
    ...{ kind: 'start', effect: 'idempotent', isAlone: true, realPath: '/etc/b' },
  });
});

it('is offered by its type, and not where it or a tool that does its work is denied', () => {
  const offer = (disallowedTools: readonly string[]) =>
    JSON.parse(
      offerOf({ tools: [...TYPES, 'Read'], disallowedTools: [...disallowedTools] }, ALL).json ??
        '[]',
    );
  expect(offer([])).toEqual([
    { name: 'Read', description: 'Read', input_schema: { type: 'object' } },
    ...[TYPES[0], TYPES[2], TYPES[1]].map((type) => ({
      ...{ type, name: API_TOOLS.find((tool) => tool.type === type)?.name },
    })),
  ]);
  expect(offer(['Bash', 'Write'])).toEqual([expect.objectContaining({ name: 'Read' })]);
  expect(offer(['bash_20250124', 'memory'])).toEqual([
    expect.objectContaining({ name: 'Read' }),
    expect.objectContaining({ type: 'text_editor_20250728' }),
  ]);
});
