/** `greenroom logs`: the last lines of the daemon's log, and what comes to it. */
import { prettyLine } from '../../platform/pretty-line.ts';
import { logFileOf } from '../daemon/launch.ts';
import { LogReader } from '../daemon/log-files.ts';
import { CliError } from '../failure.ts';
import { findDaemon } from '../find-daemon.ts';
import { act, type Invocation, type Registration } from '../invocation.ts';
import type { Output } from '../output.ts';
import { parseCount } from '../values.ts';

const LAST = 50;
const POLL_MS = 200;

interface Options {
  readonly last: number;
  readonly follow?: boolean;
}

export const registerLogs = (registration: Registration): void => {
  registration.program
    .command('logs')
    .description("the daemon's log, where it goes to a file")
    .option('--last <n>', 'lines at the end, over all its files', parseCount, LAST)
    .option('--follow', 'and what comes, until Ctrl-C')
    .action(act<[], Options>(registration, (run, _, options) => show(run, options)));
};

const show = async (run: Invocation, { last, follow = false }: Options): Promise<void> => {
  const path = logFileHere(run);
  const log = new LogReader(path, last);
  try {
    if (!log.isThere && !follow)
      throw new CliError(
        3,
        `there is no log ${path}`,
        'a daemon in the foreground logs to its terminal, a service to the journal; greenroom start --detach, or --log-file, makes a file',
      );
    do {
      for (let lines = log.more(); lines.length > 0; lines = log.more()) {
        for (const line of lines) write(run.out, line);
        await run.out.drained();
      }
      if (follow) await run.shell.sleep(POLL_MS);
    } while (follow);
  } finally {
    log.close();
  }
};

/** Where the running daemon says; else where one would. */
const logFileHere = (run: Invocation): string => {
  const { config } = run.config();
  const found = findDaemon(config.dataDir);
  const said = found.kind === 'running' ? found.daemon.logFile : undefined;
  return said ?? logFileOf(config);
};

const COLOURS: Readonly<Record<string, 'red' | 'yellow' | 'dim'>> = {
  ...{ fatal: 'red', error: 'red', warn: 'yellow', debug: 'dim', trace: 'dim' },
};

/** What is no line of ours is shown as it is, and to programs as a message. */
const write = (out: Output, line: string): void => {
  const paint = (level: string, label: string) => {
    const colour = COLOURS[level];
    return colour === undefined ? label : out.paint(colour, label);
  };
  const time = (iso: string) => iso.slice(0, 19).replace('T', ' ');
  const fields = fieldsIn(line);
  out.one(fields ?? { msg: line }, () =>
    fields === undefined ? `${line}\n` : prettyLine(line, { paint, time }),
  );
};

const fieldsIn = (line: string): object | undefined => {
  try {
    const fields: unknown = JSON.parse(line);
    return typeof fields === 'object' && fields !== null ? fields : undefined;
  } catch {
    return undefined;
  }
};
