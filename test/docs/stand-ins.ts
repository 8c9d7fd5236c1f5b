/** Processes that stand in for a daemon, where pages start one: they say that they are ready, and obey SIGTERM. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import type { Launched } from '../../src/cli/shell.ts';
import { daemonFileIn, writeDaemonFile } from '../../src/platform/daemon-file.ts';
import { startTimeOf } from '../../src/platform/process-start.ts';

export class StandIns {
  readonly #children: ChildProcess[] = [];

  /** @param args of the command line, which name its log. */
  launch(args: readonly string[], dataDir: string): Launched {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      stdio: 'ignore',
    });
    this.#children.push(child);
    const pid = child.pid ?? -1;
    const startedAt = new Date().toISOString();
    const logFile = args[args.indexOf('--log-file') + 1] ?? '';
    const line = { level: 'info', time: startedAt, pid, msg: 'ready' };
    appendFileSync(logFile, `${JSON.stringify(line)}\n`);
    writeDaemonFile(daemonFileIn(dataDir), {
      ...{ pid, processStart: startTimeOf(pid) ?? '', natsUrl: null, version: '0', startedAt },
      logFile,
    });
    return { pid, ended: () => undefined };
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}
