/** What stands in a data directory, so that a folder of another program is not taken for one. */
import { readdirSync } from 'node:fs';
import { folderFault, nearest } from './folder-fault.ts';

/** As the operations page lists them. */
const OWN: ReadonlySet<string> = new Set([
  ...['store', 'text', 'nats', 'commands.json', 'tool-output', 'budgets.json', 'workspaces'],
  ...['tokens.json', 'mcp', 'archives', 'backing-up', 'archiving', 'notifications', 'log'],
  ...['daemon.json', 'lock'],
]);
/** Of a file system that was made just now. */
const LOST_AND_FOUND = 'lost+found';

/** Why `folder` cannot be a data directory, in a sentence; undefined: it can, or it can be made. */
export const dataFolderFault = (folder: string): string | undefined =>
  folderFault(folder) ?? (nearest(folder) === folder ? foreignFault(folder) : undefined);

const foreignFault = (folder: string): string | undefined => {
  const names = namesIn(folder);
  if (typeof names === 'string') return names;
  if (names.includes('store')) return undefined;
  const other = names.find((name) => !OWN.has(name) && !isNothing(name));
  return other === undefined
    ? undefined
    : `${folder} has files of its own (${other}) and no store: name an empty folder, or a new one`;
};

const namesIn = (folder: string): readonly string[] | string => {
  try {
    return readdirSync(folder);
  } catch (error) {
    return `${folder} cannot be looked at: ${(error as Error).message}`;
  }
};

/** Settings, as rules and targets, may have been put there before the first start. */
const isNothing = (name: string): boolean =>
  name.startsWith('.') || name.endsWith('.json') || name === LOST_AND_FOUND;
