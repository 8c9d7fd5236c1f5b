/**
 * Where CPU time goes, from the profiles that `node --cpu-prof` writes, one per thread: by folder of
 * ours or package, and by function. Time in built-in functions counts for whoever called them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Microseconds of the monotonic clock. */
export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

export interface ThreadProfile {
  readonly name: 'main thread' | 'journal writer' | 'models thread';
  /** Neither idle nor waiting for work; what blocks in a system call counts as busy. */
  readonly busyUs: number;
  /** Most first. */
  readonly owners: readonly Share[];
  readonly functions: readonly Share[];
}

export interface Share {
  readonly name: string;
  readonly selfUs: number;
}

/** The threads' profiles in a folder, by name. */
export const readProfiles = (folder: string, span: Span): readonly ThreadProfile[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile)
    .map((profile) => catalogRowOf(profile, span))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** The writer sleeps in its loop's own frame: `Atomics.wait` is no function to the profiler. */
const isIdle = ({ functionName, url }: CallFrame): boolean =>
  functionName === '(idle)' || (functionName === 'run' && url.endsWith('/writer-thread.js'));

const THREADS = [
  ['/writer-thread.js', 'journal writer'],
  ['/dist/src/nats/', 'main thread'],
] as const;

const threadOf = ({ nodes }: Profile): ThreadProfile['name'] => {
  const runs = (part: string) => nodes.some(({ callFrame }) => callFrame.url.includes(part));
  return THREADS.find(([part]) => runs(part))?.[1] ?? 'models thread';
};

/** Ours by folder, packages by name, the runtime by what it is. */
const ownerOf = ({ url, functionName }: CallFrame): string | undefined => {
  const ours = /\/dist\/(src\/[^/]+|supervisors|bench)\b/.exec(url);
  if (ours !== null) return ours[1]?.replace(/\.js$/, '');
  const module = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url);
  if (module !== null) return module[1];
  if (url.startsWith('node:')) return `node:${/node:(?:internal\/)?([\w-]+)/.exec(url)?.[1] ?? ''}`;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(program)') return 'native code outside JavaScript';
  return undefined;
};

const catalogRowOf = (profile: Profile, span: Span): ThreadProfile => {
  const selfUs = timesOf(profile, span);
  const owners = new Map<string, number>();
  const functions = new Map<string, number>();
  const visit = (node: ProfileNode, callerOwner: string, callerName: string): void => {
    const found = ownerOf(node.callFrame);
    const owner = found ?? callerOwner;
    const name = found === undefined ? callerName : placeOf(node.callFrame, found);
    const us = selfUs.get(node.id) ?? 0;
    if (us > 0 && !isIdle(node.callFrame)) {
      add(owners, owner, us);
      add(
        functions,
        found === undefined ? `${callerName} > ${node.callFrame.functionName}` : name,
        us,
      );
    }
    for (const child of node.children ?? []) {
      const next = byId.get(child);
      if (next !== undefined) visit(next, owner, name);
    }
  };
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const [root] = profile.nodes;
  if (root !== undefined) visit(root, 'the runtime', 'the runtime');
  const busyUs = [...owners.values()].reduce((sum, us) => sum + us, 0);
  return { name: threadOf(profile), busyUs, owners: sorted(owners), functions: sorted(functions) };
};

const timesOf = ({ samples, timeDeltas, startTime }: Profile, span: Span): Map<number, number> => {
  const selfUs = new Map<number, number>();
  let atUs = startTime;
  for (const [index, id] of samples.entries()) {
    atUs += timeDeltas[index] ?? 0;
    // A sample stands for the time until the next one.
    const us = timeDeltas[index + 1] ?? 0;
    if (atUs >= span.fromUs && atUs < span.toUs) selfUs.set(id, (selfUs.get(id) ?? 0) + us);
  }
  return selfUs;
};

const placeOf = ({ functionName, url, lineNumber }: CallFrame, owner: string): string => {
  if (url === '') return owner;
  const file = url.slice(url.lastIndexOf('/') + 1);
  return `${functionName || '(anonymous)'} ${owner}/${file}:${lineNumber + 1}`;
};

const add = (sums: Map<string, number>, name: string, us: number): void =>
  void sums.set(name, (sums.get(name) ?? 0) + us);

const sorted = (sums: ReadonlyMap<string, number>): readonly Share[] =>
  [...sums].map(([name, selfUs]) => ({ name, selfUs })).sort((a, b) => b.selfUs - a.selfUs);
