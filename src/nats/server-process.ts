/** One run of nats-server, from its start until it is ready or has said why not. */
import type { Clock } from '../otp/clock.ts';
import { OutsideProgram } from '../otp/outside-program.ts';

/** Recovering a large stream takes a while; hanging takes longer. */
const READY_WITHIN_MS = 30_000;
const GRACE_MS = 2_000;

export interface ServerRun {
  /** Under guard: it ends when we do. */
  readonly program: OutsideProgram;
  readonly pid: number;
  /** The port that it listens on. */
  readonly port: number;
}

/** Another program listens there already. */
export class PortTaken extends Error {}

/** Starts the server. Rejects with `PortTaken`, or with its last words. */
export const runServer = async (
  command: string,
  configFile: string,
  clock: Clock,
  onWarning: (line: string) => void,
): Promise<ServerRun> => {
  const options = { graceMs: GRACE_MS, guard: true };
  const program = new OutsideProgram(clock, { command, args: ['-c', configFile] }, options);
  const tooLate = clock.setTimeout(() => void program.kill(), READY_WITHIN_MS);
  try {
    const exited = program.exited.then((why) => {
      throw why.message.includes('address already in use') ? new PortTaken(why.message) : why;
    });
    const port = await Promise.race([portWhenReady(program, onWarning), exited]);
    return { program, port, pid: await program.pid };
  } finally {
    tooLate.cancel();
  }
};

const portWhenReady = (
  program: OutsideProgram,
  onWarning: (line: string) => void,
): Promise<number> =>
  new Promise((resolve) => {
    let port = 0;
    program.onLine = (line) => {
      const listening = /Listening for client connections on .*:(\d+)/.exec(line);
      if (listening !== null) port = Number(listening[1]);
      if (/\[(WRN|ERR|FTL)\]/.test(line)) onWarning(withoutClock(line));
      if (line.includes('Server is ready')) resolve(port);
    };
  });

/** `[pid] date time [WRN] text` without what the reader's own log says already. */
const withoutClock = (line: string): string => line.replace(/^\[\d+\] \S+ \S+ /, '');
