/**
 * What a command may touch of the world: streams, environment, the clock, the daemon. `main.ts` gives
 * the process's own, tests give theirs.
 */
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { SessionsApi } from '../session/api.ts';

/** The daemon, as seen by the command line: sessions, and what it says about itself. */
export interface DaemonClient extends SessionsApi {
  /** Asks the daemon about itself: `status`, `tree`. Rejects with a code of the table. */
  daemon(verb: string, request: unknown): Promise<unknown>;
  /** Largest message of the broker; absent where there is no broker. */
  readonly maxPayloadBytes?: number | undefined;
  close(): Promise<void>;
}

export interface Address {
  readonly servers: string;
  readonly creds: string | undefined;
  readonly prefix: string;
  readonly tenant: string;
}

export interface Screen {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width in characters; undefined where it is no terminal. */
  readonly columns: number | undefined;
}

export interface Shell {
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly version: string;
  nowMs(): number;
  sleep(ms: number): Promise<void>;
  connect(address: Address): Promise<DaemonClient>;
  /** Runs the daemon in the foreground until it has stopped; resolves with its exit code. */
  runDaemon(config: Config, log: Log): Promise<number>;
  /** Model of new sessions where none is configured. */
  newestModel(nowMs: number): string;
}
