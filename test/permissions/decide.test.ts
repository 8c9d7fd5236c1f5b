/** What is decided of calls, in which order, and why. */
import { describe, expect, it, test } from 'vitest';
import { decide, type PermissionContext } from '../../src/permissions/decide.ts';
import { commandPolicy, fileAccessPolicy } from '../../src/permissions/policies.ts';
import { mergeRules, readRules } from '../../src/permissions/rule-set.ts';
import { bash, CWD, call, contextWith, filesWith, HOME } from './support.ts';

const allow = (...rules: readonly string[]) => ({ allow: rules });

describe('the order', () => {
  it('is deny, ask, allow, however specific a rule is', () => {
    const rules = {
      allow: ['Bash(npm run build)'],
      ask: ['Bash(npm run *)'],
      deny: ['Bash(npm *)'],
    };
    expect(bash('npm run build', rules)).toMatchObject({
      decision: 'deny',
      because: { kind: 'rule', rule: 'Bash(npm *)', scope: 'session' },
    });
    expect(bash('npm run build', { ...rules, deny: [] }).decision).toBe('ask');
    expect(bash('npm run build', allow('Bash(npm run build)')).decision).toBe('allow');
  });

  it('lets no scope lift the deny of another', () => {
    const rules = mergeRules(
      readRules({ deny: ['Bash(git push *)'] }, { scope: 'tenant' }),
      readRules({ allow: ['Bash'] }, { scope: 'turn' }),
    );
    const input = { command: 'git push' };
    for (const mode of ['default', 'bypassPermissions', 'enabled'] as const)
      expect(decide({ tool: 'Bash', input }, rules, contextWith({ mode }))).toMatchObject({
        decision: 'deny',
        because: { scope: 'tenant' },
      });
  });
});

describe('a deny finds a command', () => {
  it.each([
    'git push',
    'git -C /elsewhere push origin',
    '/usr/bin/git push',
    './git push',
    'FOO=1 git push',
    'timeout 5 git push',
    'sudo git push',
    'echo "$(git push)"',
    "bash -c 'git push'",
    'eval "git push"',
    'g() { git push; }; g',
    'find . -exec git push \\;',
    'true || git  push',
    'gi"t" pu\\sh',
  ])('in %s', (line) => {
    expect(bash(line, { deny: ['Bash(git push *)'], allow: ['Bash'] }).decision).toBe('deny');
  });

  it('that may be hidden by asking', () => {
    expect(bash('git $x', { deny: ['Bash(git push *)'], allow: ['Bash'] }).decision).toBe('ask');
    expect(bash('eval "$x"', { deny: ['Bash(git push *)'], allow: ['Bash'] }).decision).toBe('ask');
    expect(bash('git status', { deny: ['Bash(git push *)'], allow: ['Bash'] }).decision).toBe(
      'allow',
    );
  });
});

describe('a pattern', () => {
  it.each([
    ['ls *', 'ls', true],
    ['ls *', 'ls -la', true],
    ['lsof*', 'lsofx', true],
    ['mytool *', 'mytoolx', false],
    ['mytool*', 'mytoolx', true],
    ['mytool:*', 'mytool a', true],
    ['mytool a', 'mytool a', true],
    ['mytool a', 'mytool a b', false],
    ['mytool * --dry', 'mytool a b --dry', true],
    ['mytool "a b"', "mytool 'a b'", true],
    ['mytool a b', 'mytool "a b"', false],
    ['mytool \\*', 'mytool "*"', true],
    ['mytool \\*', 'mytool x', false],
    ['X=1 mytool *', 'X=1 mytool a', true],
    ['mytool *', 'X=1 mytool a', false],
    ['mytool *', 'LC_ALL=C NO_COLOR=1 mytool a', true],
    ['timeout *', 'timeout 5 mytool', false],
    ['timeout 5 mytool *', 'timeout 5 mytool a', true],
    ['mytool *', 'timeout 5 mytool a', true],
    ['mytool *', './mytool a', false],
    ['sudo mytool *', 'sudo mytool a', true],
    ['mytool *', 'sudo mytool a', false],
  ])('%j and %j: %s', (pattern, line, isAllowed) => {
    expect(bash(line, allow(`Bash(${pattern})`)).decision === 'allow').toBe(isAllowed);
  });
});

describe('a dangerous option', () => {
  it.each([
    ['find *', 'find . -delete', 'find * -delete'],
    ['git *', 'git -c alias.x=!y x', undefined],
    ['git log *', 'git log --output=x', 'git log --output=x'],
    ['sort *', 'sort -uo x y', 'sort -uo *'],
    ['python3 *', 'python3 -c 1', 'python3 -c *'],
    ['sed *', "sed -n 's/a/b/w x' y", undefined],
    ['tar *', 'tar --checkpoint-act=exec=x', undefined],
  ])('is not in %s: %s', (broad, line, named) => {
    expect(bash(line, allow(`Bash(${broad})`)).decision).toBe('ask');
    if (named !== undefined && !named.startsWith('sort'))
      expect(bash(line, allow(`Bash(${named})`)).decision).toBe('allow');
    expect(bash(line, allow(`Bash(${line})`)).decision).toBe('allow');
  });
});

describe('without a rule', () => {
  it.each([
    'ls -la src | head -5',
    'cat a | grep -n x | sort -u | wc -l',
    'git status && git log --oneline -5 && git diff HEAD~1 -- src',
    'cd src && ls',
    "sed -n '1,20p' a.ts",
    'find . -name "*.ts" -not -path "./x/*"',
    'git branch --show-current; git remote -v',
    'echo a; pwd; true && which node',
    'for f in a b; do cat "$f"; done',
    'cat src/*.ts 2>/dev/null',
    'export NO_COLOR=1; ls',
    'git -C src status',
  ])('what only reads here is allowed: %s', (line) => {
    expect(bash(line)).toMatchObject({ decision: 'allow', because: { kind: 'harmless' } });
  });

  it.each([
    'cat /etc/hosts',
    'cat ../other/x',
    'ls ~',
    'cat "$x"',
    'find / -name x',
    'git checkout x',
    'git branch -D x',
    'git diff --no-index /etc/hosts a',
    'git -C /elsewhere status',
    'echo a > b',
    'npm test',
    'date -s x',
    'cat link/secret',
    'env',
    'awk \'BEGIN { ARGV[1] = "/etc/hosts"; ARGC = 2 } 1\'',
  ])('what does more, or elsewhere, is asked about: %s', (line) => {
    const files = filesWith({ [`${CWD}/link`]: '/secrets' });
    expect(bash(line, {}, { files }).decision).toBe('ask');
  });
});

describe('files', () => {
  const read = (path: string, rules = {}, changes: Partial<PermissionContext> = {}) =>
    call('Read', { file_path: path }, rules, changes).decision;
  const edit = (path: string, rules = {}, changes: Partial<PermissionContext> = {}) =>
    call('Write', { file_path: path }, rules, changes).decision;

  it('in the working folders are read unasked, and only there', () => {
    expect(read(`${CWD}/a`)).toBe('allow');
    expect(read(`${CWD}-evil/a`)).toBe('ask');
    expect(read(`${CWD}/../x`)).toBe('ask');
    expect(read('/lib/a', {}, { folders: ['/lib'] })).toBe('allow');
  });

  it('behind a link need the link and its target to be allowed, and are denied by either', () => {
    const files = filesWith({ [`${CWD}/l`]: '/secrets' });
    expect(read(`${CWD}/l/a`, {}, { files })).toBe('ask');
    expect(read(`${CWD}/l/a`, allow('Read(./l/**)'), { files })).toBe('ask');
    expect(read(`${CWD}/l/a`, allow('Read(./l/**)', 'Read(//secrets/**)'), { files })).toBe(
      'allow',
    );
    expect(read(`${CWD}/l/a`, { deny: ['Read(//secrets/**)'] }, { files })).toBe('deny');
    expect(read(`${CWD}/l/a`, { deny: ['Read(./l/**)'] }, { files })).toBe('deny');
    expect(read(`${CWD}/l/../x`, {}, { files })).toBe('ask');
  });

  it('that a dangling link would make are where it leads', () => {
    const files = filesWith({ [`${CWD}/l`]: '../outside/new' });
    expect(edit(`${CWD}/l`, {}, { files, mode: 'acceptEdits' })).toBe('ask');
  });

  it('that cannot be looked at are as they are named', () => {
    const files = {
      readLink: (): string => {
        throw new Error('EACCES');
      },
    };
    expect(read(`${CWD}/a`, { deny: ['Read(a)'] }, { files })).toBe('deny');
    expect(read('/elsewhere/a', {}, { files })).toBe('ask');
  });

  it('in a circle of links are nowhere', () => {
    expect(read(`${CWD}/l`, {}, { files: filesWith({ [`${CWD}/l`]: 'l' }) })).toBe('ask');
  });

  it.each([
    ['Edit(*.md)', `${CWD}/docs/a.md`, true],
    ['Edit(./*.md)', `${CWD}/docs/a.md`, false],
    ['Edit(docs/**)', `${CWD}/docs/a/b`, true],
    ['Edit(docs/**)', `${CWD}/x/docs/a`, false],
    ['Edit(docs)', `${CWD}/docs/a/b`, true],
    ['Edit(//tmp/**)', '/tmp/a', true],
    ['Edit(//tmp/**)', '/tmpx/a', false],
    ['Edit(~/notes/**)', `${HOME}/notes/a`, true],
    ['Edit(../lib/**)', `${HOME}/lib/a`, true],
    ['Edit(/docs/*)', `${CWD}/docs/a`, true],
    ['Edit(src/**/x.ts)', `${CWD}/src/x.ts`, true],
    ['Edit(src/[ab].ts)', `${CWD}/src/c.ts`, false],
    ['Read(docs/**)', `${CWD}/docs/a`, false],
    ['Edit', '/anywhere/a', true],
  ])('%s allows editing %s: %s', (rule, path, isAllowed) => {
    expect(edit(path, allow(rule)) === 'allow').toBe(isAllowed);
  });

  it('of a denied folder are denied at any depth', () => {
    expect(edit(`${CWD}/x/docs/a`, { deny: ['Edit(docs/**)'], allow: ['Edit'] })).toBe('deny');
  });

  it('that steer other programs are asked about, whatever is allowed', () => {
    expect(edit(`${CWD}/.git/hooks/x`, allow('Edit'), { mode: 'acceptEdits' })).toBe('ask');
    expect(edit(`${CWD}/.claude/settings.json`, allow('Edit(.claude/**)'))).toBe('ask');
  });

  it('are denied to commands too, by any route', () => {
    const rules = { deny: ['Read(.env)'], allow: ['Bash'] };
    for (const line of [
      'cat .env',
      'cp .env x',
      'python3 x.py .env',
      'cat < .env',
      'x --file=.env',
      'cd sub && cat .env',
    ])
      expect(bash(line, rules).decision, line).toBe('deny');
    expect(bash('echo .env', rules).decision).toBe('allow');
  });

  it.each([
    [
      'Read(.env)',
      ['cat .en?', 'cat .e*', 'cat sub/.en*', 'cat {.env,a}', 'cat */.env', 'grep -r KEY .'],
    ],
    [
      'Read(.env)',
      [
        'grep -rn KEY',
        'rg --hidden KEY',
        'git grep KEY',
        'cd sub && grep -R KEY .',
        'diff -r a b',
        'sort .env*',
      ],
    ],
    [
      'Read(secrets/**)',
      ['cat secret?/key', 'cat */key', 'grep -r KEY ..', 'rg KEY', 'cat sub/secrets/*'],
    ],
    ['Read(*.pem)', ['cat *', 'cat k*.pem', 'cat key.p*']],
    [`Read(/${CWD}/a/key)`, ['cat a/*', 'grep -r x a', 'cd a && cat k*']],
  ])(
    'of %s are asked about where a glob may find them, or a search goes through their folder',
    (rule, lines) => {
      for (const line of lines) {
        expect(bash(line, allow('Bash')).decision, line).toBe('allow');
        expect(bash(line, { deny: [rule], allow: ['Bash'] }).decision, line).toMatch(/ask|deny/);
      }
    },
  );

  it.each([
    [
      'Read(.env)',
      [
        'cat *',
        'cat *.ts',
        'cat src/*.env',
        'ls -a .*',
        'rg KEY',
        'find . -name .e*',
        'grep KEY a b',
        'head e*',
      ],
    ],
    ['Read(secrets/**)', ['cat src/*.ts', 'cat s*', 'tail -1 *.txt']],
    ['Read(*.pem)', ['cat *.ts', 'head -1 *.md']],
    [`Read(/${CWD}/a/key)`, ['cat b/*', 'grep -r x b', 'cat a/*.txt']],
  ])('of %s leave alone what cannot be about them', (rule, lines) => {
    for (const line of lines) expect(bash(line, { deny: [rule] }).decision, line).toBe('allow');
  });

  it('that a redirection writes are edits', () => {
    expect(bash('echo a > b', allow('Edit(./**)')).decision).toBe('allow');
    expect(bash('echo a > ../b', allow('Edit(./**)')).decision).toBe('ask');
    expect(bash('echo a > b', { deny: ['Edit(b)'], allow: ['Bash'] }).decision).toBe('deny');
  });
});

describe('the mode', () => {
  it.each([
    ['default', 'ask', 'ask', 'allow'],
    ['ask', 'ask', 'ask', 'allow'],
    ['acceptEdits', 'allow', 'ask', 'allow'],
    ['plan', 'deny', 'deny', 'allow'],
    ['dontAsk', 'deny', 'deny', 'allow'],
    ['disabled', 'deny', 'deny', 'allow'],
    ['bypassPermissions', 'allow', 'allow', 'allow'],
    ['enabled', 'allow', 'allow', 'allow'],
  ] as const)('%s: an edit %s, a command %s, reading %s', (mode, edit, command, reading) => {
    expect(call('Edit', { file_path: `${CWD}/a` }, {}, { mode }).decision).toBe(edit);
    expect(bash('npm test', {}, { mode }).decision).toBe(command);
    expect(bash('cat a', {}, { mode }).decision).toBe(reading);
  });

  it('plan lets no rule allow more than reading', () => {
    expect(bash('npm test', allow('Bash'), { mode: 'plan' }).decision).toBe('deny');
  });

  it('bypassPermissions obeys policies, denies and asks', () => {
    const changes = { mode: 'bypassPermissions', policies: [commandPolicy()] } as const;
    expect(bash('rm -fr x', {}, changes).decision).toBe('deny');
    expect(bash('npm test', { ask: ['Bash(npm *)'] }, changes).decision).toBe('ask');
    expect(bash('rm -r /', {}, { mode: 'bypassPermissions' }).decision).toBe('ask');
    expect(bash('rm -r ~', {}, { mode: 'bypassPermissions' }).decision).toBe('ask');
    expect(bash('rm -r "$X"/*', {}, { mode: 'bypassPermissions' }).decision).toBe('ask');
  });
});

describe('other tools', () => {
  it('that change nothing are allowed', () => {
    expect(call('TodoWrite', { todos: [] }).decision).toBe('allow');
  });

  it.each(['default', 'acceptEdits', 'plan', 'bypassPermissions'] as const)(
    'a question waits for a person in the mode %s, whatever rules allow',
    (mode) => {
      const asked = call('AskUserQuestion', { questions: [] }, allow('AskUserQuestion'), { mode });
      expect(asked).toMatchObject({
        decision: 'ask',
        because: { kind: 'question' },
        suggestions: [],
      });
    },
  );

  it('a question is denied by a rule, where nothing may be asked, and with answers of the model', () => {
    const question = { questions: [] };
    const denied = [
      call('AskUserQuestion', question, { deny: ['AskUserQuestion'] }),
      call('AskUserQuestion', question, {}, { mode: 'dontAsk' }),
      call('AskUserQuestion', { ...question, answers: {} }),
    ];
    expect(denied.map(({ decision }) => decision)).toEqual(['deny', 'deny', 'deny']);
  });

  it.each([
    ['https://example.com/x', true],
    ['https://EXAMPLE.com./x', true],
    ['https://example.com.evil.io', false],
    ['https://example.com@evil.io', false],
    ['https://sub.example.com', false],
  ])('WebFetch of %s under domain:example.com: %s', (url, isAllowed) => {
    const { decision } = call('WebFetch', { url }, allow('WebFetch(domain:example.com)'));
    expect(decision === 'allow').toBe(isAllowed);
  });

  it('of a server go by its name', () => {
    expect(call('mcp__a__x', {}, allow('mcp__a')).decision).toBe('allow');
    expect(call('mcp__ab__x', {}, allow('mcp__a')).decision).toBe('ask');
    expect(call('mcp__a__x', {}, { deny: ['mcp__*'], allow: ['mcp__a'] }).decision).toBe('deny');
    expect(call('Agent', { subagent_type: 'Explore' }, { deny: ['Agent(Explore)'] }).decision).toBe(
      'deny',
    );
  });

  it('without what they need are denied', () => {
    expect(call('Bash', {})).toMatchObject({ decision: 'deny', because: { kind: 'malformed' } });
    expect(call('Read', { file_path: 3 }).decision).toBe('deny');
    expect(call('WebFetch', { url: 'file:///etc/passwd' }).decision).toBe('deny');
  });
});

describe('policies', () => {
  const policies = [fileAccessPolicy({ home: HOME }), commandPolicy()];
  it.each([
    ...[
      'rm -rf x',
      'rm -r -f x',
      'rm --recursive --force x',
      'rm --rec --fo x',
      '/bin/rm -Rf x',
      'sudo rm x',
      'dd if=a',
    ],
    ...[
      'echo a | xargs rm -rf',
      'timeout 5 rm -rf x',
      "sh -c 'rm -rf x'",
      'format c:',
      'sudo -n rm x',
      'find . -exec rm -rf {} +',
    ],
    ...[
      'cat /etc/passwd',
      'cat ~/.ssh/id_rsa',
      'cp /etc/shadow x',
      'head -n1 < /etc/passwd',
      'cat /etc/../etc/passwd',
    ],
    ...['tool --key=/etc/passwd', 'cat ~/.aws/credentials', 'cat /etc//passwd', 'grep -r x ~/.ssh'],
  ])('refuse %s', (line) => {
    expect(bash(line, allow('Bash'), { policies })).toMatchObject({
      decision: 'deny',
      because: { kind: 'policy' },
    });
  });

  it.each([
    ...[
      'git add -A',
      'npm run format',
      'git log --format=%H',
      "echo 'rm -rf'",
      'rm x',
      'git rm -rf x',
      'cat /etc/passwd2',
    ],
    ...['npx prettier --check format', 'git commit -m "dd"', 'cat ~/.sshx', 'echo /etc/passwd'],
  ])('have nothing against %s', (line) => {
    expect(bash(line, allow('Bash'), { policies }).decision).toBe('allow');
  });

  it('ask about a glob that may be a restricted path', () => {
    expect(bash('cat ~/.ss?/id_rsa', allow('Bash'), { policies }).decision).toBe('ask');
    expect(bash('cat /etc/pass*', allow('Bash'), { policies }).decision).toBe('ask');
    expect(bash('cat *.ts', allow('Bash'), { policies }).decision).toBe('allow');
  });

  it('see a file tool, and a link', () => {
    const files = filesWith({ [`${CWD}/l`]: '/etc/passwd' });
    expect(call('Read', { file_path: '/etc/passwd' }, allow('Read'), { policies }).decision).toBe(
      'deny',
    );
    expect(
      call('Read', { file_path: `${CWD}/l` }, allow('Read'), { policies, files }).decision,
    ).toBe('deny');
    expect(bash('cat l', allow('Bash'), { policies, files }).decision).toBe('deny');
  });

  it('deny when they fail', () => {
    const failing = {
      name: 'mine',
      judge: () => {
        throw new Error('oh');
      },
    };
    expect(bash('ls', {}, { policies: [failing] })).toMatchObject({
      decision: 'deny',
      reason: 'the policy mine failed: oh',
    });
  });

  it('ignore case where files do', () => {
    const ignoring = [fileAccessPolicy({ home: HOME, ignoresCase: true })];
    expect(bash('cat /ETC/Passwd', allow('Bash'), { policies: ignoring }).decision).toBe('deny');
  });
});

test('a question says why, what would run, which files, and what would answer it', () => {
  expect(bash('npm test && echo "a b" > out')).toMatchObject({
    ...{ decision: 'ask', because: { kind: 'mode' } },
    commands: ['npm test', 'echo "a b"'],
    files: [{ access: 'edit', path: 'out' }],
    suggestions: ['Bash(npm test)', `Edit(/${CWD}/out)`],
  });
  expect(bash('eval x')).toMatchObject({
    ...{ because: { kind: 'not_understood' }, suggestions: ['Bash(eval x)'] },
    reason: 'eval runs text that is not seen here: eval x',
  });
});

test.each([
  ['an ask rule', { ask: ['Bash(git push *)'] }],
  ['a deny rule that may match', { deny: ['Bash(git push -f *)'] }],
])('where %s is the reason no rule is suggested: it would be asked about again', (_, rules) => {
  const line = 'ask' in rules ? 'git push origin' : 'git push $x';
  expect(bash(line, rules)).toMatchObject({
    ...{ decision: 'ask', because: { kind: 'rule' } },
    suggestions: [],
  });
  expect(bash(line, { ...rules, allow: ['Bash'] }).decision).toBe('ask');
});

test('where a policy asks no rule is suggested', () => {
  const policies = [{ name: 'own', judge: () => ({ decision: 'ask', reason: 'why' }) as const }];
  expect(bash('npm test', {}, { policies })).toMatchObject({ decision: 'ask', suggestions: [] });
});

describe('the reason of a command line', () => {
  it('names all that no rule allows, each once', () => {
    expect(bash('npm install; node -e 1; ls; node -e 1; cat a > out')).toMatchObject({
      reason: 'no rule allows editing out; npm install; node -e 1',
      because: { kind: 'mode' },
    });
    expect(bash('npm install; node x', allow('Bash(npm *)')).reason).toBe('no rule allows node x');
  });

  it('is short', () => {
    const line = Array.from({ length: 8 }, (_, at) => `tool${at} ${'x'.repeat(100)}`).join('; ');
    const { reason } = bash(line);
    expect(reason).toMatch(/^no rule allows tool0 x+…; .*; tool4 x+…; and 3 more$/);
    expect(reason.length).toBeLessThan(400);
  });

  it('is what no rule could allow, wherever in the line that stands', () => {
    expect(bash('npm install; cp a .git/hooks/x')).toMatchObject({
      ...{ because: { kind: 'protected' }, suggestions: [] },
      reason: expect.stringContaining('steers other programs'),
    });
  });
});
