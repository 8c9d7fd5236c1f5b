/** Where symbolic links lead, asked at once: whoever decides about a path must not let it change meanwhile. */
import { readlinkSync } from 'node:fs';

/** Undefined for what is no link, also for what is not there or cannot be looked at. */
export const readLink = (path: string): string | undefined => {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
};
