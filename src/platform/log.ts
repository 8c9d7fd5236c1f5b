/**
 * The log: JSON lines on stderr, pretty on a terminal. Secrets are redacted when written.
 *
 * Redaction works on every string of the finished line, so that a key inside an error's text is caught like one in
 * a field: the values given as `secrets`, everything that looks like an API key, passwords in URLs.
 */
import pino from 'pino';
import { LineOutput } from './line-output.ts';
import { jsonText, printable } from './printable.ts';
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
  const shape = (options.pretty ?? isTTY) ? prettyLine : (line: string) => line;
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
  const lostLine = (lost: number, why: string) => {
    // biome-ignore lint/plugin: the log's lines carry the real time, as the others of pino
    const time = new Date().toISOString();
    const msg = `${lost} lines of this log could not be written: ${why}`;
    return shape(`${JSON.stringify({ level: 'warn', time, pid: process.pid, lost, msg })}\n`);
  };
  const output = new LineOutput({ fd: STDERR, lostLine });
  return (line) => output.write(line);
};

const COLOURS: Readonly<Record<string, number>> = { warn: 33, error: 31, fatal: 31, debug: 90 };

/**
 * `12:30:01 warn  what happened  key=value …`, an error's stack on lines of its own. Data decides neither on the
 * terminal nor on where a line of the log begins.
 */
const prettyLine = (line: string): string => {
  const { level, time, msg, pid: _, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const words = Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`);
  const name = String(level);
  const colour = COLOURS[name];
  const label =
    colour === undefined ? name.padEnd(5) : `\u001b[${colour}m${name.padEnd(5)}\u001b[0m`;
  const stack = (err as { stack?: string } | undefined)?.stack;
  const text = [[msg ?? '', ...words].join('  '), ...(stack === undefined ? [] : [stack])];
  return `${String(time).slice(11, 19)} ${label} ${indented(printable(text.join('\n')))}\n`;
};

const plain = (value: unknown): string =>
  typeof value === 'string' && !/[\s"]/.test(value) ? value : jsonText(value);

const indented = (text: string): string => text.replace(/\n/g, '\n    ');
