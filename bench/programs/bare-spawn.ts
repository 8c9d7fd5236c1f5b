/** Starts a command for each message, with its input and both outputs read, and says when it has ended: with nothing around it. */
import { spawn } from 'node:child_process';

interface Wanted {
  readonly command: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
}

process.on('message', ({ command, cwd, env, input }: Wanted) => {
  const child = spawn('bash', ['-c', command], { cwd, env, detached: true });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  child.stdout.resume();
  child.stderr.resume();
  child.once('close', (code) => process.send?.({ code }));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
