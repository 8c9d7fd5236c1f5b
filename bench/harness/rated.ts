/** A load's rate, and the CPU that each thing of it took in the processes that took part. */
import { processMs } from './usage.ts';

export interface Rate {
  readonly perSecond: number;
  /** CPU of the daemon with all its threads. */
  readonly cpuMsEach: number;
  /** Of the program that asks, and of the broker. */
  readonly askerMsEach: number;
  readonly brokerMsEach: number;
}

export interface Pids {
  readonly daemon: number;
  readonly asker: number;
  readonly broker: number;
}

/** Runs `work` and says what it was, with what it cost. */
export const rated = async <M extends { readonly perSecond: number; readonly total: number }>(
  pids: Pids,
  work: () => Promise<M>,
): Promise<M & Rate> => {
  const used = () => [pids.daemon, pids.asker, pids.broker].map(processMs);
  const before = used();
  const measured = await work();
  const [cpuMsEach = 0, askerMsEach = 0, brokerMsEach = 0] = used().map(
    (each, at) => (each - (before[at] ?? 0)) / measured.total,
  );
  return { ...measured, cpuMsEach, askerMsEach, brokerMsEach };
};

/** Of a table's row: the daemon's, the asker's, the broker's. */
export const CPU_COLUMNS: readonly ((rate: Rate) => number)[] = [
  ({ cpuMsEach }) => cpuMsEach,
  ({ askerMsEach }) => askerMsEach,
  ({ brokerMsEach }) => brokerMsEach,
];
