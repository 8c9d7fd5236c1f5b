/**
 * SIGHUP: settings are read again and the log's file is opened again. Where the daemon was started at a terminal that is
 * gone, it is the terminal's last word, and means the end.
 */
import { isatty } from 'node:tty';
import type { Config } from '../config/config.ts';
import type { Log } from '../platform/log.ts';
import type { RunningGreenroom } from './greenroom.ts';

/** How a daemon's settings and log are had again. */
export interface Again {
  /** Throws `invalid_settings`. */
  config(): Config;
  /** Another program may have renamed the file. */
  reopenLog(): void;
}

const STDIN = 0;

/** @param running undefined while it starts: what it reads then is new anyway. */
export const onHangUp = (
  running: () => RunningGreenroom | undefined,
  log: Log,
  again: Again,
  onTerminalGone: () => void,
): void => {
  const hadTerminal = isatty(STDIN);
  process.on('SIGHUP', () => {
    if (hadTerminal && !isatty(STDIN)) return onTerminalGone();
    again.reopenLog();
    const daemon = running();
    if (daemon === undefined) log.info('SIGHUP before it was ready: nothing is read again');
    else readAgain(daemon, log, again);
  });
};

const readAgain = (daemon: RunningGreenroom, log: Log, again: Again): void => {
  try {
    const config = again.config();
    const { changed, needRestart, warnings } = daemon.takeSettings(config);
    log.level = config.logLevel;
    log.info({ changed }, 'settings were read again');
    for (const { finding, nextStep } of warnings) log.warn({ next: nextStep }, finding);
    if (needRestart.length > 0)
      log.warn({ needRestart }, 'these have changed and take effect at the next start');
  } catch (error) {
    log.error(
      { err: error, next: 'greenroom config check shows all that is wrong' },
      'settings cannot be used: those from before stay in force',
    );
  }
};
