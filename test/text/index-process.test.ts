/** The index's process beside its owner: it sees none of its owner's keys and options, and gives way whole. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/otp/system-clock.ts';
import { childEnvironment } from '../../src/platform/child-environment.ts';
import { IndexProcess } from '../../src/text/index-process.ts';

const begun = async (): Promise<IndexProcess> => {
  const dir = mkdtempSync(join(tmpdir(), 'greenroom-index-'));
  const args = { path: join(dir, 'index.db'), storeId: 'store', scope: 'talk' } as const;
  const index = new IndexProcess(args, systemClock);
  onTestFinished(async () => {
    await index.close();
    rmSync(dir, { recursive: true, force: true });
  });
  await index.opened;
  return index;
};

test.skipIf(process.platform !== 'linux')('it has no key and no option of the host', async () => {
  vi.stubEnv('ANTHROPIC_API_KEY', 'sk-secret');
  vi.stubEnv('NODE_OPTIONS', '--no-warnings');
  const { execArgv } = process;
  process.execArgv = ['--trace-uncaught'];
  onTestFinished(() => {
    process.execArgv = execArgv;
    vi.unstubAllEnvs();
  });
  const { pid } = await begun();
  const seen = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
  expect(seen('environ')).not.toMatch(/sk-secret|NODE_OPTIONS/);
  expect(seen('cmdline')).not.toContain('--trace-uncaught');
});

test.skipIf(process.platform !== 'linux')('all of its threads give way', async () => {
  const { pid } = await begun();
  const threads = readdirSync(`/proc/${pid}/task`).map(Number);
  expect(new Set(threads.map((thread) => getPriority(thread)))).toEqual(new Set([10]));
});

test('one that is killed says so, and refuses what waits and what comes', async () => {
  const index = await begun();
  process.kill(index.pid, 'SIGSTOP');
  const waits = index.call('flush', []);
  process.kill(index.pid, 'SIGKILL');
  await expect(waits).rejects.toMatchObject({ code: 'unavailable' });
  expect((await index.ended).message).toContain('SIGKILL');
  await expect(index.call('flush', [])).rejects.toMatchObject({ code: 'unavailable' });
  expect([index.waiting, index.waitingBytes]).toEqual([0, 0]);
});

test('of an environment only what programs need is handed on', () => {
  const env = { PATH: '/bin', Path: 'C:\\', OPENAI_API_KEY: 'sk', NODE_OPTIONS: '--inspect' };
  expect(childEnvironment(env)).toEqual({ PATH: '/bin', Path: 'C:\\' });
});
