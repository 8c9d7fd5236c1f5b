/**
 * Whether a server speaks TLS where our URL does not, or the other way round. One that does not know TLS says nothing to
 * its greeting, which looks like a server that is slow: after a moment it is asked in the clear, with a word that
 * gives nothing away. One that knows nothing else cuts a plain line, which looks like an outage.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
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

/** Whether it takes the greeting of TLS, whatever its certificate; at most 2 s. */
export const speaksTls = (url: string, clock: Clock): Promise<boolean> => {
  // Nothing is said to it, so its certificate does not matter here.
  const socket = connectTls({ ...placeOf(new URL(url)), rejectUnauthorized: false });
  return answerOf(socket, clock, (end) => {
    socket.on('secureConnect', () => end(true));
  });
};

const answersPlainly = (url: URL, clock: Clock): Promise<boolean> => {
  const socket = connect(placeOf(url));
  return answerOf(socket, clock, (end) => {
    socket.on('connect', () => void socket.write('PING\r\n'));
    socket.on('data', (bytes) => end(/^[+-][A-Z]/.test(bytes.toString('latin1'))));
  });
};

const placeOf = ({ hostname, port }: URL) => ({
  host: hostname.replace(/^\[|\]$/g, ''),
  port: port === '' ? USUAL_PORT : Number(port),
});

/** What `listen` ends it with; false once the line is closed or the time is up. */
const answerOf = (
  socket: Socket,
  clock: Clock,
  listen: (end: (answer: boolean) => void) => void,
): Promise<boolean> =>
  new Promise((resolve) => {
    const end = (answer: boolean) => {
      timer.cancel();
      socket.destroy();
      resolve(answer);
    };
    const timer = clock.setTimeout(() => end(false), ANSWER_MS);
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    listen(end);
  });
