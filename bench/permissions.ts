/**
 * What does a permission decision cost? Of ordinary commands under twenty rules and both built-in policies, with links
 * looked up on the real disk. The floor is the parser alone, on the same lines in the same rounds.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'unbash';
import { decide, type PermissionContext } from '../src/permissions/decide.ts';
import { commandPolicy, fileAccessPolicy } from '../src/permissions/policies.ts';
import { readRules } from '../src/permissions/rule-set.ts';
import { readLink } from '../src/platform/links.ts';
import { type Bench, bySize, type Settings } from './harness/bench.ts';
import { median, ms, number, times } from './harness/figures.ts';
import { describeComputer } from './harness/machine.ts';
import { Sheet } from './harness/sheet.ts';

const GOAL_MS = 0.3;

const COMMANDS: readonly string[] = [
  'git status --short',
  'npm run build 2>&1 | tail -20',
  "grep -rn 'export const' src --include='*.ts' | head -50",
  'cd src && go test ./... -count=1 -run "TestOne|TestTwo" 2>&1 | tail -40',
  'for f in a.ts b.ts c.ts; do echo "== $f"; sed -n \'1,40p\' "$f"; done',
  'git add -A && git commit -m "$(cat <<\'EOF\'\nSay why\n\nAnd how\nEOF\n)"',
];
const RULES = readRules(
  {
    allow: [
      ...[
        'npm run *',
        'npm test *',
        'go *',
        'git *',
        'grep *',
        'sed *',
        'cargo test *',
        'make *',
        'gh *',
        'jq *',
      ],
    ].map((pattern) => `Bash(${pattern})`),
    ask: ['Bash(git push *)', 'Bash(npm publish *)', 'Edit(package.json)', 'WebFetch', 'mcp__*'],
    deny: [
      'Bash(curl *)',
      'Bash(git push --force *)',
      'Read(.env)',
      'Read(~/.aws/**)',
      'Edit(//etc/**)',
    ],
  },
  { scope: 'session' },
);

const roundsOf = (settings: Settings): number =>
  bySize(settings, { smoke: 20, normal: 400, full: 4_000 });

/** Milliseconds for one run of the work. */
const timed = (work: () => void): number => {
  const began = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - began) / 1e6;
};

export const permissions: Bench = {
  name: 'permissions',
  question: 'What does a permission decision cost?',
  run: async (settings) => {
    const sheet = new Sheet();
    describeComputer(sheet);
    const cwd = join(settings.scratch, 'permissions');
    mkdirSync(join(cwd, 'src'), { recursive: true });
    const context: PermissionContext = {
      ...{
        mode: 'default',
        cwd,
        home: '/home/ada',
        policies: [fileAccessPolicy({ home: '/home/ada' }), commandPolicy()],
      },
      files: { readLink },
    };
    sheet.configure('rules', '10 allow, 5 ask, 5 deny; both built-in policies');
    sheet.configure('rounds', number(roundsOf(settings)));
    const rows = COMMANDS.map((command) => measured(command, context, roundsOf(settings)));
    sheet.table(
      'One decision, p50',
      ['command', 'decision', 'parser alone', 'times'],
      rows.map((row) => [
        `\`${row.command.split('\n')[0]?.slice(0, 60)}\``,
        ms(row.decideMs),
        ms(row.parseMs),
        times(row.decideMs / row.parseMs),
      ]),
    );
    const middle = median(rows.map(({ decideMs }) => decideMs));
    sheet.goal(
      'a decision for an ordinary command',
      `at most ${ms(GOAL_MS)}`,
      ms(middle),
      middle <= GOAL_MS,
    );
    sheet.check(
      'all are allowed',
      rows.every(({ isAllowed }) => isAllowed),
      rows
        .filter(({ isAllowed }) => !isAllowed)
        .map(({ command }) => command)
        .join('; '),
    );
    return sheet;
  },
};

interface Row {
  readonly command: string;
  readonly decideMs: number;
  readonly parseMs: number;
  readonly isAllowed: boolean;
}

const measured = (command: string, context: PermissionContext, rounds: number): Row => {
  const call = { tool: 'Bash', input: { command } };
  const decides: number[] = [];
  const parses: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    parses.push(timed(() => parse(command)));
    decides.push(timed(() => decide(call, RULES, context)));
  }
  const isAllowed = decide(call, RULES, context).decision === 'allow';
  return { command, decideMs: median(decides), parseMs: median(parses), isAllowed };
};
