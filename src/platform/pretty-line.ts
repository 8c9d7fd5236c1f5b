/** A line of the log for people. */
import { jsonText, printable } from './printable.ts';

/** How it looks where it is shown. */
export interface Look {
  /** @param label the level's name, as wide as all are. */
  readonly paint: (level: string, label: string) => string;
  /** @param time ISO 8601. */
  readonly time: (time: string) => string;
}

const COLOURS: Readonly<Record<string, number>> = { warn: 33, error: 31, fatal: 31, debug: 90 };

/** On the terminal that the daemon was started at, today. */
const HERE: Look = {
  paint: (level, label) => {
    const colour = COLOURS[level];
    return colour === undefined ? label : `\u001b[${colour}m${label}\u001b[0m`;
  },
  time: (time) => time.slice(11, 19),
};

/**
 * `12:30:01 warn  what happened  key=value …`, an error's stack on lines of its own. Data decides neither on the
 * terminal nor on where a line of the log begins. Throws for what is no line of the log.
 */
export const prettyLine = (line: string, look = HERE): string => {
  const { level, time, msg, pid: _, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const words = Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`);
  const name = String(level);
  const stack = (err as { stack?: string } | undefined)?.stack;
  const text = [[msg ?? '', ...words].join('  '), ...(stack === undefined ? [] : [stack])];
  const label = look.paint(name, name.padEnd(5));
  return `${look.time(String(time))} ${label} ${indented(printable(text.join('\n')))}\n`;
};

const plain = (value: unknown): string =>
  typeof value === 'string' && !/[\s"]/.test(value) ? value : jsonText(value);

const indented = (text: string): string => text.replace(/\n/g, '\n    ');
