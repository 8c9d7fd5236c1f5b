/**
 * Whether a server to which we speak TLS speaks plainly: it says nothing to a TLS greeting, which looks like a server
 * that is slow. So after a moment it is asked in the clear, with a word that gives nothing away.
 */
import { connect } from 'node:net';
import { type Clock, pause } from '../../../otp/clock.ts';

const PATIENCE_MS = 300;
const ANSWER_MS = 2_000;
const USUAL_PORT = 6379;

/** Resolves with true when it has answered in the clear; with false when it has not, or `isDone` by then. */
export const speaksPlain = async (
  url: string,
  clock: Clock,
  isDone: () => boolean,
): Promise<boolean> => {
  await pause(clock, PATIENCE_MS);
  return isDone() ? false : answersPlainly(new URL(url), clock);
};

const answersPlainly = ({ hostname, port }: URL, clock: Clock): Promise<boolean> =>
  new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect(port === '' ? USUAL_PORT : Number(port), host);
    const end = (isPlain: boolean) => {
      timer.cancel();
      socket.destroy();
      resolve(isPlain);
    };
    const timer = clock.setTimeout(() => end(false), ANSWER_MS);
    socket.on('connect', () => void socket.write('PING\r\n'));
    socket.on('data', (bytes) => end(/^[+-][A-Z]/.test(bytes.toString('latin1'))));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
  });
