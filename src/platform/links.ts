/** Where symbolic links lead, asked at once: whoever decides about a path must not let it change meanwhile. */
import { lstatSync, readlinkSync } from 'node:fs';

/** Undefined for what is no link, also for what is not there or cannot be looked at. */
export const readLink = (path: string): string | undefined => {
  try {
    // Nearly all are none, and to be told of that by an error takes ten times as long.
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    return isLink ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
};
