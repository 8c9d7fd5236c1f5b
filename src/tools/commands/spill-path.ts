/** Where the whole of a result goes that is too long for a message. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ID_PATTERN } from '../../model/ids.ts';
import type { ToolCall } from '../../session/ports/tools.ts';

/** One file for each call. @param folder absolute. */
export const spillPath = (folder: string, { key, toolUseId }: ToolCall): string => {
  const name = ID_PATTERN.test(toolUseId) ? toolUseId : digest(toolUseId);
  return join(folder, key.tenant, key.sessionId, `${name}.txt`);
};

const digest = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 32);
