/** Requests as their bytes, for what no well-behaved client sends, and connections that say little. */
import { connect, type Socket } from 'node:net';

export const portOf = (url: string): number => Number(new URL(url).port);

/** Sends these bytes and gives all that comes back until the other side ends. */
export const exchange = (url: string, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect(portOf(url), '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      heard += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
  });

/** A peer that begins a request and goes no further. */
export interface Dawdler {
  readonly socket: Socket;
  /** The other side has ended it. */
  readonly ended: Promise<void>;
}

export const dawdle = (
  url: string,
  bytes = 'GET /metrics HTTP/1.1\r\nHost: loc',
): Promise<Dawdler> =>
  new Promise((resolve) => {
    const socket = connect(portOf(url), '127.0.0.1');
    socket.on('error', () => undefined); // it is reset, or closed: both end it
    socket.resume();
    const ended = new Promise<void>((end) => void socket.once('close', () => end()));
    socket.once('connect', () => socket.write(bytes, () => resolve({ socket, ended })));
    socket.once('close', () => resolve({ socket, ended }));
  });
