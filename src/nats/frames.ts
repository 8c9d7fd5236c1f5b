/**
 * Messages as they stand on the wire, many in one buffer, handed to the client at once.
 *
 * The client's own `publish` makes two arrays, an encoded line and a copy of each message: eight
 * kilobytes of garbage for a turn's nine messages, and a tenth of the daemon's time. Its `sendCommand`
 * takes bytes as they are, but is not part of what it promises: where it is not found, messages go out by
 * `publish`, one by one.
 */
import type { NatsConnection } from 'nats';
import { asHeaders, type HeaderBytes } from './wire.ts';

export interface Message {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: HeaderBytes | undefined;
}

/** What we use of the client's inside. */
interface Inside {
  sendCommand(bytes: Uint8Array): void;
  readonly noMorePublishing: boolean;
  outMsgs: number;
  outBytes: number;
}

const BYTES_PER_CHARACTER = 3;
const LINE_END = '\r\n';

/** `PUB` and `HPUB` of the NATS client protocol. */
export const framesOf = (messages: readonly Message[]): Uint8Array => {
  const lines = messages.map(lineOf);
  let most = 0;
  messages.forEach((message, at) => {
    most += (lines[at]?.length ?? 0) * BYTES_PER_CHARACTER + sizeOf(message) + LINE_END.length;
  });
  const bytes = Buffer.allocUnsafe(most);
  let end = 0;
  messages.forEach(({ headers, data }, at) => {
    end += bytes.write(lines[at] ?? '', end);
    if (headers !== undefined) {
      bytes.set(headers, end);
      end += headers.length;
    }
    bytes.set(data, end);
    end += data.length;
    end += bytes.write(LINE_END, end, 'latin1');
  });
  return bytes.subarray(0, end);
};

const sizeOf = ({ headers, data }: Message): number => (headers?.length ?? 0) + data.length;

const lineOf = (message: Message): string => {
  const { subject, headers } = message;
  return headers === undefined
    ? `PUB ${subject} ${sizeOf(message)}${LINE_END}`
    : `HPUB ${subject} ${headers.length} ${sizeOf(message)}${LINE_END}`;
};

/** How messages leave on a connection; returns how many did. What is larger than the broker takes does not. */
export const senderOn = (nc: NatsConnection): ((messages: readonly Message[]) => number) => {
  const inside = insideOf(nc);
  return inside === undefined
    ? (messages) => messages.filter((message) => isPublished(nc, message)).length
    : (messages) => sendTogether(nc, inside, messages);
};

const insideOf = (nc: NatsConnection): Inside | undefined => {
  const { protocol } = nc as unknown as { readonly protocol?: Partial<Inside> };
  const isKnown =
    typeof protocol?.sendCommand === 'function' &&
    typeof protocol.noMorePublishing === 'boolean' &&
    typeof protocol.outMsgs === 'number' &&
    typeof protocol.outBytes === 'number';
  return isKnown ? (protocol as Inside) : undefined;
};

const sendTogether = (nc: NatsConnection, inside: Inside, messages: readonly Message[]): number => {
  if (inside.noMorePublishing) return 0;
  const limit = nc.info?.max_payload ?? Number.POSITIVE_INFINITY;
  const fit = messages.every((message) => sizeOf(message) <= limit)
    ? messages
    : messages.filter((message) => sizeOf(message) <= limit);
  if (fit.length === 0) return 0;
  inside.sendCommand(framesOf(fit));
  inside.outMsgs += fit.length;
  inside.outBytes += fit.reduce((sum, message) => sum + sizeOf(message), 0);
  return fit.length;
};

const isPublished = (nc: NatsConnection, { subject, data, headers }: Message): boolean => {
  try {
    if (headers === undefined) nc.publish(subject, data);
    else nc.publish(subject, data, { headers: asHeaders(headers) });
    return true;
  } catch {
    return false; // too large, or the connection is draining
  }
};
