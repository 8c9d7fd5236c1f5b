/** The completion scripts, in their shells where these are installed. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { greenroom } from './run-cli.ts';

const scriptFor = async (shell: string): Promise<string> =>
  (await greenroom(`completion ${shell}`)).out;

const isThere = (program: string): boolean => {
  if (spawnSync(program, ['-c', 'true']).status === 0) return true;
  console.log(`skipped: there is no ${program}`);
  return false;
};

/** What bash offers for a line whose last word is typed in part. */
const offered = async (...words: readonly string[]): Promise<string[]> => {
  const script = await scriptFor('bash');
  const typed = words.map((word) => `'${word}'`).join(' ');
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

test.each(['zsh', 'fish'])('%s takes its script', async (shell) => {
  const script = await scriptFor(shell);
  for (const word of ['sessions', 'rename', 'external-key', 'refused'])
    expect(script).toContain(word);
  if (!isThere(shell)) return;
  expect(spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
});

test('a shell that is not known is a wrong call', async () => {
  const { code, err } = await greenroom('completion tcsh');
  expect(code).toBe(2);
  expect(err).toContain('Write one of bash, zsh, fish.');
});
