/** `greenroom start`: the daemon, in the foreground or by itself; `restart`: the running one ends first. */
import type { Command } from 'commander';
import { type Config, ConfigError } from '../../config/config.ts';
import { secretsOf } from '../../config/secrets.ts';
import { USUAL_HTTP_PORT } from '../../config/usual-port.ts';
import type { DaemonFile } from '../../platform/daemon-file.ts';
import type { Log } from '../../platform/log.ts';
import { LogFile } from '../../platform/log-file.ts';
import { launch, logFileOf } from '../daemon/launch.ts';
import { serviceOf } from '../daemon/service-of.ts';
import { type Ended, stopDaemon } from '../daemon/stop-daemon.ts';
import { CliError } from '../failure.ts';
import { findDaemon } from '../find-daemon.ts';
import { act, type GlobalOptions, type Invocation, type Registration } from '../invocation.ts';
import { startFailure } from '../start-failure.ts';
import { parseSeconds } from '../values.ts';
import { stopDeadlineMs } from './stop.ts';

interface StartOptions {
  readonly port?: string;
  readonly httpPort?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly workers?: string;
  readonly logFile?: string;
}

/** They are no words of the daemon's own start. */
interface OursAlone {
  readonly detach?: boolean;
  readonly force?: boolean;
  readonly timeout?: number;
}

const MB = 1024 * 1024;
/** A store that is looked through after a crash takes a minute. */
const START_SECONDS = 120;

export const registerStart = (registration: Registration): void => {
  const { program } = registration;
  withStartOptions(
    program.command('start').description('run the daemon in the foreground until it is stopped'),
  )
    .option('--detach', 'leave it running, and return when it is ready')
    .option(
      '--timeout <seconds>',
      'with --detach: how long to wait for that',
      parseSeconds,
      START_SECONDS,
    )
    .action(
      act<[], StartOptions & OursAlone>(registration, async (run, _, options) => {
        if (!options.detach) return runHere(run, options);
        told(run, await launched(run, options));
      }),
    );
  withStartOptions(
    program.command('restart').description('end the daemon, and start one that is left running'),
  )
    .option('--force', 'kill it if it does not end')
    .option(
      '--timeout <seconds>',
      'how long it may take until it is ready',
      parseSeconds,
      START_SECONDS,
    )
    .action(act<[], StartOptions & OursAlone>(registration, restart));
};

const withStartOptions = (command: Command): Command =>
  command
    .option('--port <n>', 'port of the own broker; 0 = any free one')
    .option('--http-port <n>', 'port of health and metrics; 0 = any free one, off = none')
    .option('--provider <name>', 'who answers model calls: anthropic or rehearsal')
    .option('--model <name>', 'model of new sessions')
    .option('--workers <n>', 'executor threads')
    .option('--log-file <file>', 'log to this file instead of stderr');

const flagsOf = ({
  port: natsPort,
  httpPort,
  provider,
  model,
  workers,
  logFile,
}: StartOptions) => ({
  ...{ natsPort, httpPort, provider, model, workers, logFile },
});

const runHere = async (run: Invocation, options: StartOptions): Promise<void> => {
  const loaded = run.config(flagsOf(options));
  const { config } = loaded;
  const file = config.logFile === undefined ? undefined : openLog(config.logFile, config);
  const log = await logOf(config, file);
  for (const name of loaded.unknown) log.warn({ variable: name }, 'unknown variable: misspelt?');
  const again = {
    config: () => run.config(flagsOf(options)).config,
    reopenLog: () => file?.reopen(),
  };
  // The daemon's own codes go out as they are: supervisors tell a full disk from a crash by them.
  const exitCode = await run.shell.runDaemon(config, log, again).catch((error: unknown) => {
    throw startFailure(error);
  });
  run.finish(exitCode);
};

/** Only a daemon loads what writes logs. */
const logOf = async (config: Config, file: LogFile | undefined): Promise<Log> => {
  const { createLog } = await import('../../platform/log.ts');
  const options = { level: config.logLevel, secrets: secretsOf(config) };
  return file === undefined
    ? createLog(options)
    : createLog({ ...options, pretty: false, write: (line) => file.write(line) });
};

const openLog = (path: string, { logFileMb, logFiles: files }: Config): LogFile => {
  try {
    return new LogFile({ path, maxBytes: logFileMb * MB, files });
  } catch (error) {
    throw new ConfigError(
      `GREENROOM_LOG_FILE: ${path} cannot be written: ${(error as Error).message}`,
    );
  }
};

const launched = (run: Invocation, options: StartOptions & OursAlone): Promise<DaemonFile> => {
  const { config } = run.config(flagsOf(options));
  const deadlineMs = (options.timeout ?? START_SECONDS) * 1_000;
  return launch(run.shell, { config, words: wordsOf({ ...options, ...run.globals }), deadlineMs });
};

/** All that was given, as it is given again. */
const wordsOf = ({
  detach: _,
  force: __,
  timeout: ___,
  json: ____,
  logFile: _____, // said to it in any case
  ...given
}: StartOptions & OursAlone & GlobalOptions): readonly string[] =>
  Object.entries(given).flatMap(([name, value]) => [
    `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);

const restart = async (
  run: Invocation,
  _: readonly [],
  options: StartOptions & OursAlone,
): Promise<void> => {
  const { config } = run.config(flagsOf(options));
  const found = findDaemon(config.dataDir);
  const service = found.kind === 'running' ? serviceOf(found.daemon.pid) : undefined;
  if (service !== undefined)
    throw new CliError(
      4,
      `the daemon runs as the service ${service}, which would not know of one that was started here`,
      `systemctl restart ${service}, with --user if it is yours`,
    );
  const deadlineMs = stopDeadlineMs(config);
  const ended = await stopDaemon(config.dataDir, {
    deadlineMs,
    isForced: options.force ?? false,
    sleep: (ms) => run.shell.sleep(ms),
  });
  run.out.note(ended.what);
  told(run, await launched(run, options), ended);
};

const httpLine = ({ httpUrl }: DaemonFile, { httpPort }: Config): readonly string[] => {
  if (httpUrl === null || httpUrl === undefined) return [];
  const isMoved = httpPort === undefined && new URL(httpUrl).port !== String(USUAL_HTTP_PORT);
  const why = isMoved ? `: port ${USUAL_HTTP_PORT} is taken by another program` : '';
  return [`HTTP at ${httpUrl}${why}`];
};

const told = (run: Invocation, daemon: DaemonFile, ended?: Ended): void => {
  const log = daemon.logFile ?? logFileOf(run.config().config);
  run.out.one(ended === undefined ? daemon : { ended, ...daemon }, () =>
    [
      `the daemon is ready: process ${daemon.pid}, broker ${daemon.natsUrl ?? '-'}`,
      ...httpLine(daemon, run.config().config),
      `log ${log}`,
      '',
    ].join('\n'),
  );
};
