/** One window of load on a daemon or on the floor: what the client saw, and what it cost the server. */
import type { AskLoad, Load } from '../programs/client.ts';
import { FlushWatch } from './disk.ts';
import type { Client, Daemon, FloorDaemon } from './scene.ts';
import type { CpuUsage } from './usage.ts';

export interface Window extends Load {
  /** CPU of the serving process for each turn, in milliseconds. */
  readonly cpuMsEach: number;
  /** That of its main thread. */
  readonly mainMsEach: number;
  readonly commits: number;
  readonly syncs: number;
  /** Flushes of the disk meanwhile; undefined where nobody counts them. */
  readonly flushes: number | undefined;
  readonly records: number;
  readonly bytesWritten: number;
  readonly published: number;
  /** Reads of the journal. */
  readonly reads: number;
}

interface Counters {
  readonly cpu: CpuUsage;
  readonly commits: number;
  readonly syncs: number;
  readonly records: number;
  readonly bytesWritten: number;
  readonly published: number;
  readonly reads: number;
}

const ofDaemon = async (daemon: Daemon): Promise<Counters> => {
  const { cpu, journal, published } = await daemon.call('status', null);
  return { ...journal, records: journal.recordsWritten, cpu, published };
};

const ofFloor = async (floor: FloorDaemon): Promise<Counters> => {
  const { cpu, commits, syncs, published, records, bytesWritten } = await floor.call(
    'status',
    null,
  );
  return { cpu, commits, syncs, published, records, bytesWritten, reads: 0 };
};

export const askDaemon = (client: Client, daemon: Daemon, load: AskLoad, folder: string) =>
  windowOf(client, () => ofDaemon(daemon), load, folder);

export const askFloor = (client: Client, floor: FloorDaemon, load: AskLoad, folder: string) =>
  windowOf(client, () => ofFloor(floor), load, folder);

const windowOf = async (
  client: Client,
  counters: () => Promise<Counters>,
  load: AskLoad,
  folder: string,
): Promise<Window> => {
  const watch = new FlushWatch(folder);
  const before = await counters();
  const measured = await client.call('ask', load);
  const after = await counters();
  const { flushes } = watch;
  const grown = (name: Exclude<keyof Counters, 'cpu'>) => after[name] - before[name];
  return {
    ...measured,
    flushes,
    cpuMsEach: (after.cpu.totalMs - before.cpu.totalMs) / measured.total,
    mainMsEach: ((after.cpu.mainMs ?? NaN) - (before.cpu.mainMs ?? NaN)) / measured.total,
    commits: grown('commits'),
    syncs: grown('syncs'),
    records: grown('records'),
    bytesWritten: grown('bytesWritten'),
    published: grown('published'),
    reads: grown('reads'),
  };
};

/** The sum of a counter over windows; undefined if one of them has none. */
export const total = (
  windows: readonly Window[],
  counter: (window: Window) => number | undefined,
): number | undefined => {
  let sum = 0;
  for (const window of windows) {
    const value = counter(window);
    if (value === undefined) return undefined;
    sum += value;
  }
  return sum;
};
