/**
 * Sees to it that no server and nothing that one has started outlives this process, however that ends. All of them bear
 * its mark; it owns the child that ends what bears the mark when this process is gone, and the trace on disk by which the
 * next daemon finds what outlived both.
 */
import { newJobId } from '../../model/ids.ts';
import { type Clock, pause } from '../../otp/clock.ts';
import { programFile } from '../../platform/compiled.ts';
import { LauncherProcess } from '../commands/launcher-process.ts';
import { endLeftover, removeTrace, writeTrace } from '../commands/leftover.ts';
import { sweep } from '../commands/sweep.ts';
import type { Notices } from './connection.ts';

/** Before a child that has died is replaced. */
const AGAIN_MS = 1_000;

/** It is given nothing to do but its end. */
type Child = LauncherProcess<never, unknown>;

export interface KeeperOptions {
  readonly clock: Clock;
  /** Where the trace is; undefined: nowhere. */
  readonly folder: string | undefined;
  readonly notices: Notices;
}

export class Keeper {
  readonly mark: string;
  readonly #options: KeeperOptions;
  #child: Child | undefined;
  #isClosed = false;
  #lastId = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.mark = newJobId(options.clock.now());
  }

  /** Of the child, where there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends what an earlier daemon's servers have left running. */
  async endLeftover(): Promise<void> {
    const { folder, clock, notices } = this.#options;
    const left = folder === undefined ? 0 : await endLeftover(folder, clock);
    if (left > 0)
      notices.warn({ processes: left }, 'ended what earlier MCP servers had left running');
  }

  /** For a process that is about to start: its number. The child is there before it. Throws when that cannot be. */
  admit(): number {
    if (this.#isClosed) throw new Error('Greenroom is stopping');
    this.#child ??= this.#start();
    this.#lastId += 1;
    return this.#lastId;
  }

  /** When all servers have been closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const child = this.#child;
    if (child === undefined) return;
    await child.close();
    await sweep(this.mark, this.#options.clock);
    if (this.#options.folder !== undefined) removeTrace(this.#options.folder);
  }

  #start(): Child {
    const { clock, folder } = this.#options;
    if (folder !== undefined) writeTrace(folder, this.mark); // before anything bears it
    const file = programFile('tools/commands/launcher-child');
    const child: Child = new LauncherProcess(file, this.mark, clock, () => undefined);
    if (folder !== undefined) writeTrace(folder, this.mark, child.pid);
    void child.ended.then((why) => this.#replace(why));
    return child;
  }

  /** Servers live: they must not be without it for long. */
  async #replace(why: Error): Promise<void> {
    const { clock, notices } = this.#options;
    if (this.#isClosed) return;
    notices.warn({ err: why }, 'the child that ends MCP servers has died: another one is started');
    await pause(clock, AGAIN_MS);
    if (this.#isClosed) return;
    try {
      this.#child = this.#start();
    } catch (error) {
      void this.#replace(error as Error);
    }
  }
}
