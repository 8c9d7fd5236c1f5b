/** Exports of sessions that are about to be deleted: one file each, which is whole and on disk when it is there at all. */
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionKey } from '../../model/ids.ts';
import { makeFolder } from '../../platform/make-folder.ts';
import { syncFolder } from './durable-files.ts';

/** Who may read it is its owner alone, as with the store and the folder. */
const PRIVATE_FILE = 0o600;

/**
 * Writes `<folder>/<tenant>/<session>.greenroom.jsonl`, over an older export of the same session. Rejects with what the export or
 * the file system says; then the file of that name is what it was.
 */
export const keepCopy = async (
  folder: string,
  { tenant, sessionId }: SessionKey,
  pages: AsyncIterable<string>,
): Promise<void> => {
  const ofTenant = join(folder, tenant);
  await makeFolder(ofTenant);
  const path = join(ofTenant, `${sessionId}.greenroom.jsonl`);
  const draft = `${path}.new`;
  // What a kill has left of an earlier one goes. Whatever else comes to stand there, such as a link, is not written to.
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', PRIVATE_FILE);
  try {
    for await (const page of pages) await file.appendFile(page);
    await file.sync();
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  syncFolder(ofTenant);
  syncFolder(folder); // the tenant's may be new
};
