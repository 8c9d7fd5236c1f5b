/**
 * One call of the command line: its output, its configuration, its way to the daemon. Commands get
 * it and give results; what they throw becomes an exit code in one place.
 */
import type { Command } from 'commander';
import {
  type ExaminedConfig,
  examineConfig,
  type LoadedConfig,
  type LoadOptions,
  loadConfig,
} from '../config/config.ts';
import { secretsOf } from '../config/secrets.ts';
import { printable } from '../platform/printable.ts';
import { redactor } from '../platform/redact.ts';
import { namingSessions } from './about-session.ts';
import { CleanScreen } from './clean-screen.ts';
import { CliError } from './failure.ts';
import { findDaemon } from './find-daemon.ts';
import { Output } from './output.ts';
import type { DaemonClient, Shell } from './shell.ts';
import { programHere, type Whereabouts } from './typed-here.ts';

/** Options that every command takes. */
export interface GlobalOptions extends Whereabouts {
  readonly json?: boolean;
  readonly logLevel?: string;
}

type Flags = NonNullable<Parameters<typeof loadConfig>[0]['flags']>;

export class Invocation {
  readonly shell: Shell;
  readonly out: Output;
  /** For results that are no error and yet not 0. */
  readonly finish: (exitCode: number) => void;
  /** Options that every command takes, as this call has them. */
  readonly globals: GlobalOptions;
  #secrets: readonly string[] = [];

  constructor(shell: Shell, globals: GlobalOptions, finish: (exitCode: number) => void) {
    this.shell = shell;
    this.finish = finish;
    this.globals = globals;
    this.out = new Output(shell, globals.json ?? false);
  }

  /** The configuration, with this call's flags over it. */
  config(flags: Flags = {}): LoadedConfig {
    return this.#hiding(loadConfig(this.#places(flags)));
  }

  /** The same, with all its faults instead of the first. */
  examineConfig(): ExaminedConfig {
    return this.#hiding(examineConfig(this.#places({})));
  }

  #hiding<T extends LoadedConfig>(loaded: T): T {
    this.#secrets = secretsOf(loaded.config);
    return loaded;
  }

  #places(flags: Flags): LoadOptions {
    const { data, servers, creds, prefix, tenant, logLevel, config: configFile } = this.globals;
    const broker = {
      ...{ natsUrl: servers, natsCreds: creds, natsInboxPrefix: this.globals.inboxPrefix },
    };
    const common = { ...broker, dataDir: data, prefix, tenant, logLevel };
    return {
      flags: { ...common, ...flags },
      env: this.shell.env,
      cwd: this.shell.cwd,
      configFile,
      newestModel: this.shell.newestModel(this.shell.nowMs()),
    };
  }

  /** An error whose message holds no secret of the configuration, whoever wrote it. */
  hideSecrets(error: unknown): unknown {
    if (error instanceof Error)
      Object.defineProperty(error, 'message', { value: redactor(this.#secrets)(error.message) });
    return error;
  }

  /** Where the daemon is: the named broker, else what `daemon.json` says. Throws with exit code 5. */
  servers(): string {
    const { natsUrl, dataDir } = this.config().config;
    if (natsUrl !== undefined) return natsUrl;
    const found = findDaemon(dataDir);
    switch (found.kind) {
      case 'running':
        if (found.daemon.natsUrl) return found.daemon.natsUrl;
        throw unreachable(`the daemon of ${dataDir} runs without a broker`);
      case 'stale':
        throw unreachable(
          `the daemon of ${dataDir} (process ${found.daemon.pid}) is gone without saying goodbye`,
          'greenroom start starts it again; what it had acknowledged is there',
        );
      case 'unreadable':
        throw unreachable(found.why);
      case 'absent':
        throw unreachable(
          `no daemon runs on ${dataDir}`,
          'greenroom start starts one; --data, --servers or NATS_URL name another place',
        );
    }
  }

  /** Where `daemon.json` says that a daemon runs; of a named broker nobody writes where it went. */
  #whereNow(): string | undefined {
    const { natsUrl, dataDir } = this.config().config;
    if (natsUrl !== undefined) return undefined;
    const found = findDaemon(dataDir);
    return found.kind === 'running' ? (found.daemon.natsUrl ?? undefined) : undefined;
  }

  /** How the next command for the same daemon begins. */
  get program(): string {
    return programHere(this.shell.program, this.globals);
  }

  /** A command of ours, as it is typed here. */
  typed(command: string): string {
    return `${this.program} ${command}`;
  }

  /**
   * Whether a person at the terminal wants it done; `true` where none is there to be asked, as scripts
   * are taken at their word.
   */
  async isWanted(question: string): Promise<boolean> {
    const answer = await this.shell.ask?.(printable(`${question} [y/N] `));
    return answer === undefined || /^\s*y(es)?\s*$/i.test(answer);
  }

  /** Writes through the pager, if there is one and it is wanted. `isWanted` says whether anybody reads on. */
  async paged(
    isPagerWanted: boolean,
    write: (out: Output, isWanted: () => boolean) => Promise<void>,
  ): Promise<void> {
    const pager = isPagerWanted && !this.out.isJson ? this.shell.openPager?.() : undefined;
    if (pager === undefined) return write(this.out, () => true);
    const { stderr, mark, env } = this.shell;
    const stdout = new CleanScreen(pager.screen, mark);
    try {
      await write(new Output({ stdout, stderr, mark, env }, false), () => pager.isOpen());
    } finally {
      await pager.end();
    }
  }

  /**
   * Connects, works, disconnects. While the daemon is away it says so and looks where it comes back.
   *
   * @param away what the person should know while it is away, told after `before`.
   */
  async withDaemon<T>(
    work: (daemon: DaemonClient) => Promise<T>,
    away: {
      readonly meanwhile: string;
      /** Of a try to connect; default: the shell's own. */
      readonly connectTimeoutMs?: number;
      before?(): void;
    } = { meanwhile: 'waiting for it' },
  ): Promise<T> {
    const { natsCreds: creds, natsInboxPrefix: inboxPrefix, prefix, tenant } = this.config().config;
    const servers = this.servers();
    let isAway = false;
    const daemon = await this.shell.connect({
      ...{ servers, creds, inboxPrefix, prefix, tenant },
      ...(away.connectTimeoutMs === undefined ? {} : { connectTimeoutMs: away.connectTimeoutMs }),
      locate: () => this.#whereNow(),
      onAway: () => {
        isAway = true;
        away.before?.();
        this.out.note(`(the daemon is away; ${away.meanwhile})`);
      },
      onBack: () => {
        if (isAway) this.out.note('(the daemon is back)');
        isAway = false;
      },
    });
    try {
      return await work(namingSessions(daemon));
    } finally {
      await daemon.close();
    }
  }
}

const unreachable = (
  message: string,
  nextStep = 'greenroom doctor finds out what is missing; greenroom start starts a daemon',
): CliError => new CliError(5, message, nextStep);

const globalsOf = (command: Command): GlobalOptions =>
  command.parent === null ? command.opts<GlobalOptions>() : globalsOf(command.parent);

/** How commands are hung into the program. */
export interface Registration {
  readonly program: Command;
  readonly shell: Shell;
  /** For results that are no error and yet not 0. */
  finish(exitCode: number): void;
}

/**
 * A commander action: arguments and options typed by the command, the invocation made for it. The options are the
 * command's own: a handler may pass them on as they are, into a request too.
 */
export const act =
  <Args extends readonly unknown[], Options extends object = object>(
    { shell, finish }: Registration,
    handler: (run: Invocation, args: Args, options: Options) => Promise<void>,
  ) =>
  async (...received: unknown[]): Promise<void> => {
    const command = received.at(-1) as Command;
    const options = command.opts<Options>();
    const args = received.slice(0, -2) as unknown as Args;
    const run = new Invocation(shell, globalsOf(command), finish);
    await handler(run, args, options).catch((error: unknown) => {
      throw run.hideSecrets(error);
    });
  };
