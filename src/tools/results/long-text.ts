/** A tool's result that is too long for a message: its beginning and its end are shown, all of it is in a file. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../../platform/make-folder.ts';
import { textOf } from '../commands/report.ts';

/** About 25,000 tokens. */
export const MAX_CHARS = 100_000;
/** Of each end of what is cut. */
const EDGE_CHARS = 5_000;
const MODE = 0o600;
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** As it is, or its ends and where the rest is. Never rejects. @param path absolute. */
export const shownText = async (text: string, path: string): Promise<string> => {
  if (text.length <= MAX_CHARS) return text;
  const head = text.slice(0, EDGE_CHARS).replace(/[\uD800-\uDBFF]$/, '');
  const tail = text.slice(-EDGE_CHARS).replace(/^[\uDC00-\uDFFF]/, '');
  const cut = { tail, left: text.length - head.length - tail.length };
  const fault = await written(text, path);
  return textOf({ text: head, cut, ...(fault === undefined ? { path } : { fault }) });
};

/** Why it was not. */
const written = async (text: string, path: string): Promise<string | undefined> => {
  try {
    await makeFolder(dirname(path));
    const file = await open(path, FLAGS, MODE);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};
