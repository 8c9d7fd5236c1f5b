/** Folders for a test file, which go with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atFileEnd } from './file-end.ts';

/** @param what is in its name, for those who find one that a killed run has left. */
export const folderOf = (what: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `greenroom-${what}-`));
  atFileEnd(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
};
