/** Every monitor and link of a simulation: exactly one DOWN each, with the reason of the death; deaths that links carry on. */
import type { ExitReason } from '../../src/otp/index.ts';
import type { Chronicle } from './chronicle.ts';
import { isOver, type Life, nameOfLife } from './life.ts';

export interface Watching {
  readonly watcher: Life;
  readonly target: Life;
  readonly wasDead: boolean;
  downs: number;
  takenBack: boolean;
}

interface Linked {
  readonly a: Life;
  readonly b: Life;
}

export class TieBook {
  readonly #chronicle: Chronicle;
  readonly #watchings: Watching[] = [];
  readonly #links: Linked[] = [];

  constructor(chronicle: Chronicle) {
    this.#chronicle = chronicle;
  }

  watched(watcher: Life, target: Life): Watching {
    const wasDead = target.phase === 'over';
    const watching = { watcher, target, wasDead, downs: 0, takenBack: false };
    this.#watchings.push(watching);
    return watching;
  }

  takenBack(watching: Watching): void {
    if (watching.downs === 0) this.#chronicle.count('DOWN taken back');
    watching.takenBack = true;
  }

  /** The last one of a life that it has not taken back yet. */
  openOf(watcher: Life): Watching | undefined {
    return this.#watchings.findLast((each) => each.watcher === watcher && !each.takenBack);
  }

  down(watching: Watching, reason: ExitReason): void {
    const { target, takenBack, wasDead } = watching;
    if (target.phase === 'ignored') return; // it was never there
    const what = `a DOWN of ${nameOfLife(target)}`;
    this.#chronicle.count(wasDead ? 'DOWN of a dead actor' : 'DOWN');
    watching.downs++;
    if (watching.downs > 1) this.#wrong(`${what} comes twice`);
    if (takenBack) this.#wrong(`${what} comes after it was taken back`);
    if (target.phase !== 'over') this.#wrong(`${what}, who lives`);
    const expected = wasDead ? 'noproc' : target.reason;
    if (reason !== expected) this.#wrong(`${what} with another reason`);
  }

  linked(a: Life, b: Life): void {
    a.linked = true;
    b.linked = true;
    this.#links.push({ a, b });
  }

  /** All are at rest: what had to be told was told, and whoever had to die has. */
  close(): void {
    for (const { watcher, target, downs, takenBack } of this.#watchings) {
      const isDue = target.phase === 'over' && watcher.phase === 'up' && !takenBack;
      if (isDue && downs === 0) {
        this.#wrong(`${nameOfLife(watcher)} never heard of the death of ${nameOfLife(target)}`);
      }
    }
    for (const { a, b } of this.#links) {
      this.#mustHaveDied(a, b);
      this.#mustHaveDied(b, a);
    }
  }

  #mustHaveDied(dead: Life, peer: Life): void {
    const { reason, plan } = dead;
    if (typeof reason === 'object' && peer.reason === reason)
      this.#chronicle.count('death by link');
    if (!isOver(dead) || peer.phase !== 'up' || reason === 'normal') return;
    if (peer.plan.kind === 'worker' && peer.plan.traps) return;
    this.#wrong(`${nameOfLife(peer)} lives on, linked to ${plan.id}, who died`);
  }

  #wrong(what: string): void {
    this.#chronicle.wrong(what);
  }
}
