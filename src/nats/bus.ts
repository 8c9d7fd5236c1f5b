/** Questions of other parts of the daemon to services on the bus, over the connection that there is anyhow. */
import { ErrorCode, type Msg, type NatsConnection, NatsError } from 'nats';
import { GreenroomError } from '../model/errors.ts';
import type { Bus, BusReply } from '../session/ports/bus.ts';

export const busOver = (nc: NatsConnection, isConnected: () => boolean): Bus => ({
  ask: async (subject, body, timeoutMs) => {
    if (!isConnected())
      throw new GreenroomError('unavailable', `${subject} cannot be asked: the broker is away`);
    try {
      return replyOf(await nc.request(subject, body, { timeout: timeoutMs }));
    } catch (cause) {
      throw faultOf(subject, timeoutMs, cause);
    }
  },
});

/** A service of the micro protocol says in headers that it has failed. */
const replyOf = ({ data, headers }: Msg): BusReply => {
  const fault = headers?.get('Nats-Service-Error') ?? '';
  const code = headers?.get('Nats-Service-Error-Code') ?? '';
  const text = Buffer.from(data).toString('utf8');
  return fault === '' && code === '' ? { text } : { text, fault: `${code} ${fault}`.trim() };
};

const faultOf = (subject: string, timeoutMs: number, cause: unknown): GreenroomError => {
  const code = cause instanceof NatsError ? cause.code : undefined;
  if (code === ErrorCode.Timeout)
    return new GreenroomError(
      'deadline_exceeded',
      `${subject} has not answered within ${timeoutMs / 1_000} s`,
      { cause },
    );
  const why = code === ErrorCode.NoResponders ? 'nobody listens' : (cause as Error).message;
  return new GreenroomError('unavailable', `${subject} cannot be asked: ${why}`, { cause });
};
