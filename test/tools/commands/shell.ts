/** The commands' actor in a system of its own, with real processes, and a ledger that they write themselves. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SessionKey, TurnId } from '../../../src/model/ids.ts';
import type { ToolMemory } from '../../../src/model/tool-memory.ts';
import { startTree, supervisor } from '../../../src/otp/supervisor.ts';
import { System } from '../../../src/otp/system.ts';
import { startTimeOf } from '../../../src/platform/process-start.ts';
import type { ToolCall, ToolHandle, ToolOutcome } from '../../../src/session/ports/tools.ts';
import {
  type CommandsArgs,
  commands,
  commandsServerName,
} from '../../../src/tools/commands/commands-server.ts';
import { commandsName } from '../../../src/tools/commands/runner.ts';
import type { ToolRunner } from '../../../src/tools/tool/runner.ts';

export interface Asked {
  readonly outcome: Promise<ToolOutcome>;
  readonly handle: ToolHandle;
}

interface How {
  readonly memory?: ToolMemory;
  readonly session?: string;
}

/** Who ends what a test has begun: the test itself, or its file. */
export type AtEnd = (end: () => void | Promise<void>) => void;

/** A folder of a test: a data directory, with a working directory in it. */
export const folder = (atEnd: AtEnd = onTestFinished): string => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'greenroom-commands-')));
  mkdirSync(join(dir, 'work'));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

export class Shell {
  readonly dir: string;
  readonly warnings: string[];
  readonly runner: ToolRunner;
  readonly stop: () => Promise<void>;
  readonly #system: System;
  #calls = 0;
  #ledgers = 0;

  constructor(
    dir: string,
    system: System,
    { warnings, stop }: { readonly warnings: string[]; readonly stop: () => Promise<void> },
  ) {
    this.dir = dir;
    this.warnings = warnings;
    this.runner = system.fetch(commandsName);
    this.stop = stop;
    this.#system = system;
  }

  static async start(
    args: Partial<CommandsArgs> = {},
    dir: string | undefined = undefined,
    atEnd: AtEnd = onTestFinished,
  ): Promise<Shell> {
    const place = dir ?? folder(atEnd);
    const warnings: string[] = [];
    const system = new System({ onReport: (report) => void warnings.push(report.kind) });
    const notices = {
      info: () => undefined,
      warn: (_: object, message: string) => void warnings.push(message),
    };
    const child = commands({
      ...{ dataDir: place, spillFolder: join(place, 'tool-output'), notices },
      ...args,
    });
    const root = await startTree(
      system,
      supervisor({ id: 'root', strategy: 'one_for_one', children: [child] }),
    );
    const stop = async () => {
      if (root.alive) await system.stop(root);
    };
    atEnd(stop);
    return new Shell(place, system, { warnings, stop });
  }

  get work(): string {
    return join(this.dir, 'work');
  }

  ask(name: string, input: ToolCall['input'], { memory = {}, session = 's' }: How = {}): Asked {
    this.#calls += 1;
    const call: ToolCall = {
      key: { tenant: 't', sessionId: session } as SessionKey,
      workingDirectory: this.work,
      memory,
      turnId: 'turn' as TurnId,
      toolUseId: `toolu_${this.#calls}`,
      name,
      input,
    };
    let handle: ToolHandle = { cancel: () => undefined };
    const outcome = new Promise<ToolOutcome>((resolve) => {
      handle = this.runner.start(call, { outcome: resolve });
    });
    return { outcome, handle };
  }

  bash(command: string, input: ToolCall['input'] = {}, how: How = {}): Promise<ToolOutcome> {
    return this.ask('Bash', { command, ...input }, how).outcome;
  }

  /** What it says, if it did well. */
  async says(command: string, input: ToolCall['input'] = {}, how: How = {}): Promise<string> {
    return textOf(await this.bash(command, input, how));
  }

  status() {
    return this.#system.fetch(commandsServerName).call('status');
  }

  /** Of the launcher that runs. */
  async launcher(): Promise<number> {
    const { pid } = await this.status();
    if (pid === undefined) throw new Error('there is no launcher');
    return pid;
  }

  ledger(): Ledger {
    this.#ledgers += 1;
    return new Ledger(join(this.dir, `ledger-${this.#ledgers}`));
  }
}

export const textOf = (outcome: ToolOutcome): string => {
  if (typeof outcome.content !== 'string') throw new Error('it is no text');
  return outcome.content;
};

/** A task's id, from what Bash has said. */
export const taskIn = (text: string): string => {
  const [, id] = /task (\S+)\.$/m.exec(text) ?? [];
  if (id === undefined) throw new Error(`no task in ${text}`);
  return id;
};

/** Processes that have written themselves down: what they are is not our word. */
export class Ledger {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** A process that writes its number, and a name, and stays. */
  sleeper(name: string): string {
    return `sh -c 'echo $$ ${name} >> ${this.path}; exec sleep 1000'`;
  }

  get entries(): readonly { readonly pid: number; readonly name: string }[] {
    if (!existsSync(this.path)) return [];
    return readFileSync(this.path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [pid, name = ''] = line.split(' ');
        return { pid: Number(pid), name };
      });
  }

  /** The names of those that live. */
  get living(): readonly string[] {
    return this.entries.filter(({ pid }) => startTimeOf(pid) !== undefined).map(({ name }) => name);
  }

  /** For what a mutant has left. */
  kill(): void {
    for (const { pid } of this.entries) if (startTimeOf(pid) !== undefined) process.kill(pid, 9);
  }
}

/** All the ways in which a process gets away from its shell. */
export const getaways = (ledger: Ledger): readonly string[] => [
  `${ledger.sleeper('plain')}`,
  `setsid ${ledger.sleeper('setsid')} & wait`,
  `setsid ${ledger.sleeper('setsid-alone')} >/dev/null 2>&1 & sleep 1000`,
  `nohup ${ledger.sleeper('nohup')}`,
  `( ( ${ledger.sleeper('double')} & ) & ); sleep 1000`,
  `trap '' TERM; ${ledger.sleeper('stubborn')}`,
  `trap '' TERM HUP INT; setsid ${ledger.sleeper('stubborn-setsid')} & wait`,
  `set -m; ${ledger.sleeper('job')} & wait`,
];
