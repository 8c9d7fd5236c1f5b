/** Which sandbox commands have is said where sessions are set up and where people decide, not in the middle of a turn. */
import process from 'node:process';
import { expect, it, vi } from 'vitest';
import { testGreenroom } from '../support/greenroom.ts';
import { until } from '../support/until.ts';

/** A machine without bubblewrap. */
const bare = async (sandbox: 'required' | 'auto') => {
  vi.stubEnv('PATH', '/nowhere');
  try {
    return await testGreenroom({ sandbox });
  } finally {
    vi.unstubAllEnvs();
  }
};

it('where one is required and there is none, a session that would have commands is refused', async () => {
  const { sessions, greenroom } = await bare('required');
  const refusal = {
    code: 'sandbox_missing',
    message: expect.stringContaining('is not installed'),
  };
  const wishes = [{ tools: ['Bash'] }, { workingDirectory: '/srv' }];
  for (const wish of process.platform === 'linux' ? wishes : []) {
    await expect(sessions.create('s', wish)).rejects.toMatchObject(refusal);
    const turn = greenroom.turn('s', 'Hello', { session: wish });
    await expect(turn[Symbol.asyncIterator]().next()).rejects.toMatchObject(refusal);
  }
  await sessions.create('s', { tools: ['Read'], workingDirectory: '/srv' });
  await sessions.create('s2', { disallowedTools: ['Bash'], workingDirectory: '/srv' });
  const denied = { tools: ['Read', 'bash_20250124'], disallowedTools: ['Bash'] };
  await sessions.create('s3', { ...denied, workingDirectory: '/srv' });
  await sessions.update('s', { title: 'Notes' });
  if (process.platform === 'linux') {
    await expect(sessions.update('s', { tools: ['Read', 'Bash'] })).rejects.toMatchObject(refusal);
    await expect(sessions.update('s2', { disallowedTools: [] })).rejects.toMatchObject(refusal);
  }
  expect((await sessions.get('s')).tools).toEqual(['Read']);
  expect((await sessions.explain('s')).permissions).toMatchObject({
    sandbox: 'missing',
    sandboxMissing: expect.any(String),
  });
});

it('explain and an approval say that a command would run without one', async () => {
  const test = await bare('auto');
  await test.sessions.create('s', { tools: ['Bash', 'Write'] });
  const input = '{"command":"touch x"}';
  const turn = test.run('s', `[[rehearse: tool=Bash input=${input}]] [[rehearse: text=done]]`);
  await until(async () => (await test.sessions.get('s')).status === 'waiting');
  expect((await test.sessions.explain('s')).permissions).toMatchObject({
    sandbox: 'none',
    sandboxMissing: expect.any(String),
  });
  const [asked] = await test.sessions.asked('s');
  expect(asked).toMatchObject({ toolName: 'Bash', sandbox: 'none' });
  const approvalId = asked?.approvalId ?? '';
  await test.sessions.update('s', { disallowedTools: ['Bash(curl *)'] });
  await expect(
    test.sessions.approve('s', { approvalId, decision: 'allow', input: { command: 'curl x' } }),
  ).rejects.toMatchObject({ code: 'forbidden' }); // also in a session that names no directory
  await test.sessions.approve('s', { approvalId, decision: 'deny' });
  await turn;
});
