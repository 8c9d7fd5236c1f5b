/**
 * What a command may touch of the world: streams, environment, the clock, the daemon. `main.ts` gives
 * the process's own, tests give theirs.
 */
import type { Config } from '../config/config.ts';
import type { DerivedReport } from '../model/derived.ts';
import type { RefusedTurn } from '../nats/refused-turns.ts';
import type { Log } from '../platform/log.ts';
import type { Watched } from '../session/events/watch-queue.ts';
import type { BackupFacts, LastBackup, WhichBackups } from '../session/ports/backups.ts';
import type { SessionsApi } from '../session/verbs/api.ts';
import type { DaemonReplies, DaemonRequests } from '../session/verbs/registry.ts';
import type { DaemonVerb } from '../session/verbs/verb-facts.ts';

export type { RefusedTurn } from '../nats/refused-turns.ts';

/** The daemon, as seen by the command line: sessions, and what it says about itself. */
export interface DaemonClient extends SessionsApi {
  /** Asks the daemon about itself: `status`, `tree`. Rejects with a code of the table. One of another version may tell more, or less. */
  daemon<V extends DaemonVerb>(verb: V, request: DaemonRequests[V]): Promise<DaemonReplies[V]>;
  /** What is told from now on: of one session its events, else what becomes of sessions. Ends with the client. */
  watch(sessionId?: string): AsyncIterable<Watched>;
  /** Turns of the queue that were refused, newest first. */
  refusedTurns(wanted: { limit: number; sessionId?: string }): Promise<readonly RefusedTurn[]>;
  close(): Promise<void>;
}

export interface Address {
  readonly servers: string;
  readonly creds: string | undefined;
  readonly inboxPrefix: string;
  readonly prefix: string;
  readonly tenant: string;
  /** Of one try, in milliseconds; default: as long as a person waits. */
  readonly connectTimeoutMs?: number;
}

/** What the command line wants to hear of its connection. */
export interface Hearing {
  /** Where the daemon is now; asked while it is away. undefined: where it was. */
  locate?(): string | undefined;
  /** Nobody answers any more, or somebody does again. */
  onAway?(): void;
  onBack?(): void;
}

/** What a running daemon has read again. */
export interface Again {
  /** Its settings, from all their places. Throws `invalid_settings`. */
  config(): Config;
  reopenLog(): void;
}

export interface Screen {
  /** Text; what the command line gives to commands lets no control character of the data's through. */
  write(text: string): void;
  /** As it is: our own control sequences, and what is a file in a pipe. */
  exactly(text: string): void;
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
  /** Records in it that are broken, and the first hundred by name. */
  readonly broken: number;
  readonly problems: readonly StoreProblem[];
}

/** A record that cannot be read, or does not fit to the others. */
export interface StoreProblem {
  readonly key: string;
  readonly why: string;
  readonly session?: { readonly tenant: string; readonly sessionId: string } | undefined;
}

export interface StoreReport {
  readonly records: number;
  readonly sessions: number;
  readonly entries: number;
  readonly broken: number;
  readonly problems: readonly StoreProblem[];
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

/** So far, of the store's file. */
export type BackupProgress = (done: { readonly bytes: number; readonly ofBytes: number }) => void;

/** What is done at one place of backups. */
export interface BackupWorks {
  make(
    signal: AbortSignal,
    progress: BackupProgress,
  ): Promise<Omit<LastBackup, 'startedAtMs' | 'endedAtMs'>>;
  verify(
    backupId: string | undefined,
    signal: AbortSignal,
    progress: BackupProgress,
  ): Promise<Readonly<Record<string, unknown>>>;
  remove(backupId: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  list(which: WhichBackups, signal: AbortSignal): Promise<readonly BackupFacts[]>;
}

/** Backups at a place, without their daemon. */
export interface BackupsCare {
  worksAt(config: Config, place: string): BackupWorks;
  restoreFrom(
    config: Config,
    wanted: { readonly from: string; readonly backupId: string | undefined },
    signal: AbortSignal,
    progress: BackupProgress,
  ): Promise<Backup & { readonly backupId: string }>;
  longestMs(config: Config): number;
}

/** A broker that is not ours, and what we would put into it. */
export interface BrokerPlace {
  readonly url: string;
  readonly creds: string | undefined;
  readonly prefix: string;
  readonly sizes: { readonly queueBytes: number; readonly refusedBytes: number };
}

/** A program that shows long texts page by page. */
export interface Pager {
  readonly screen: Screen;
  /** Whether its reader still wants more. */
  isOpen(): boolean;
  /** No more comes; resolves when its reader has left it. */
  end(): Promise<void>;
}

/** What came at a prompt: a message, Ctrl-C on an empty line, or the end of the input. */
export type Typed =
  | { readonly type: 'message'; readonly text: string }
  | { readonly type: 'interrupted' }
  | { readonly type: 'ended' };

/** A process of ours that runs by itself. */
export interface Launched {
  readonly pid: number;
  /** How it ended; undefined: it runs. */
  ended(): { readonly exitCode: number | null; readonly signal: string | null } | undefined;
}

export interface Shell {
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly version: string;
  /** The file of this program. */
  readonly script: string;
  /** A text that no data can hold: it tells our own colours from those in the data. */
  readonly mark: string;
  /** How this program is called here, such as `npx greenroom`. */
  readonly program?: string;
  /** Asks the person at the terminal; absent where there is none. Given up, the answer is ''. */
  ask?(question: string, givenUp?: AbortSignal): Promise<string>;
  /** One message of a chat; absent without a terminal. `history`: earlier ones, the latest first. */
  readMessage?(prompt: string, history: readonly string[]): Promise<Typed>;
  /** Opens the pager; undefined where there is none, or the output is no terminal. */
  openPager?(): Pager | undefined;
  /** Hears Ctrl-C instead of ending by it; returns how to stop that. */
  onInterrupt?(listener: () => void): () => void;
  nowMs(): number;
  /** Given up, it never settles, and keeps no process alive. */
  sleep(ms: number, givenUp?: AbortSignal): Promise<void>;
  connect(address: Address & Hearing): Promise<DaemonClient>;
  /** Runs the daemon in the foreground until it has stopped; resolves with its exit code. */
  runDaemon(config: Config, log: Log, again: Again): Promise<number>;
  /** Starts this program as a process that outlives this one. What it prints goes to the file `output`, which is emptied. */
  launch(args: readonly string[], output: string): Launched;
  /** What is wrong with the files that the configuration names, each a sentence. */
  examineFiles(config: Config): Promise<readonly string[]>;
  storeCare(): Promise<StoreCare>;
  /** Compares the snapshot of the catalog and the text index with the store. */
  verifyDerived(config: Pick<Config, 'dataDir' | 'textSearch'>): Promise<DerivedReport>;
  backupsCare(): Promise<BackupsCare>;
  /** What a broker is, in a sentence. Rejects with what a start with the store in this folder would be refused with. */
  examineBroker(place: Omit<BrokerPlace, 'storeId'>, storeDir: string): Promise<string>;
  /** Model of new sessions where none is configured. */
  newestModel(nowMs: number): string;
}
