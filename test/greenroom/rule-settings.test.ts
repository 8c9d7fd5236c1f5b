/** A permission rule that could never match is refused where it is set, by each way to set it. */
import { expect, test } from 'vitest';
import { codeOf } from '../../src/model/errors.ts';
import { testGreenroom } from '../support/greenroom.ts';

const refusal = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    return `${codeOf(error)}: ${(error as Error).message}`;
  }
  return 'taken';
};

const drained = async (events: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of events);
};

const BSH =
  'invalid_settings: the rule "Bsh(npm *)" could never match: Bsh is no tool (did you mean Bash?)';
const WRITE =
  'invalid_settings: the rule "Write(src/**)" could never match: paths of Write are those of Edit(src/**)';

test('create and update refuse it, and change nothing', async () => {
  const { sessions } = await testGreenroom();
  expect(await refusal(sessions.create('a', { allowedTools: ['Read', 'Bsh(npm *)'] }))).toBe(BSH);
  expect(await refusal(sessions.get('a'))).toMatch(/^session_not_found/);
  await sessions.create('a', { title: 'kept' });
  const update = { title: 'other', disallowedTools: ['Write(src/**)'] };
  expect(await refusal(sessions.update('a', update))).toBe(WRITE);
  expect(await sessions.get('a')).toMatchObject({ title: 'kept', version: 1 });
});

test('so does a turn that makes its session', async () => {
  const { greenroom, sessions } = await testGreenroom();
  const session = { disallowedTools: ['Bsh(npm *)'] };
  expect(await refusal(drained(greenroom.turn('b', 'Hello', { session })))).toBe(BSH);
  expect(await refusal(sessions.get('b'))).toMatch(/^session_not_found/);
});

test('a form that only a deny may have is no rule to allow', async () => {
  const { sessions } = await testGreenroom();
  expect(await refusal(sessions.create('c', { allowedTools: ['*'] }))).toMatch(/^invalid_settings/);
  await sessions.create('c', { disallowedTools: ['*'] });
});

test('rules as they are meant are taken, and so are names of tools that are not known here', async () => {
  const { sessions } = await testGreenroom();
  const rules = ['Bash(npm run *)', 'Read(./src/**)', 'mcp__files', 'OwnTool', 'TaskOutput'];
  await sessions.create('d', { allowedTools: rules, disallowedTools: ['WebFetch'] });
  expect(await sessions.get('d')).toMatchObject({ allowedTools: rules });
});

test('a misspelt name in `tools` is refused too; others may come, and `explain` says which are not there', async () => {
  const { sessions } = await testGreenroom();
  const typo = (name: string) => refusal(sessions.create('e', { tools: ['Read', name] }));
  const wrong = 'invalid_settings: tools: there is no tool';
  expect(await typo('Bsh')).toBe(`${wrong} Bsh (did you mean Bash?)`);
  expect(await typo('bash')).toBe(`${wrong} bash (did you mean Bash?)`);
  expect(await typo('bash_20250125')).toBe(`${wrong} bash_20250125 (did you mean bash_20250124?)`);
  const search = '(did you mean web_search_20260318?)';
  for (const name of ['WebSearch', 'web_search', 'web_search_2025'])
    expect(await typo(name)).toBe(`${wrong} ${name} ${search}`);
  expect(await refusal(sessions.get('e'))).toMatch(/^session_not_found/);
  await sessions.create('e', { tools: ['Read', 'memory_20250818', 'tide', 'mcp__sea__tide'] });
  expect(await refusal(sessions.update('e', { tools: ['Edti'] }))).toContain('did you mean Edit?');
  const off = 'services are not looked for: GREENROOM_SERVICE_TOOLS is off';
  expect(await sessions.explain('e')).toMatchObject({
    ...{ tools: ['Read', 'memory'], toolsMissing: ['tide', 'mcp__sea__tide'] },
    toolsAbsent: [{ tool: 'tide', why: off }],
  });
  await sessions.create('all', { workingDirectory: '/tmp' });
  expect(await sessions.explain('all')).not.toHaveProperty('toolsAbsent');
});

test('explain says of a tool that no service offers when a new one would be found', async () => {
  const { sessions } = await testGreenroom({ serviceTools: 'on' });
  await sessions.create('e', { tools: ['tide'] });
  expect(await sessions.explain('e')).toMatchObject({
    toolsAbsent: [{ tool: 'tide', why: 'no service offers it; a new one is found within 30 s' }],
  });
});
