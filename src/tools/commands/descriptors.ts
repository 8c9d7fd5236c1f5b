/** How many commands the system's limit on open files has room for. */
import { readFileSync } from 'node:fs';

/** Of one command, in the launcher: its output, its last word, its file, and one while it starts. */
const OF_A_COMMAND = 4;
/** The launcher's own. */
const OWN = 64;

/** @param limits the text of `/proc/self/limits`; Node raises its own limit to the second figure when it starts. */
export const roomFor = (wanted: number, limits: string | undefined = ownLimits()): number => {
  const [, most] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits ?? '') ?? [];
  const files = Number(most); // `unlimited` is no number
  if (!Number.isFinite(files)) return wanted;
  return Math.max(1, Math.min(wanted, Math.floor((files - OWN) / OF_A_COMMAND)));
};

const ownLimits = (): string | undefined => {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return undefined; // not on Linux
  }
};
