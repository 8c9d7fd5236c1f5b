/**
 * The nats-server program: which version it is, what it is told, what it promises.
 * It ignores configuration that it does not know, so features are gated on its version here.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export type Version = readonly [major: number, minor: number, patch: number];

/** Work queues, consumer settings and pull requests with a byte limit, as we use them. */
const MINIMUM_VERSION: Version = [2, 9, 0];
const KNOWS_SYNC_ALWAYS: Version = [2, 10, 0];
/** Of the own broker: for our streams, and for what users put beside them. */
const MIN_STORE_BYTES = 4 * 1024 * 1024 * 1024;
const SPARE_STORE_BYTES = 1024 * 1024 * 1024;

const run = promisify(execFile);

const parseVersion = (text: string): Version | undefined => {
  const [, major, minor, patch] = /(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
};

const isAtLeast = (version: Version, least: Version): boolean => {
  for (const [at, part] of version.entries())
    if (part !== least[at]) return part > (least[at] ?? 0);
  return true;
};

/** The version that a program reports. Throws a sentence if it is none, or too old. */
export const versionOf = async (program: string): Promise<Version> => {
  const { stdout, stderr } = await run(program, ['--version'], { timeout: 10_000 });
  return requireVersion(`${stdout}${stderr}`, program);
};

/** Throws a sentence for a server that is too old, or whose version cannot be read. */
export const requireVersion = (text: string, server: string): Version => {
  const version = parseVersion(text);
  if (version === undefined)
    throw new Error(`${server} does not say which version it is: ${text.slice(0, 80)}`);
  if (!isAtLeast(version, MINIMUM_VERSION))
    throw new Error(
      `${server} is nats-server ${version.join('.')}; Greenroom needs at least ${MINIMUM_VERSION.join('.')}. Install a newer one and name it in NATS_SERVER_BIN.`,
    );
  return version;
};

export interface ServerSettings {
  readonly version: Version;
  /** -1: any free one. */
  readonly port: number;
  readonly storeDir: string;
  readonly maxPayloadBytes: number;
  /** What our streams reserve; default: less than the 4 GiB that there are in any case. */
  readonly streamBytes?: number | undefined;
}

/** Loopback only: there is no password. JSON strings are valid in this format. */
export const configText = (settings: ServerSettings): string =>
  `# Written at each start of Greenroom's own broker; changes here are lost.
host: "127.0.0.1"
port: ${settings.port}
server_name: "greenroom"
max_payload: ${settings.maxPayloadBytes}
jetstream {
  store_dir: ${JSON.stringify(settings.storeDir)}
  max_file_store: ${Math.max(MIN_STORE_BYTES, (settings.streamBytes ?? 0) + SPARE_STORE_BYTES)}
  max_memory_store: ${64 * 1024 * 1024}
${isAtLeast(settings.version, KNOWS_SYNC_ALWAYS) ? '  sync_interval: always\n' : ''}}
`;

/** What a broker of this version can promise about a PubAck, in a sentence for `doctor`. */
export const promiseOf = (version: Version, own: boolean): string => {
  const name = `nats-server ${version.join('.')}`;
  if (!isAtLeast(version, KNOWS_SYNC_ALWAYS))
    return `${name} acknowledges a published turn before it is on disk and cannot be told otherwise (2.10 can): a power cut may lose turns that are published and not yet accepted; what turn.accepted says is safe`;
  return own
    ? `${name} syncs each published turn to disk before it acknowledges it`
    : `${name} can sync each published turn to disk before it acknowledges it: set sync_interval: always in its jetstream block`;
};
