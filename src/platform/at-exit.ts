/** What has to be done when this process, or this thread, ends by `process.exit` or by an error that nobody caught. */
import process from 'node:process';

/**
 * Runs `act` before the host's own listeners, one of which may throw. Gives back what takes it away again.
 * The limit that warns of forgotten listeners is the host's: it grows by the one that is added.
 */
export const atExit = (act: () => void): (() => void) => {
  raiseLimit(1);
  process.prependListener('exit', act);
  return () => {
    if (!process.listeners('exit').includes(act)) return;
    process.off('exit', act);
    raiseLimit(-1);
  };
};

/** 0 stands for no limit. */
const raiseLimit = (by: number): void => {
  const limit = process.getMaxListeners();
  if (limit !== 0) process.setMaxListeners(limit + by);
};
