/**
 * The log: JSON lines on stderr, pretty on a terminal. Secrets are redacted when written.
 *
 * Redaction works on every string of the finished line, so that a key inside an error's text is caught like one in
 * a field: the values given as `secrets`, everything that looks like an API key, passwords in URLs.
 */
import pino from 'pino';
import { LineOutput } from './line-output.ts';
import { lostLine } from './log-line.ts';
import { prettyLine } from './pretty-line.ts';
import { redactor } from './redact.ts';

export type Log = pino.Logger;

export interface LogOptions {
  /** trace, debug, info, warn, error, fatal or silent; default info. */
  readonly level?: string;
  /** Default: whether stderr is a terminal. */
  readonly pretty?: boolean;
  /** Texts that must never be written. */
  readonly secrets?: readonly (string | undefined)[];
  /** Where lines go; default stderr. */
  readonly write?: (line: string) => void;
}

/**
 * Writes are synchronous: the line that tells of a crash must be out before the process is gone. Lines that cannot be
 * written, because nobody reads them or the disk is full, are dropped, counted, and told of later.
 */
export const createLog = (options: LogOptions = {}): Log => {
  const redact = redactor(options.secrets ?? []);
  const redactLine = (line: string) => line.replace(STRING, redact);
  // Asking for it also makes a pipe's writes return at once where its reader has stopped.
  const { isTTY } = process.stderr;
  const shape =
    (options.pretty ?? isTTY) ? (line: string) => prettyLine(line) : (line: string) => line;
  const write = options.write ?? writer(shape);
  return pino(
    {
      level: options.level ?? 'info',
      base: { pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    { write: (line: string) => write(shape(redactLine(line))) },
  );
};

/** Of JSON. What is no string stays JSON, even where a password is a number. */
const STRING = /"(?:[^"\\]|\\.)*"/g;

const STDERR = 2;

const writer = (shape: (line: string) => string): ((line: string) => void) => {
  const output = new LineOutput({
    fd: STDERR,
    lostLine: (lost, why) => shape(lostLine(lost, why)),
  });
  return (line) => output.write(line);
};
