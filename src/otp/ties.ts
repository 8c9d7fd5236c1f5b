/**
 * What ties one process to others beside its parent and children (links, monitors in both directions) and what it
 * must let go of when it dies (timers, releases). Most processes have few of these or none, so each part is made when
 * it is first needed.
 *
 * Invariant: a watch is in its target's `watches` and in its watcher's `watching`, or in neither.
 */
import type { Clock, Timer } from './clock.ts';
import type { ExitReason, ExitSignal } from './exit-reason.ts';

export interface Tied {
  readonly phase: 'starting' | 'running' | 'exiting' | 'dead';
  ties: Ties | undefined;
  signalExit(reason: ExitSignal, from: Tied): void;
}

/** Gets one notice, when the target is dead. A watch of a stranger to the system (a promise, a test) has no watcher. */
export interface Watch {
  readonly target: Tied;
  readonly watcher: Tied | undefined;
  readonly notify: (reason: ExitReason) => void;
}

/** Frees what outlives a process unless it is freed: a socket, a file, a child process. */
export type Release = () => void | Promise<void>;

export class Ties {
  peers: Set<Tied> | undefined = undefined;
  /** Watchers of this process's death. */
  watches: Set<Watch> | undefined = undefined;
  /** Watches of this process on others. */
  watching: Set<Watch> | undefined = undefined;
  timers: Set<Timer> | undefined = undefined;
  /** In the order of acquiring. */
  releases: Release[] | undefined = undefined;
}

function tiesOf(tied: Tied): Ties {
  tied.ties ??= new Ties();
  return tied.ties;
}

/** Their deaths become each other's. A link to the dead is an exit signal at once. */
export function link(a: Tied, b: Tied): void {
  if (a === b) return;
  if (b.phase === 'dead') return a.signalExit('noproc', b);
  join(a, b);
  join(b, a);
}

function join(a: Tied, b: Tied): void {
  const ties = tiesOf(a);
  ties.peers ??= new Set();
  ties.peers.add(b);
}

export function unlink(a: Tied, b: Tied): void {
  a.ties?.peers?.delete(b);
  b.ties?.peers?.delete(a);
}

export function watch(target: Tied, notify: Watch['notify'], watcher?: Tied): Watch {
  const made: Watch = { target, watcher, notify };
  if (target.phase === 'dead') {
    notify('noproc');
    return made;
  }
  const ties = tiesOf(target);
  ties.watches ??= new Set();
  ties.watches.add(made);
  if (watcher === undefined) return made;
  const back = tiesOf(watcher);
  back.watching ??= new Set();
  back.watching.add(made);
  return made;
}

export function unwatch(watch: Watch): void {
  watch.target.ties?.watches?.delete(watch);
  watch.watcher?.ties?.watching?.delete(watch);
}

/** A timer that is cancelled with the process. */
export function tieTimer(tied: Tied, clock: Clock, delayMs: number, fn: () => void): Timer {
  const ties = tiesOf(tied);
  ties.timers ??= new Set();
  const { timers } = ties;
  const timer = clock.setTimeout(() => {
    timers.delete(timer);
    fn();
  }, delayMs);
  timers.add(timer);
  return {
    cancel: () => {
      timers.delete(timer);
      timer.cancel();
    },
  };
}

export function cancelTimers(tied: Tied): void {
  for (const timer of tied.ties?.timers ?? []) timer.cancel();
}

export function tieRelease(tied: Tied, release: Release): void {
  const ties = tiesOf(tied);
  ties.releases ??= [];
  ties.releases.push(release);
}

/** Gives the releases away, latest first: they are the caller's to run. */
export function takeReleases(tied: Tied): readonly Release[] {
  const releases = tied.ties?.releases?.reverse() ?? [];
  if (tied.ties !== undefined) tied.ties.releases = undefined;
  return releases;
}

/** Notifies every process that is tied to a dead one, and removes the dead one from their ties. */
export function cutTies(dead: Tied, reason: ExitReason): void {
  const { ties } = dead;
  if (ties === undefined) return;
  dead.ties = undefined;
  for (const watch of ties.watching ?? []) watch.target.ties?.watches?.delete(watch);
  for (const watch of ties.watches ?? []) {
    watch.watcher?.ties?.watching?.delete(watch);
    watch.notify(reason);
  }
  for (const peer of ties.peers ?? []) {
    peer.ties?.peers?.delete(dead);
    peer.signalExit(reason, dead);
  }
}
