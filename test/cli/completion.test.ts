/** The completion scripts, in their shells where these are installed. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { DaemonClient } from '../../src/cli/shell.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { greenroom } from './run-cli.ts';

const scriptFor = async (shell: string): Promise<string> =>
  (await greenroom(`completion ${shell}`)).out;

const isThere = (program: string): boolean => {
  if (spawnSync(program, ['-c', 'true']).status === 0) return true;
  console.log(`skipped: there is no ${program}`);
  return false;
};

/** Its last word twice: with a mark, and with all that it was called with. */
const SAYS_HOW =
  'greenroom() { local IFS=_; for TYPED; do :; done; echo "$TYPED."; echo "$TYPED.$*"; }';

/** What bash offers for a line whose last word is typed in part. `greenroom` there says how it was called. */
const offered = async (...words: readonly string[]): Promise<string[]> => {
  const script = `${await scriptFor('bash')}\n${SAYS_HOW}`;
  const typed = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const ask = `COMP_WORDS=(greenroom ${typed}); COMP_CWORD=${words.length}; _greenroom; echo "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', `${script}\n${ask}`], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim().split(' ');
};

test.skipIf(!isThere('bash'))(
  'bash is offered commands, those below them, and options',
  async () => {
    expect(await offered('sess')).toEqual(['sessions']);
    expect(await offered('sessions', 're')).toEqual([
      ...['rename', 'release', 'reopen', 'retag', 'retags'],
    ]);
    expect(await offered('sessions', 'search', '--und')).toEqual(['--under']);
    expect(await offered('sessions', 'show', 'demo', '--js')).toEqual(['--json']);
    expect(await offered('completion', '--he')).toEqual(['--help']);
  },
);

test.skipIf(!isThere('bash'))(
  'bash asks us for the values of some options, of the daemon that the line names',
  async () => {
    expect(await offered('sessions', 'search', '--tag', 're')).toEqual([
      ...['re.', 're.completion_values_tag_--_re'],
    ]);
    expect(await offered('--data', '/d', 'sessions', 'list', '--model', 'o')).toEqual([
      ...['o.', 'o.--data_/d_completion_values_model_--_o'],
    ]);
    // It parts words at colons, and replaces the last part.
    const [last, all] = await offered('sessions', 'search', '--query', 'tag', ':', 're');
    expect([last, all]).toEqual(['re.', 're.completion_values_query_--_tag:re']);
    expect((await offered('sessions', 'search', '--query', 'tag', ':'))[0]).toBe('.');
    expect((await offered('sessions', 'search', '--query', '"-tag:a mo')).slice(0, 2)).toEqual([
      ...['-tag:a', 'mo.'],
    ]);
    // Within quotation marks others are written so that they stay.
    const [quoted] = await offered('sessions', 'search', '--query', '"tag:"c');
    expect(quoted).toBe('tag:\\"c.');
  },
);

test.skipIf(!isThere('bash'))('bash offers the words that an option takes', async () => {
  expect(await offered('sessions', 'search', '--status', 'pa')).toEqual(['parked']);
  expect(await offered('archives', 'search', '--status', 'p')).toEqual(['pending']);
  expect(await offered('costs', '--by', '')).toEqual([
    ...['tag', 'model', 'owner', 'day', 'week', 'month'],
  ]);
});

test.skipIf(!isThere('bash'))('bash asks for sessions where a command takes one', async () => {
  const ask = 'completion_values_session_--_de';
  expect(await offered('sessions', 'show', 'de')).toEqual(['de.', `de.${ask}`]);
  expect(await offered('send', 'de')).toEqual(['de.', `de.${ask}`]);
  expect(await offered('sessions', 'delete', 'a', 'de')).toEqual(['de.', `de.${ask}`]);
  expect(await offered('sessions', 'search', '--parent', 'de')).toEqual(['de.', `de.${ask}`]);
  expect(await offered('send', 'demo', 'de')).toEqual(['']); // its prompt
  expect(await offered('templates', 'show', 'de')).toEqual(['']);
});

const daemonWith = (values: readonly string[]): DaemonClient =>
  ({
    sessions: async () => ({ facets: values.map((value) => ({ value })), values: values.length }),
    close: async () => {},
  }) as unknown as DaemonClient;

const forever = () => new Promise<void>(() => {});

test.each([
  ['query', 'ta', ['tag:']],
  ['query', 'cost:>5 -(st', ['cost:>5 -(status:']],
  ['query', '-status:id', ['-status:idle']],
  ['query', 'sort:c', ['sort:created', 'sort:cost']],
  ['query', 'a tag:Re', ['a tag:review', 'a tag:"red herring"']],
  ['query', 'cost:1', []],
  ['tag', 're', ['review', 'red herring']],
])('of %s %j we offer %j', async (typed, text, lines) => {
  const daemon = daemonWith(['review', 'red herring', 'other']);
  const { out, code } = await greenroom(['completion', 'values', typed, '--', text], {
    daemon,
    sleep: forever,
  });
  expect(code).toBe(0);
  expect(out.split('\n').filter((line) => line !== '')).toEqual(lines);
});

test('sessions are offered by the beginning of their ids, and the last one by its name', async () => {
  const daemon = new FakeDaemon({
    'sessions.search': { sessions: [{ sessionId: 'larch' }, { sessionId: 'lab' }] },
  });
  const call = (text: string) =>
    greenroom(['completion', 'values', 'session', '--', text], { daemon, sleep: forever });
  expect((await call('la')).out).toBe('last\nlarch\nlab\n');
  expect((await call('')).out).toBe('last\nlarch\nlab\n');
  expect(daemon.asked).toEqual([
    ['sessions.search', { idPrefix: 'la', limit: 100 }],
    ['sessions.search', { limit: 100 }],
  ]);
});

test('without a daemon, or with one that takes its time, no names are offered, and nothing is said', async () => {
  const slow = { ...daemonWith([]), sessions: forever } as unknown as DaemonClient;
  const call = ['completion', 'values', 'tag', '--', 'a'];
  for (const world of [{}, { daemon: slow }])
    expect(await greenroom(call, world)).toEqual({ code: 0, out: '', err: '' });
});

test.each(['zsh', 'fish'])('%s takes its script', async (shell) => {
  const script = await scriptFor(shell);
  for (const word of ['sessions', 'rename', 'external-key', 'refused', 'parked'])
    expect(script).toContain(word);
  if (!isThere(shell)) return;
  expect(spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
});

test('a shell that is not known is a wrong call', async () => {
  const { code, err } = await greenroom('completion tcsh');
  expect(code).toBe(2);
  expect(err).toContain('Write one of bash, zsh, fish.');
});
