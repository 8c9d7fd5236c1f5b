/**
 * Kill cycles: one daemon after another on one directory, under load, each killed where its aim says;
 * then a last one, which is compared with the ledger, killed, started and compared again.
 */
import { inspect } from 'node:util';
import type { Crashpoint } from '../../src/platform/crashpoint.ts';
import { audit, awaitRest } from './audit.ts';
import { DaemonProcess, type Env } from './daemon-process.ts';
import type { Dice } from './dice.ts';
import { auditHands, type Hands } from './hands.ts';
import type { Ledger } from './ledger.ts';
import { Load } from './load.ts';
import { brokersOf } from './processes.ts';
import { pause, until } from './waiting.ts';

/** Where a daemon is killed. */
export type Aim =
  /** By itself, at the n-th passage of a crash point. */
  | { readonly at: 'crashpoint'; readonly name: Crashpoint; readonly count: number }
  /** In the tick in which the load hears the n-th acknowledgement. */
  | { readonly at: 'acknowledgement'; readonly count: number }
  /** Not killed: told to stop, in such a tick. It drains. */
  | { readonly at: 'drain'; readonly count: number }
  /** So long after its start, ready or not. */
  | { readonly at: 'start'; readonly afterMs: number };

export interface CyclesOptions {
  readonly dice: Dice;
  /** Another compiled program. */
  readonly dist?: string;
  /** See `LoadOptions`. */
  readonly queued?: number;
  readonly hands?: Hands;
  /** How long recovered turns may take. Default 60,000. */
  readonly recoveryMs?: number;
}

export interface CyclesReport {
  readonly ledger: Ledger;
  /** Promises that do not hold, in sentences. */
  readonly broken: readonly string[];
  /** From the start of each process to its readiness. */
  readonly readyMs: readonly number[];
  readonly hits: ReadonlyMap<Crashpoint, number>;
}

export const killCycles = async (
  aims: readonly Aim[],
  options: CyclesOptions,
): Promise<CyclesReport> => {
  const cycles = new KillCycles(options);
  for (const aim of aims) await cycles.run(aim);
  await cycles.conclude();
  return cycles;
};

class KillCycles implements CyclesReport {
  readonly broken: string[] = [];
  readonly readyMs: number[] = [];
  readonly hits = new Map<Crashpoint, number>();
  readonly #options: CyclesOptions;
  readonly #daemon: DaemonProcess;
  readonly #load: Load;

  constructor(options: CyclesOptions) {
    this.#options = options;
    const { dice, dist, queued = 30, hands } = options;
    this.#daemon = new DaemonProcess(dist === undefined ? {} : { dist });
    this.#load = new Load({ dice, queued, ...(hands === undefined ? {} : { hands }) });
  }

  get ledger(): Ledger {
    return this.#load.ledger;
  }

  async run(aim: Aim): Promise<void> {
    switch (aim.at) {
      case 'crashpoint':
        await this.#underLoad({ GREENROOM_CRASHPOINT: `${aim.name}:${aim.count}` });
        this.hits.set(aim.name, (this.hits.get(aim.name) ?? 0) + 1);
        return this.#mustEndBy('SIGKILL');
      case 'acknowledgement':
        await this.#underLoad({}, aim.count, 'SIGKILL');
        return this.#mustEndBy('SIGKILL');
      case 'drain':
        await this.#underLoad({}, aim.count, 'SIGTERM');
        return this.#mustEndBy(0);
      case 'start':
        this.#daemon.launch();
        await pause(aim.afterMs);
        return this.#daemon.kill();
    }
  }

  /** Nobody helps the last daemon with what the others left unfinished. */
  async conclude(): Promise<void> {
    const { recoveryMs = 60_000 } = this.#options;
    let { natsUrl } = await this.#daemon.start();
    this.broken.push(...(await awaitRest(natsUrl, recoveryMs)));
    if (this.broken.length > 0) return;
    await this.#load.start(natsUrl);
    await this.#load.settle();
    await this.#load.stop();
    this.broken.push(...(await audit(natsUrl, this.ledger)));
    const { hands } = this.#options;
    if (hands !== undefined) this.broken.push(...(await auditHands(natsUrl, this.ledger, hands)));
    if (this.broken.length > 0) return;
    await this.#daemon.kill();
    ({ natsUrl } = await this.#daemon.start());
    for (const what of await audit(natsUrl, this.ledger))
      this.broken.push(`after one more kill: ${what}`);
    await this.#daemon.kill();
    await until(() => brokersOf(this.#daemon.dataDir).length === 0, 'the last broker to end');
  }

  /** Load until the daemon ends, at its crash point or by a signal at the n-th acknowledgement. */
  async #underLoad(env: Env, acknowledgements = 0, signal?: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const ready = await this.#daemon.startOrEnd(env);
    if (ready === undefined) return;
    this.readyMs.push(ready.readyMs);
    let left = acknowledgements;
    this.#load.onAcknowledgement = () => {
      left -= 1;
      if (left === 0 && signal !== undefined) this.#daemon.signal(signal);
    };
    await this.#load.start(ready.natsUrl).catch(() => undefined); // it died at once
    await until(() => !this.#daemon.isRunning, `a daemon to end of ${signal ?? inspect(env)}`);
    await this.#load.stop();
  }

  async #mustEndBy(how: 'SIGKILL' | 0): Promise<void> {
    const { code, signal } = await this.#daemon.gone;
    if ((code ?? signal) !== how)
      this.broken.push(`a daemon ended by ${code ?? signal}: ${this.#daemon.log}`);
  }
}
