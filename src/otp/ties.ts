/**
 * What ties one process to others beside its parent and children (links, monitors in both directions) and what it
 * must let go of when it dies (timers, releases). Most processes have few of these or none, so the whole object is
 * made when the first is needed.
 *
 * Invariant: a watch is in its target's `watches` and in its watcher's `watching`, or in neither.
 */
import type { Timer } from './clock.ts';
import type { ExitReason, ExitSignal } from './exit-reason.ts';

export interface Tied {
  readonly phase: 'starting' | 'running' | 'exiting' | 'dead';
  ties: Ties | undefined;
  signalExit(reason: ExitSignal, from: Tied): void;
}

/** Told once, when the target is dead. A watch of a stranger to the system (a promise, a test) has no watcher. */
export interface Watch {
  readonly target: Tied;
  readonly watcher: Tied | undefined;
  readonly notify: (reason: ExitReason) => void;
}

/** Frees what outlives a process unless it is freed: a socket, a file, a child process. */
export type Release = () => void | Promise<void>;

export class Ties {
  readonly peers = new Set<Tied>();
  /** Those who want to know of this process's death. */
  readonly watches = new Set<Watch>();
  /** Those whose death this process wants to know of. */
  readonly watching = new Set<Watch>();
  readonly timers = new Set<Timer>();
  /** In the order of acquiring. */
  readonly releases: Release[] = [];
}

export function tiesOf(tied: Tied): Ties {
  tied.ties ??= new Ties();
  return tied.ties;
}

/** Their deaths become each other's. A link to the dead is an exit signal at once. */
export function link(a: Tied, b: Tied): void {
  if (a === b) return;
  if (b.phase === 'dead') return a.signalExit('noproc', b);
  tiesOf(a).peers.add(b);
  tiesOf(b).peers.add(a);
}

export function unlink(a: Tied, b: Tied): void {
  a.ties?.peers.delete(b);
  b.ties?.peers.delete(a);
}

export function watch(target: Tied, notify: Watch['notify'], watcher?: Tied): Watch {
  const made: Watch = { target, watcher, notify };
  if (target.phase === 'dead') {
    notify('noproc');
    return made;
  }
  tiesOf(target).watches.add(made);
  if (watcher !== undefined) tiesOf(watcher).watching.add(made);
  return made;
}

export function unwatch(watch: Watch): void {
  watch.target.ties?.watches.delete(watch);
  watch.watcher?.ties?.watching.delete(watch);
}

/** Tells everyone who is tied to a dead process, and takes it out of their books. */
export function cutTies(dead: Tied, reason: ExitReason): void {
  const { ties } = dead;
  if (ties === undefined) return;
  dead.ties = undefined;
  for (const watch of ties.watching) watch.target.ties?.watches.delete(watch);
  for (const watch of ties.watches) {
    watch.watcher?.ties?.watching.delete(watch);
    watch.notify(reason);
  }
  for (const peer of ties.peers) {
    peer.ties?.peers.delete(dead);
    peer.signalExit(reason, dead);
  }
}
