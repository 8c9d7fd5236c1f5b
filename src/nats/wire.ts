/**
 * What leaves on the wire: headers as ready bytes, error replies, events cut to size.
 * Headers are encoded here and not by the client's class: a map per message costs more than the message.
 */
import { Match, type MsgHdrs } from 'nats';
import type { HeaderReader } from '../gateway/trace.ts';
import { ERRORS, toWire } from '../model/errors.ts';
import type { Publication } from '../session/events/feed.ts';

/** Of a refusal: its status, and its code with its message. */
export const STATUS_HEADER = 'Nats-Service-Error-Code';
export const ERROR_HEADER = 'Nats-Service-Error';

/** Of a refused turn that is kept: the same, one by one. */
export const ERROR_CODE_HEADER = 'Greenroom-Error-Code';
export const ERROR_TEXT_HEADER = 'Greenroom-Error';

/** A request's header, however its sender spells the name; empty counts as absent. */
export const headerOf = (headers: MsgHdrs | undefined, name: string): string | undefined =>
  headers?.get(name, Match.IgnoreCase) || undefined;

/** The same for whoever reads headers by their names; undefined: the message has none. */
export const headersOf = (headers: MsgHdrs | undefined): HeaderReader | undefined =>
  headers && ((name) => headerOf(headers, name));

export const EMPTY = new Uint8Array(0);

/** Headers in the protocol's form. */
export type HeaderBytes = Uint8Array;

const encoder = new TextEncoder();

const headerBytes = (fields: Readonly<Record<string, string>>): HeaderBytes =>
  encoder.encode(
    `NATS/1.0\r\n${Object.entries(fields)
      .map(([name, value]) => `${name}: ${oneLine(value)}\r\n`)
      .join('')}\r\n`,
  );

/** A header's value cannot hold line ends, and need not be long. */
export const oneLine = (value: string): string => value.replaceAll(/[\r\n]+/g, ' ').slice(0, 500);

/** The client's publish only asks headers for their bytes. */
export const asHeaders = (bytes: HeaderBytes): MsgHdrs =>
  ({ encode: () => bytes }) as unknown as MsgHdrs;

const numbered = (n: number): HeaderBytes => headerBytes({ 'Greenroom-N': String(n) });
const FIRST_NUMBERS = Array.from({ length: 256 }, (_, n) => numbered(n));

/** `Greenroom-N: <n>`; none for events that are not counted. */
export const headerOfN = (n: number): HeaderBytes | undefined =>
  n === 0 ? undefined : (FIRST_NUMBERS[n] ?? numbered(n));

export interface Outgoing {
  readonly data: Uint8Array;
  readonly headers: HeaderBytes;
}

/** Any failure as the body and the headers of a refusal. */
export const errorReply = (error: unknown): Outgoing => {
  const wire = toWire(error);
  return {
    data: encoder.encode(JSON.stringify({ error: wire })),
    headers: headerBytes({
      [STATUS_HEADER]: String(ERRORS[wire.code].status),
      [ERROR_HEADER]: `${wire.code}: ${wire.message}`,
    }),
  };
};

/** An event, or, if it is larger than `limitBytes`, what is left of it without its content. */
export const eventWithin = (publication: Publication, limitBytes: number): Uint8Array => {
  const { bytes } = publication;
  return bytes.length <= limitBytes ? bytes : withoutContent(bytes);
};

/** Rare, so it may parse: every field but the one that is large. */
const withoutContent = (bytes: Uint8Array): Uint8Array => {
  const event = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
  for (const field of ['message', 'text', 'thinking', 'inputJson', 'input']) delete event[field];
  return encoder.encode(JSON.stringify({ ...event, truncated: true, bytes: bytes.length }));
};
