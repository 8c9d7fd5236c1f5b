/** What parts of a daemon ask of the bus beside its own subjects: one question to a service. Implemented in `src/nats`. */
import { nameOf } from '../../otp/name.ts';

export interface BusReply {
  readonly text: string;
  /** What a NATS service says of its own failure. */
  readonly fault?: string | undefined;
}

export interface Bus {
  /** Rejects with `unavailable` when nobody answers the subject or the bus is away, with `deadline_exceeded` after the time. */
  ask(subject: string, body: string, timeoutMs: number): Promise<BusReply>;
}

export const busName = nameOf<Bus>('bus');
