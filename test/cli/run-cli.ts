/** Runs the command line in this process, against a fake daemon and a fixed clock. */
import { backupsCare } from '../../src/app/backups-care.ts';
import { faultsOfFiles } from '../../src/app/settings-files.ts';
import { runCli } from '../../src/cli/run.ts';
import type { Address, DaemonClient, Screen, Shell, StoreCare } from '../../src/cli/shell.ts';
import { GreenroomError } from '../../src/model/errors.ts';
import { storeCare } from '../../src/storage/backup/care.ts';
import { folderOf } from '../support/new-folder.ts';

export const NOW_MS = Date.parse('2026-11-21T12:00:00Z');

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface World {
  readonly daemon?: DaemonClient;
  readonly connect?: (address: Address) => Promise<DaemonClient>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly isTerminal?: boolean;
  /** Of a terminal; 80 unless it is said. */
  readonly columns?: number;
  readonly program?: string;
  readonly ask?: NonNullable<Shell['ask']>;
  readonly readMessage?: NonNullable<Shell['readMessage']>;
  readonly onInterrupt?: NonNullable<Shell['onInterrupt']>;
  readonly sleep?: Shell['sleep'];
  readonly runDaemon?: Shell['runDaemon'];
  readonly storeCare?: StoreCare;
  readonly verifyDerived?: Shell['verifyDerived'];
  readonly examineBroker?: Shell['examineBroker'];
}

export const newFolder = (): string => folderOf('cli');

const nobody = async (): Promise<never> => {
  throw new GreenroomError('unavailable', 'cannot connect: connection refused');
};

/** `line` is split at spaces; words with spaces come as an array. */
export const greenroom = async (
  line: string | readonly string[],
  world: World = {},
): Promise<Ran> => {
  const out: string[] = [];
  const err: string[] = [];
  const isTerminal = world.isTerminal ?? false;
  const columns = isTerminal ? (world.columns ?? 80) : undefined;
  const screenOf = (said: string[]): Screen => ({
    write: (text) => void said.push(text),
    exactly: (text) => void said.push(text),
    isTerminal,
    columns,
  });
  const { daemon } = world;
  const shell: Shell = {
    stdout: screenOf(out),
    stderr: screenOf(err),
    stdin: (async function* () {
      yield Buffer.from(world.stdin ?? '');
    })(),
    env: { NATS_URL: 'nats://broker.example:4222', GREENROOM_DATA_DIR: '/nowhere', ...world.env },
    cwd: world.cwd ?? newFolder(),
    version: '1.2.3',
    script: '/opt/greenroom/main.cjs',
    mark: 'the-mark-of-the-test',
    nowMs: () => NOW_MS,
    sleep: world.sleep ?? (async () => {}),
    ...(world.program === undefined ? {} : { program: world.program }),
    ...(world.ask === undefined ? {} : { ask: world.ask }),
    ...(world.readMessage === undefined ? {} : { readMessage: world.readMessage }),
    ...(world.onInterrupt === undefined ? {} : { onInterrupt: world.onInterrupt }),
    connect: world.connect ?? (daemon === undefined ? nobody : async () => daemon),
    runDaemon: world.runDaemon ?? (async () => 0),
    launch: () => ({ pid: 1, ended: () => ({ exitCode: 1, signal: null }) }),
    examineFiles: faultsOfFiles,
    storeCare: async () => world.storeCare ?? storeCare,
    verifyDerived: world.verifyDerived ?? (async () => ({ snapshot: NONE, index: NONE })),
    backupsCare: async () => backupsCare,
    examineBroker: world.examineBroker ?? (async ({ url }) => `${url} is fine`),
    newestModel: () => 'claude-sonnet-5-5',
  };
  const code = await runCli(typeof line === 'string' ? line.split(' ') : line, shell);
  return { code, out: out.join(''), err: err.join('') };
};

const NONE = { is: 'none', why: 'there is none yet' } as const;

/** The output of `--json`: one value per line. */
export const jsonLines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
