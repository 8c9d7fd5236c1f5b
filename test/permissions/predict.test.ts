/** What a line of shell is foreseen to run. */
import { describe, expect, it, test } from 'vitest';
import { predict } from '../../src/permissions/shell/predict.ts';
import { MAX_COMMAND_LENGTH } from '../../src/permissions/shell/prediction.ts';

const of = (line: string) => predict(line, { cwd: '/app', home: '/home/ada' });
const HOLES = /[\uFFFE\uFFFF]/g;
const commands = (line: string): readonly string[] =>
  of(line).commands.map(({ words }) =>
    words.map(({ value }) => value.replace(HOLES, '…')).join(' '),
  );
const doubts = (line: string): readonly string[] => of(line).doubts.map(({ reason }) => reason);

describe('the commands of a line', () => {
  it.each([
    ['ls && cat a; (pwd) | wc -l &', ['ls', 'cat a', 'pwd', 'wc -l']],
    ['echo "a $(b "$(c)")" `d`', ['c', 'b …', 'd', 'echo a … …']],
    ['cat <<E\n$(a)\nE', ['a', 'cat']],
    ["cat <<'E'\n$(a)\nE", ['cat']],
    ['if a; then b; elif c; then d; else e; fi', ['a', 'b', 'c', 'd', 'e']],
    ['diff <(a) <(b)', ['a', 'b', 'diff /dev/fd/… /dev/fd/…']],
    ['X=$(a)', ['a']],
    [`echo \${x:-$(a)} {b,$(c)}`, ['a', 'c', 'echo … …']],
    ["t'ou'\"ch\" \\x $'\\x41'", ['touch x A']],
    ['tou\\\nch x', ['touch x']],
  ])('%j', (line, expected) => {
    expect(commands(line)).toEqual(expected);
    expect(doubts(line)).toEqual([]);
  });
});

describe('a harmless spelling is the same command', () => {
  it.each([
    ['timeout -k 1 --sig KILL 5 nice -n 3 env -i A=1 git -C sub --no-pager log', 'git log'],
    ['/usr/bin/git status', 'git status'],
    ['command -p ls', 'ls'],
    ['stdbuf -oL nohup time ls', 'ls'],
    ['git -c color.ui=always -P diff', 'git diff'],
  ])('%s', (line, expected) => {
    expect(commands(line)).toEqual([expected]);
  });

  it('of a program elsewhere is not its name', () => {
    expect(commands('./ls; /tmp/git status')).toEqual(['./ls', '/tmp/git status']);
  });

  it('of a wrapper with an unknown option is a doubt', () => {
    expect(doubts('env -S "rm x"')).toEqual(['env -S is not understood']);
    expect(doubts('timeout --frobnicate 5 ls')).toHaveLength(1);
    expect(doubts('nice $x ls')).toHaveLength(1);
  });
});

describe('the folder', () => {
  const folders = (line: string) => of(line).commands.at(-1)?.folders;
  it.each([
    ['cd sub && ls', ['/app/sub']],
    ['cd sub; ls', ['/app/sub', '/app']],
    ['cd sub || exit 1; ls', ['/app/sub']],
    ['(cd sub); ls', ['/app']],
    ['cd sub | cat; ls', ['/app']],
    ['cd ~/x && ls', ['/home/ada/x']],
    ['cd .. && cd lib && ls', ['/lib']],
    ['git -C sub status', ['/app/sub']],
    ['env -C sub ls', ['/app/sub']],
    ['cd - && ls', undefined],
    ['cd "$x" && ls', undefined],
    ['x=sub; cd $x && ls', ['/app/sub']],
    ['for i in a b; do cd $i; done; ls', undefined],
  ])('behind %j', (line, expected) => {
    expect(folders(line)?.toSorted()).toEqual(expected?.toSorted());
  });
});

describe('variables', () => {
  it.each([
    ['x=a; echo $x', 'echo a'],
    ['x=a; x=b; echo "$x"', 'echo b'],
    ['x=a; read x; echo "$x"', 'echo …'],
    ['[ -f y ] && x=a; echo "$x"', 'echo …'],
    ['x="a b"; echo $x', 'echo …'],
    ['x=a; (x=b); echo $x', 'echo a'],
    ['x=a; while true; do echo $x; x=b; done', 'echo …'],
    ['echo "$x"', 'echo …'],
  ])('in %j', (line, expected) => {
    expect(commands(line)).toContain(expected);
  });

  it('of a loop over a few words are each of them', () => {
    expect(commands('for f in a b; do cat $f; done')).toEqual(['cat a', 'cat b']);
  });
});

test('redirections are files that the shell opens', () => {
  const files = of('cd sub && a > x 2>> y < z 2>&1 > /dev/null').redirections;
  expect(files.map(({ access, path, folders }) => [access, path, folders])).toEqual([
    ['edit', 'x', ['/app/sub']],
    ['edit', 'y', ['/app/sub']],
    ['read', 'z', ['/app/sub']],
  ]);
});

test.each([
  'ls() { a; }; ls',
  'eval a',
  '. ./a',
  'trap a EXIT',
  'alias ls=a',
  'exec a',
  'coproc a',
  '$x a',
  '"$(a)" b',
  '{a,b}',
  '/bin/l? x',
  'PATH=. ; ls',
  'export LD_PRELOAD=x; ls',
  'read PATH',
  'echo $((x))',
  `echo \${!x}`,
  `echo \${x@P}`,
  '[[ $x -eq 1 ]]',
  'test -v x',
  'printf -v x a',
  'declare -i x=y',
  'mapfile -C a x',
  'echo a > "$x"',
  'echo a > /dev/tcp/a/1',
  `echo "\${H/$(cp f /o/m)/x}"`,
  `echo \${H//"$(cp /a/b)"/x}`,
  'shopt -s extglob',
  'ls !(a)',
  'ls )',
  'if ls',
  'a\0b',
  'a\uFFFFb',
  'a'.repeat(MAX_COMMAND_LENGTH + 1),
])('%j is not understood', (line) => {
  expect(doubts(line)).not.toEqual([]);
});

test('no text makes it throw', () => {
  for (const text of [
    '',
    ' ',
    '#',
    '$(',
    '`',
    '((',
    '<<',
    'a <<',
    '"',
    '\\',
    '$((',
    '{',
    '[[',
    '&&',
    '$(('.repeat(900),
  ])
    expect(() => of(text), text).not.toThrow();
});

test('what others start is mentioned', () => {
  const mentioned = (line: string) =>
    of(line).mentioned.map(({ words }) => words.map(({ value }) => value).join(' '));
  expect(mentioned('sudo -u root rm -r x')).toContain('rm -r x');
  expect(mentioned("bash -c 'rm x'")).toContain('rm x');
  expect(mentioned('find . -exec rm {} +')).toContain('rm {} +');
  expect(mentioned('strace -f rm x')).toContain('rm x');
});
