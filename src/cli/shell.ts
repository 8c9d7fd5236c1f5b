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
  /** Resolves when there is room for more. */
  drained?(): Promise<void>;
  readonly isTerminal: boolean;
  /** Width in characters; undefined where it is no terminal. */
  readonly columns: number | undefined;
}

/** What a backup says of itself. */
export interface Backup {
  readonly storeId: string;
  readonly madeAt: string;
  readonly records: number;
  readonly sessions: number;
  readonly entries: number;
}

export interface StoreReport {
  readonly records: number;
  readonly sessions: number;
  readonly entries: number;
  readonly broken: number;
  readonly problems: readonly { readonly key: string; readonly why: string }[];
  /** What is wrong with the pages of the data file. */
  readonly fileFault?: string;
}

/** The store as files, without its daemon. */
export interface StoreCare {
  /** Reads everything. `report` is missing when that could not be done to the end. */
  verify(storeDir: string): Promise<{ isSound: boolean; why?: string; report?: StoreReport }>;
  backup(storeDir: string, dir: string, nowMs: number): Promise<Backup>;
  restore(dir: string, storeDir: string, nowMs: number): Promise<Backup>;
  /** What the server of a classic store promises. */
  examineServer(url: string): Promise<{ finding: string; weakness?: string; whatToDo?: string }>;
}

/** A broker that is not ours, and what we would put into it. */
export interface BrokerPlace {
  readonly url: string;
  readonly creds: string | undefined;
  readonly prefix: string;
  readonly sizes: { readonly queueBytes: number; readonly refusedBytes: number };
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
  storeCare(): Promise<StoreCare>;
  /** What a broker is, in a sentence. Rejects with what a start on it would be refused with. */
  examineBroker(place: BrokerPlace): Promise<string>;
  /** Model of new sessions where none is configured. */
  newestModel(nowMs: number): string;
}
