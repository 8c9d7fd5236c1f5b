/**
 * Looks for rounds in which nobody else uses the machine. Other people's work comes in bursts: a round
 * begins between two of them, and is taken again when one fell into it. The patience for that is
 * bounded; what could not be avoided is told, so that the reader knows what figures were taken beside.
 */
import { cpus } from 'node:os';
import { median } from './figures.ts';
import type { Sheet } from './sheet.ts';
import { processMs } from './usage.ts';

const LOOK_MS = 150;
/** Shorter rounds cannot be judged: the kernel counts in hundredths of a second. */
const JUDGED_MS = 250;
/** Share of all cores that others may use. */
const QUIET = 0.12;

export class Quiet {
  readonly #ours: () => readonly number[];
  readonly #disturbed: number[] = [];
  #again = 0;
  #untilMs: number;

  /**
   * @param patienceMs in all, over every wait and every round that is taken again.
   * @param ours ids of our own processes.
   */
  constructor(patienceMs: number, ours: () => readonly number[]) {
    this.#untilMs = patienceMs;
    this.#ours = ours;
  }

  /** Takes a round; call it when everything of our own is idle. */
  async round<T>(take: () => Promise<T>): Promise<T> {
    for (;;) {
      const shareBefore = await this.#wait();
      const before = this.#usage();
      const taken = await take();
      const after = this.#usage();
      const isJudged = after.atMs - before.atMs >= JUDGED_MS;
      const share = isJudged ? foreignShare(before, after) : shareBefore;
      if (!isJudged || share < QUIET || this.#untilMs <= 0) {
        this.#disturbed.push(share);
        return taken;
      }
      this.#again += 1;
      this.#untilMs -= after.atMs - before.atMs;
    }
  }

  describe(sheet: Sheet): void {
    const percent = (share: number) => `${Math.round(share * 100)} %`;
    const again = this.#again === 0 ? '' : `; ${this.#again} rounds were taken again`;
    sheet.configure(
      'used by others during a round',
      `median ${percent(median(this.#disturbed))} of all cores, most ${percent(Math.max(...this.#disturbed))}${again}`,
    );
  }

  /** Gives the share that others used at last. */
  async #wait(): Promise<number> {
    for (;;) {
      const before = this.#usage();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const share = foreignShare(before, this.#usage());
      if (share < QUIET || this.#untilMs <= 0) return share;
      this.#untilMs -= LOOK_MS;
    }
  }

  #usage(): Usage {
    const oursMs = this.#ours().reduce((sum, pid) => sum + processMs(pid), 0);
    return { ...machineMs(), oursMs, atMs: performance.now() };
  }
}

interface Usage {
  readonly atMs: number;
  readonly busyMs: number;
  readonly allMs: number;
  readonly oursMs: number;
}

const foreignShare = (before: Usage, after: Usage): number => {
  const foreignMs = after.busyMs - before.busyMs - (after.oursMs - before.oursMs);
  return Math.max(0, foreignMs) / (after.allMs - before.allMs);
};

const machineMs = (): { readonly busyMs: number; readonly allMs: number } => {
  let busyMs = 0;
  let allMs = 0;
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    busyMs += busy;
    allMs += busy + times.idle;
  }
  return { busyMs, allMs };
};
