/**
 * `daemon.json`, kept while the daemon runs: clients find it by that, so it is written again when somebody has
 * taken it away. It owns the file, and the timer of its looks.
 *
 * Invariant: no failure of the file system ends the daemon by this; each is told once, until it has passed.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { Clock, Timer } from '../otp/clock.ts';
import { type DaemonFile, parseDaemonFile, writeDaemonFile } from '../platform/daemon-file.ts';
import type { Log } from '../platform/log.ts';

const LOOK_MS = 2_000;

export class KeptFile {
  readonly #path: string;
  readonly #daemon: DaemonFile;
  readonly #log: Log;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #isFailing = false;

  constructor(path: string, daemon: DaemonFile, log: Log, clock: Clock) {
    this.#path = path;
    this.#daemon = daemon;
    this.#log = log;
    this.#clock = clock;
    this.#write();
    this.#lookLater();
  }

  /** Takes it away, unless it is another daemon's by now. */
  remove(): void {
    this.#timer?.cancel();
    try {
      if (this.#isOurs()) rmSync(this.#path, { force: true });
    } catch (error) {
      this.#log.warn({ err: error }, `${this.#path} could not be removed`);
    }
  }

  #lookLater(): void {
    this.#timer = this.#clock.setTimeout(() => {
      if (!existsSync(this.#path)) this.#writeAgain();
      this.#lookLater();
    }, LOOK_MS);
  }

  #writeAgain(): void {
    if (this.#write()) this.#log.warn(`${this.#path} was gone: it is written again`);
  }

  #write(): boolean {
    try {
      writeDaemonFile(this.#path, this.#daemon);
      this.#isFailing = false;
      return true;
    } catch (error) {
      const next = 'until it can be written, clients need NATS_URL';
      if (!this.#isFailing)
        this.#log.error({ err: error, next }, `${this.#path} cannot be written`);
      this.#isFailing = true;
      return false;
    }
  }

  #isOurs(): boolean {
    if (!existsSync(this.#path)) return false;
    return parseDaemonFile(readFileSync(this.#path, 'utf8'))?.pid === this.#daemon.pid;
  }
}
