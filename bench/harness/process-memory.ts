/** What the kernel says of a process's memory, its descendants' included. */
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessMemory {
  readonly rssBytes: number;
  readonly anonBytes: number;
  /** Processes counted. */
  readonly processes: number;
}

/** Of a process and all that it has started. */
export const memoryOfTree = (root: number): ProcessMemory => {
  const pids = treeOf(root);
  const fields = pids.map(statusOf);
  const sum = (field: string) => fields.reduce((total, of) => total + of(field), 0);
  return { rssBytes: sum('VmRSS'), anonBytes: sum('RssAnon'), processes: pids.length };
};

const treeOf = (root: number): readonly number[] => [root, ...childrenOf(root).flatMap(treeOf)];

/** Each thread may have started some. */
const childrenOf = (pid: number): readonly number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      textOf(`/proc/${pid}/task/${thread}/children`).split(' ').map(Number).filter(Boolean),
    );
  } catch {
    return [];
  }
};

/** A field of the kernel's account in bytes; 0 for a process that is gone. */
const statusOf = (pid: number): ((field: string) => number) => {
  const status = textOf(`/proc/${pid}/status`);
  return (field) => {
    const kilobytes = Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    return Number.isNaN(kilobytes) ? 0 : kilobytes * 1024;
  };
};

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
