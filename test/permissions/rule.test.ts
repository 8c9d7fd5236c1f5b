/** Rules are read, printed as they were written, and refused where they could never match. */
import { describe, expect, it, test } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { parseRule, printRule, type RuleContext } from '../../src/permissions/rule.ts';

const refusal = (text: string, context?: RuleContext): string => {
  try {
    parseRule(text, context);
  } catch (error) {
    expect(codeOf(error)).toBe('invalid_settings');
    return error instanceof Error ? error.message : '';
  }
  throw new Error(`${text} was taken`);
};

describe('a rule', () => {
  it.each([
    ...[
      'Bash',
      'Bash(*)',
      'Bash(npm run *)',
      'Bash(npm:*)',
      'Bash(git * main)',
      'Bash(echo "a b")',
    ],
    ...[
      'Read(./src/**)',
      'Read(//etc/hosts)',
      'Read(~/x)',
      'Edit(/docs/*.md)',
      'Edit(*.ts)',
      'Read(../lib/**)',
    ],
    ...[
      'WebFetch(domain:example.com)',
      'WebFetch(domain:*.example.com)',
      'WebFetch',
      'mcp__srv',
      'mcp__srv__*',
    ],
    ...['mcp__srv__tool', 'mcp__srv__get_*', 'Agent(Explore)', 'Write', 'my_tool', 'TodoWrite'],
  ])('%s is printed as it was written', (text) => {
    const rule = parseRule(` ${text}\n`);
    expect(printRule(rule)).toBe(text);
    expect(printRule(parseRule(printRule(rule)))).toBe(text);
  });

  it.each(['mcp__*', '*', 'Bash*', 'Agent(model:opus)', 'WebSearch(query:*secret*)'])(
    '%s may deny and ask, and never allow',
    (text) => {
      expect(printRule(parseRule(text, { behavior: 'deny' }))).toBe(text);
      expect(printRule(parseRule(text, { behavior: 'ask' }))).toBe(text);
      expect(refusal(text)).toMatch(/allow rule|only deny and ask/);
    },
  );
});

test.each([
  ['', 'it is empty'],
  ['Bash()', 'write Bash'],
  ['npm run', 'Bash(npm run)'],
  ['Bash(ls', 'never closed'],
  ['Bash(ls) -la', 'text follows'],
  ['Bash (ls)', 'white space'],
  ['Bash(echo "a)', 'is never closed'],
  ['Bash(echo \\)', 'backslash'],
  ['bash', 'did you mean Bash?'],
  ['Bsh', 'did you mean Bash?'],
  ['WebFecth(domain:x.org)', 'did you mean WebFetch?'],
  ['Write(src/**)', 'Edit(src/**)'],
  ['Glob(src/**)', 'Read(src/**)'],
  ['NotebookEdit(x)', 'Edit(x)'],
  ['TodoWrite(x)', 'TodoWrite alone'],
  ['Read()', 'it is empty'],
  ['Read(!x)', 'no exceptions'],
  ['Read(a//b)', 'no empty parts'],
  ['Read(///a)', 'no empty parts'],
  ['Read(~ada/x)', '~/'],
  ['Read(C:\\x)', 'separated by /'],
  ['Read(a\0b)', 'NUL'],
  ['Read([a)', 'never closed'],
  ['Edit(src**)', '** stands alone'],
  ['Read(https://x.org)', 'WebFetch(domain:'],
  ['Read(domain:x.org)', 'WebFetch(domain:'],
  ['WebFetch(x.org)', 'WebFetch(domain:x.org)'],
  ['WebFetch(https://x.org/y)', 'WebFetch(domain:x.org)'],
  ['WebFetch(domain:x.org/y)', 'domain:x.org'],
  ['WebFetch(domain:https://x.org)', 'domain:x.org'],
  ['WebFetch(domain:x.org:80)', 'domain:x.org'],
  ['WebFetch(domain:*)', 'WebFetch without parentheses'],
  ['WebFetch(domain:)', 'no domain'],
  ['WebFetch(domain:a..b)', 'no host'],
  ['mcp__', 'mcp__server'],
  ['mcp__srv__', 'mcp__server__tool'],
  ['Agent(a b)', 'letters'],
])('%j is refused: %s', (text, why) => {
  expect(refusal(text)).toContain(why);
});

test('a tool of one’s own may look like a built-in one when it is named', () => {
  expect(printRule(parseRule('Reads', { tools: ['Reads'] }))).toBe('Reads');
  expect(refusal('Reads')).toContain('did you mean Read?');
});
