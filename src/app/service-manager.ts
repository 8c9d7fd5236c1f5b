/**
 * What systemd hears of this daemon: that it is ready, that it stops, and that its loop still turns. It owns the timer of
 * the last.
 *
 * The words go to a unix datagram socket, which Node cannot open: each is one run of `systemd-notify`, which waits until
 * systemd has read it. A loop that hangs starts none, and systemd kills the daemon and starts it again.
 */
import { execFile } from 'node:child_process';
import type { Clock, Timer } from '../otp/clock.ts';
import type { Log } from '../platform/log.ts';

const PROGRAM = 'systemd-notify';
const DEADLINE_MS = 5_000;
const US_PER_MS = 1_000;

type Environment = Readonly<Record<string, string | undefined>>;

export class ServiceManager {
  readonly #env: Environment;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #watchdogMs: number | undefined;
  #timer: Timer | undefined;
  #isFailing = false;

  /** @param env of this process; systemd is not asked where it names no socket. */
  constructor(env: Environment, log: Log, clock: Clock) {
    this.#env = env;
    this.#log = log;
    this.#clock = clock;
    this.#watchdogMs = watchdogMs(env);
  }

  ready(): void {
    this.#say('READY=1');
    this.#beat();
  }

  stopping(): void {
    this.#say('STOPPING=1');
  }

  /** No more beats. */
  end(): void {
    this.#timer?.cancel();
  }

  /** Twice in the time in which systemd wants to hear one. */
  #beat(): void {
    if (this.#watchdogMs === undefined) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#say('WATCHDOG=1');
      this.#beat();
    }, this.#watchdogMs / 2);
  }

  #say(word: string): void {
    const { NOTIFY_SOCKET, PATH } = this.#env;
    if (!NOTIFY_SOCKET) return;
    const env = { NOTIFY_SOCKET, PATH };
    execFile(PROGRAM, [word], { env, timeout: DEADLINE_MS }, (error) => {
      if (error !== null && !this.#isFailing)
        this.#log.error({ err: error }, `systemd does not hear ${word}: ${PROGRAM} has failed`);
      this.#isFailing = error !== null;
    });
  }
}

/** systemd may mean another process. */
const watchdogMs = ({ WATCHDOG_USEC, WATCHDOG_PID }: Environment): number | undefined => {
  const ms = Number(WATCHDOG_USEC) / US_PER_MS;
  const isOurs = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid);
  return isOurs && ms > 0 ? ms : undefined;
};
