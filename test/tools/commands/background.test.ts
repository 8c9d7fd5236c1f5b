/** Commands that go on while the session does something else. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import { type AtEnd, Shell, taskIn, textOf } from './shell.ts';

let shell: Shell;
beforeAll(async () => {
  const ends: Parameters<AtEnd>[0][] = [];
  shell = await Shell.start({}, undefined, (end) => ends.push(end));
  return async () => {
    for (const end of ends.reverse()) await end();
  };
});

const begin = async (command: string, session = 's'): Promise<string> =>
  taskIn(await shell.says(command, { run_in_background: true }, { session }));

const ask = async (name: string, input: Record<string, unknown>, session = 's'): Promise<string> =>
  textOf(await shell.ask(name, input, { session }).outcome);

test('it answers at once, and what is new is read until its end', async () => {
  const { path } = shell.ledger();
  const task_id = await begin(
    `echo one; until [ -e ${path} ]; do sleep 0.01; done; echo two; exit 3`,
  );
  await until(async () => (await ask('TaskOutput', { task_id, block: false })).includes('one'));
  expect(await ask('TaskOutput', { task_id, block: false })).toContain('nothing new was printed');
  await shell.bash(`touch ${path}`);
  const end = await ask('TaskOutput', { task_id });
  expect(end).toMatch(/^Task \S+: ended with exit code 3\.\ntwo\n/);
  const [, file = ''] = /all of it: (.+)\)/.exec(end) ?? [];
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
  expect(await ask('TaskOutput', { task_id })).toMatch(/code 3\.\n\(nothing new/);
});

test('a wait for its end has an end of its own, and can be cancelled', async () => {
  const task_id = await begin('echo so far; sleep 1000');
  expect(await ask('TaskOutput', { task_id, timeout: 1 })).toMatch(/is running/);
  const waits = shell.ask('TaskOutput', { task_id });
  waits.handle.cancel();
  expect(await waits.outcome).toEqual({ type: 'cancelled' });
  expect(await ask('TaskStop', { task_id })).toContain('The command was cancelled');
});

test('one that is stopped ends, with all in its group', async () => {
  const ledger = shell.ledger();
  const task_id = await begin(`${ledger.sleeper('other')} & ${ledger.sleeper('one')}`);
  await until(() => ledger.entries.length === 2);
  await ask('TaskStop', { task_id });
  expect(ledger.living).toEqual([]);
});

test('the older names do the same', async () => {
  const id = await begin('echo old; sleep 1000');
  await until(async () => (await ask('BashOutput', { bash_id: id })).includes('old'));
  expect(await ask('KillShell', { shell_id: id })).toContain('The command was cancelled');
});

test('its time is up like that of any other', async () => {
  const started = await shell.says('sleep 1000', { run_in_background: true, timeout: 50 });
  expect(await ask('TaskOutput', { task_id: taskIn(started) })).toContain(
    'within its 0.05 s timeout',
  );
});

test('it is known to its own session alone', async () => {
  const task_id = await begin('sleep 1000');
  for (const name of ['TaskOutput', 'TaskStop'])
    expect(await shell.ask(name, { task_id }, { session: 'other' }).outcome).toMatchObject({
      isError: true,
      content: expect.stringContaining(`No background command ${task_id} of this session is known`),
    });
  await ask('TaskStop', { task_id });
});

test('a session has 16 at a time', async () => {
  const ids = await Promise.all(Array.from({ length: 16 }, () => begin('sleep 1000', 'full')));
  const more = await shell.bash('true', { run_in_background: true }, { session: 'full' });
  expect(more).toMatchObject({ isError: true });
  expect(textOf(more)).toContain('16 commands of this session run in the background already');
  await Promise.all(ids.map((task_id) => ask('TaskStop', { task_id }, 'full')));
  await ask('TaskStop', { task_id: await begin('sleep 1000', 'full') }, 'full');
});

test('one that prints without being read keeps its beginning and end, and takes no memory', async () => {
  const task_id = await begin('yes greenroom | head -c 20000000; echo the end');
  const text = await ask('TaskOutput', { task_id });
  expect(text.length).toBeLessThan(11_000);
  expect(text).toContain('characters are left out here');
  expect(text).toContain('the end');
});
