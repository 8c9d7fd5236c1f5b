/** A Greenroom in a child process, as a test holds it: gives it turns, hears events, kills it with SIGKILL. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { WireEvent } from '../../src/index.ts';
import { until } from './until.ts';

const PROGRAM = fileURLToPath(new URL('./greenroom-child.mjs', import.meta.url));

export class GreenroomProcess {
  readonly events: (WireEvent | { readonly type: 'ready' | 'asked' })[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<unknown>;

  constructor(dataDir: string, rehearsalUrl: string, env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, [PROGRAM, dataDir, rehearsalUrl], {
      env: { ...process.env, ...env },
    });
    this.#exited = once(this.#child, 'exit');
    this.#child.stderr.pipe(process.stderr);
    const lines = createInterface({ input: this.#child.stdout });
    lines.on('line', (line) => this.events.push(JSON.parse(line)));
    onTestFinished(() => this.kill());
  }

  turn(sessionId: string, prompt: string, turnId: string, traceId?: string, more = {}): void {
    const turn = { sessionId, prompt, turnId, traceId, ...more };
    this.#child.stdin.write(`${JSON.stringify(turn)}\n`);
  }

  /** Calls a method of `greenroom.sessions`; `asked` tells that it has ended. */
  ask(method: string, ...given: readonly unknown[]): void {
    this.#child.stdin.write(`${JSON.stringify({ ask: [method, ...given] })}\n`);
  }

  /** Waits for an event, of one turn if it is named. */
  async saw(type: string, turnId?: string): Promise<void> {
    await until(() =>
      this.events.some(
        (event) =>
          event.type === type &&
          (turnId === undefined || ('turnId' in event && event.turnId === turnId)),
      ),
    );
  }

  /** Ends it at once; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Resolves when it has died by itself: at a crash point. */
  async died(): Promise<void> {
    await this.#exited;
  }
}
