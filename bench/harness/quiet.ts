/**
 * Waits until nobody else uses the machine: other people's work comes in bursts, and a round that
 * starts between two of them is worth more. Its patience is bounded; what it could not wait for it
 * tells, so that the reader knows what the figures were taken beside.
 */
import { cpus } from 'node:os';
import { median } from './figures.ts';
import type { Sheet } from './sheet.ts';

const LOOK_MS = 150;
/** Share of all cores that others may use. */
const QUIET = 0.15;

export class Quiet {
  readonly #seen: number[] = [];
  #patienceMs: number;

  /** @param patienceMs in all, over every wait. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Call it when everything of our own is idle. */
  async wait(): Promise<void> {
    for (;;) {
      const busy = await busyShare();
      this.#patienceMs -= LOOK_MS;
      if (busy >= QUIET && this.#patienceMs > 0) continue;
      this.#seen.push(busy);
      return;
    }
  }

  describe(sheet: Sheet): void {
    const percent = (share: number) => `${Math.round(share * 100)} %`;
    sheet.configure(
      'cores in use by others before a round',
      `median ${percent(median(this.#seen))}, most ${percent(Math.max(...this.#seen))}`,
    );
  }
}

const busyShare = async (): Promise<number> => {
  const before = times();
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const after = times();
  return 1 - (after.idleMs - before.idleMs) / (after.allMs - before.allMs);
};

const times = (): { readonly idleMs: number; readonly allMs: number } => {
  let idleMs = 0;
  let allMs = 0;
  for (const { times: each } of cpus()) {
    idleMs += each.idle;
    allMs += each.user + each.nice + each.sys + each.idle + each.irq;
  }
  return { idleMs, allMs };
};
