/** Commands that agents really ran: people who allowed what they work with are seldom asked about them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { decide, type PermissionContext } from '../../../src/permissions/decide.ts';
import { commandPolicy, fileAccessPolicy } from '../../../src/permissions/policies.ts';
import { readRules } from '../../../src/permissions/rule-set.ts';

interface Group {
  readonly source: string;
  readonly licence: string;
  readonly commands: readonly string[];
}

const GROUPS = JSON.parse(
  readFileSync(fileURLToPath(new URL('ordinary.json', import.meta.url)), 'utf8'),
) as readonly Group[];
const COMMANDS = GROUPS.flatMap(({ commands }) => commands);

/** By program, as people write them; no rule is made for one line. */
const ALLOW = [
  ...[
    'go *',
    'gofmt *',
    'golangci-lint *',
    'goreleaser *',
    'gh *',
    'git *',
    'mise *',
    'npm *',
    'npx *',
    'pnpm *',
  ],
  ...[
    'openspec *',
    'rtk *',
    'curl *',
    'python *',
    'python3 *',
    'python3 -c *',
    'pytest *',
    'java *',
    'javap *',
    'uv *',
  ],
  ...[
    'docker *',
    'sqlite3 *',
    'defuddle *',
    'unzip *',
    'mkdir *',
    'cp *',
    'mv *',
    'rm *',
    'sleep *',
    'export *',
  ],
  ...[
    'grep *',
    'find *',
    'cat *',
    'head *',
    'tail *',
    'sed *',
    'wc *',
    'ls *',
    'jq *',
    'rg *',
    'xargs *',
  ],
  'GITSYNC_E2E_SHA256_HTTP_BACKEND=1 go test *',
].map((pattern) => `Bash(${pattern})`);
const EDITS = ['Edit(./**)', 'Edit(//tmp/**)', 'Edit(//home/devr09/**)', 'Edit(//Users/**)'];
const RULES = readRules({ allow: [...ALLOW, ...EDITS] }, { scope: 'session' });

const HOME = '/home/devr09';
const CONTEXT: PermissionContext = {
  ...{ mode: 'default', cwd: '/home/devr09/app', home: HOME },
  folders: ['/Users', HOME, '/path', '/private/tmp', '/tmp'],
  files: { readLink: () => undefined },
  policies: [fileAccessPolicy({ home: HOME }), commandPolicy()],
};

const decided = (command: string) => decide({ tool: 'Bash', input: { command } }, RULES, CONTEXT);

test('fewer than 3 in 100 ordinary commands are asked about', () => {
  const others = COMMANDS.filter((command) => decided(command).decision !== 'allow');
  console.log(`ordinary: ${others.length} of ${COMMANDS.length} asked about`);
  expect(COMMANDS.length).toBeGreaterThan(300);
  expect(others.length / COMMANDS.length, others.join('\n')).toBeLessThan(0.03);
});

test('each names its licence', () => {
  expect(new Set(GROUPS.map(({ licence }) => licence))).toEqual(new Set(['MIT', 'Apache-2.0']));
});

test.each([
  'git add -A',
  'npm run format',
  'git log --format=%H',
  "echo 'rm -rf'",
  'cd src && npm test',
])('no policy has anything against %s', (command) => {
  expect(decided(command).decision).toBe('allow');
});

test('each question has a reason, and each suggestion would answer it', () => {
  for (const command of COMMANDS) {
    const asked = decide(
      { tool: 'Bash', input: { command } },
      readRules({}, { scope: 'turn' }),
      CONTEXT,
    );
    if (asked.decision !== 'ask' || asked.suggestions.length === 0) continue;
    const rules = readRules({ allow: asked.suggestions }, { scope: 'session' });
    const then = decide({ tool: 'Bash', input: { command } }, rules, CONTEXT);
    expect(then.decision, `${command}\n${asked.suggestions.join('\n')}\n${then.reason}`).toBe(
      'allow',
    );
  }
});
