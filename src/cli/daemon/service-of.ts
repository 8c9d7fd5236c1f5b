/** Which service of systemd a process belongs to: its manager has to hear of it, or starts it again. */
import { readFileSync } from 'node:fs';

/** The unit's name; undefined: it is none of ours. */
export const serviceOf = (pid: number): string | undefined => {
  try {
    return /\/(greenroom[^/\n]*\.service)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
};
