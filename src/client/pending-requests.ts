/**
 * The requests of a client that wait: for a connection, or for their answer. It owns how each may be given up.
 *
 * What is sent while the connection is cut is lost with the NATS client's buffer, so a request waits for the connection here.
 */
import { GreenroomError } from '../model/errors.ts';
import type { Clock, Timer } from '../otp/clock.ts';

/** How long a daemon may take for an answer that is probably lost, in milliseconds. */
export const PATIENCE_MS = 2_000;

export class PendingRequest {
  /** Rejects when it is given up. */
  readonly gone: Promise<never>;
  /** Its answer comes on the connection of the moment. */
  isSent = false;
  #timer: Timer | undefined;
  #reject = (_: unknown): void => undefined;

  constructor() {
    this.gone = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    this.gone.catch(() => undefined); // of a request that was answered
  }

  giveUp(error: GreenroomError): void {
    this.#reject(error);
  }

  /** Replaces what was to give it up before. */
  giveUpLater(clock: Clock, delayMs: number, why: () => GreenroomError | undefined): void {
    this.#timer?.cancel();
    this.#timer = clock.setTimeout(() => {
      const error = why();
      if (error !== undefined) this.giveUp(error);
    }, delayMs);
  }

  rest(): void {
    this.#timer?.cancel();
  }
}

export class PendingRequests {
  readonly #clock: Clock;
  readonly #waiting = new Set<PendingRequest>();
  /** Settled when there is a connection again; undefined while there is one. */
  #mended: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): PendingRequest {
    const request = new PendingRequest();
    this.#waiting.add(request);
    return request;
  }

  end(request: PendingRequest): void {
    request.rest();
    this.#waiting.delete(request);
  }

  /** Resolves when the request may be sent. Rejects when it is given up, or within `timeoutMs`. */
  async mayBeSent(request: PendingRequest, subject: string, timeoutMs: number): Promise<void> {
    if (this.#mended !== undefined) {
      request.giveUpLater(this.#clock, timeoutMs, () => noConnection(subject));
      await Promise.race([this.#mended.promise, request.gone]);
      request.rest();
    }
    request.isSent = true;
  }

  giveUp(error: GreenroomError): void {
    for (const request of this.#waiting) request.giveUp(error);
  }

  /** The connection is cut. */
  cut(): void {
    if (this.#mended !== undefined) return;
    let resolve = (): void => undefined;
    const promise = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#mended = { promise, resolve };
  }

  /** It is there again. An answer that was on its way is lost; one that the daemon still works at comes. */
  mended(): void {
    for (const request of this.#waiting)
      if (request.isSent) request.giveUpLater(this.#clock, PATIENCE_MS, lostOnTheWay);
    this.#open();
  }

  /** There is another one, to elsewhere: what was sent on the old one is answered nowhere. */
  replaced(): void {
    for (const request of this.#waiting) if (request.isSent) request.giveUp(wentAway());
    this.#open();
  }

  #open(): void {
    this.#mended?.resolve();
    this.#mended = undefined;
  }
}

const unavailable = (message: string): GreenroomError => new GreenroomError('unavailable', message);

export const wentAway = (what = 'the request'): GreenroomError =>
  unavailable(
    `the daemon went away before it had answered ${what}: whether it was done shows when it is back`,
  );

const lostOnTheWay = (): GreenroomError =>
  unavailable(
    'the connection was lost before the answer came: ask again, whether it was done shows then',
  );

const noConnection = (subject: string): GreenroomError =>
  new GreenroomError('deadline_exceeded', `no connection for ${subject} in time: it was not sent`);
