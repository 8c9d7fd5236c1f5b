/**
 * The backups of a place: which there are, what they need, who works there. It is all that is known of them: nothing of it
 * stands anywhere else, so whoever has the place has the backups.
 *
 * 1. Whoever puts or removes holds the lease of the place: what one has found there does not go by another's hand. A lease
 *    that is not renewed ends by itself, and whoever left it may take it back at once.
 * 2. A pack goes only when every manifest of the place was read and none names it.
 */
import { codeOf, ERRORS, GreenroomError } from '../../model/errors.ts';
import { iso } from '../../model/moment.ts';
import { type Clock, pause } from '../../otp/clock.ts';
import { readAgain } from '../targets/read-again.ts';
import type { Listed, Target } from '../targets/target.ts';
import {
  type BackupId,
  backupOfId,
  backupOfName,
  corrupt,
  hashOf,
  isPackName,
  type Manifest,
  manifestName,
  readManifest,
} from './layout.ts';

const LEASE = 'in-use.json';
const LEASE_MS = 10 * 60_000;
const RENEW_MS = 60_000;
/** Attempts of one thing that is asked of the place; whoever asked tries the whole again later. */
const ATTEMPTS = 5;
const FIRST_DELAY_MS = 500;
/** Of a manifest: one of a store of a terabyte is smaller. */
const MOST_MANIFEST_BYTES = 64 * 1024 * 1024;

export interface Contents {
  /** Oldest first. */
  readonly backups: readonly BackupId[];
  readonly packs: ReadonlyMap<string, number>;
  /** Names of ours that nobody needs: what dead attempts left half. */
  readonly halves: readonly string[];
}

export interface Swept {
  readonly objects: number;
  readonly bytes: number;
}

export class BackupPlace {
  readonly target: Target;
  readonly #clock: Clock;
  readonly #owner: string;
  #renewed: { readonly runningMs: number; readonly wallMs: number } | undefined;

  /** @param owner whoever bears the same name does not work there at the same time. */
  constructor(target: Target, clock: Clock, owner: string) {
    this.target = target;
    this.#clock = clock;
    this.#owner = owner;
  }

  async contents(signal: AbortSignal): Promise<Contents> {
    const all = await this.patiently(signal, () => oursOf(this.target.list(signal)));
    const backups = all.flatMap(({ name }) => backupOfName(name) ?? []);
    const packs = all.filter(({ name }) => isPackName(name));
    const halves = all.filter(({ name }) => isHalf(name));
    return {
      backups: backups.toSorted((one, other) => compare(one.backupId, other.backupId)),
      packs: new Map(packs.map(({ name, size }) => [name, size])),
      halves: halves.map(({ name }) => name),
    };
  }

  /** Rejects with `backup_not_found`, and with `corrupt_record` where it has changed, also when it is read once more. */
  async manifest(backupId: string, signal: AbortSignal): Promise<Manifest> {
    if (backupOfId(backupId) === undefined) throw notFound(backupId);
    return readAgain(() => this.#manifest(backupId, signal));
  }

  async #manifest(backupId: string, signal: AbortSignal): Promise<Manifest> {
    const name = manifestName(backupId);
    const size = await this.patiently(signal, () => this.target.size(name, signal));
    if (size === undefined) throw notFound(backupId);
    if (size > MOST_MANIFEST_BYTES) throw corrupt(`the manifest of ${backupId} is too large`);
    const bytes = await this.bytes(name, 0, size, signal);
    return readManifest(backupId, bytes.toString());
  }

  async bytes(name: string, from: number, to: number, signal: AbortSignal): Promise<Buffer> {
    return this.patiently(signal, async () => {
      const parts: Uint8Array[] = [];
      for await (const part of this.target.read(name, from, to, signal)) parts.push(part);
      return Buffer.concat(parts);
    });
  }

  /** What fails for a reason that may pass is tried again, later each time. */
  async patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      signal.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        if (signal.aborted || tried === ATTEMPTS || !ERRORS[codeOf(error)].retryable) throw error;
        await pause(this.#clock, FIRST_DELAY_MS * 2 ** (tried - 1));
      }
    }
  }

  // ── the lease ────────────────────────────────────────────────────────────────────────────────────

  /**
   * Rejects with `invalid_state` while another works there. Where work fails the lease stays until it ends by itself, so that
   * the next who takes it learns that something may lie about (`wasLeft`).
   */
  async leased<T>(signal: AbortSignal, work: (wasLeft: boolean) => Promise<T>): Promise<T> {
    const wasLeft = await this.#take(signal);
    const result = await work(wasLeft);
    this.#renewed = undefined;
    await this.#leave(signal).catch(() => undefined);
    return result;
  }

  /** To be called now and then while work goes on. Rejects with `invalid_state` when another has the place by now. */
  async renew(signal: AbortSignal): Promise<void> {
    const [runningMs, wallMs] = this.#now();
    const renewed = this.#renewed;
    // a machine that slept finds that only the one of the two has gone on
    const isFresh =
      renewed !== undefined &&
      runningMs - renewed.runningMs < RENEW_MS &&
      Math.abs(wallMs - renewed.wallMs) < RENEW_MS;
    if (isFresh) return;
    await this.mustHold(signal);
    await this.patiently(signal, () => this.target.overwrite(LEASE, this.#lease(), signal));
    this.#renewed = { runningMs, wallMs };
  }

  /**
   * Renews while work goes on that does not itself: it may take longer than a lease. Then rejects with `invalid_state` when
   * another has the place by now.
   */
  async held<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    let isOver = false;
    let renewing = Promise.resolve();
    const again = () =>
      this.#clock.setTimeout(() => {
        // what fails now is tried again with the next one; whoever has lost the place learns it at the end
        renewing = this.renew(signal)
          .catch(() => undefined)
          .then(() => {
            if (!isOver) timer = again();
          });
      }, RENEW_MS);
    let timer = again();
    try {
      const result = await work();
      await renewing;
      await this.renew(signal);
      return result;
    } finally {
      isOver = true;
      timer.cancel();
      await renewing;
    }
  }

  /** To be called before what another could not bear. Rejects with `invalid_state` when another has the place by now. */
  async mustHold(signal: AbortSignal): Promise<void> {
    const found = await this.patiently(signal, () => this.#holder(signal));
    if (found?.owner !== this.#owner) throw inUse(found);
  }

  /** @returns whether there was one already. */
  async #take(signal: AbortSignal): Promise<boolean> {
    const wasLeft = await this.patiently(signal, async () => {
      const found = await this.#holder(signal); // not all servers refuse what is put a second time
      if (found === undefined) {
        if (await this.target.putOnce(LEASE, this.#lease(), signal)) return false;
        throw new GreenroomError('unavailable', 'another has just taken the place');
      }
      const isOurs = found.owner === this.#owner;
      if (!isOurs && found.untilMs > this.#clock.now()) throw inUse(found);
      await this.target.overwrite(LEASE, this.#lease(), signal);
      return true;
    });
    await this.mustHold(signal); // of two that found it free the last one has it
    const [runningMs, wallMs] = this.#now();
    this.#renewed = { runningMs, wallMs };
    return wasLeft;
  }

  /** One that ran out while we worked is another's. */
  async #leave(signal: AbortSignal): Promise<void> {
    await this.mustHold(signal);
    await this.target.remove(LEASE, signal);
  }

  #now(): readonly [runningMs: number, wallMs: number] {
    return [this.#clock.monotonic(), this.#clock.now()];
  }

  #lease(): Buffer {
    const until = iso(this.#clock.now() + LEASE_MS);
    return Buffer.from(`${JSON.stringify({ owner: this.#owner, until })}\n`);
  }

  async #holder(signal: AbortSignal): Promise<Holder | undefined> {
    const size = await this.target.size(LEASE, signal);
    if (size === undefined) return undefined;
    const text = (await this.bytes(LEASE, 0, Math.min(size, 4_096), signal)).toString();
    const { owner, until } = lenient(text);
    return { owner, untilMs: Date.parse(until) || 0 };
  }

  // ── deletion ─────────────────────────────────────────────────────────────────────────────────────

  /** From here on there is no such backup. What it alone needed is left for `sweep`. */
  async forget(backupId: string, signal: AbortSignal): Promise<void> {
    await this.renew(signal);
    await this.patiently(signal, () => this.target.remove(manifestName(backupId), signal));
  }

  /**
   * Removes what no backup of this place needs. Rejects with `corrupt_record`, and removes nothing, where one cannot be read.
   *
   * @param known is there: a list that does not have it lags behind (not all servers show at once what was put), and is none to
   *   remove by. Rejects with `unavailable` then.
   */
  async sweep(signal: AbortSignal, known?: string): Promise<Swept> {
    const { backups, packs, halves } = await this.contents(signal);
    if (known !== undefined && !backups.some(({ backupId }) => backupId === known))
      throw new GreenroomError('unavailable', `the list of the place does not have ${known} yet`);
    const left = new Map(packs);
    for (const { backupId } of backups) {
      for (const [pack] of (await this.manifest(backupId, signal)).packs) left.delete(pack);
      await this.renew(signal);
    }
    if (left.size > 0) await this.mustHold(signal);
    let bytes = 0;
    for (const [pack, size] of left) {
      await this.patiently(signal, () => this.target.remove(pack, signal));
      bytes += size;
      await this.renew(signal);
    }
    for (const name of halves) await this.patiently(signal, () => this.target.remove(name, signal));
    return { objects: left.size + halves.length, bytes };
  }
}

interface Holder {
  readonly owner: string;
  readonly untilMs: number;
}

/** Whatever stands there: half a lease is none. */
const lenient = (text: string): { readonly owner: string; readonly until: string } => {
  try {
    const { owner, until } = JSON.parse(text) as Record<string, unknown>;
    return { owner: String(owner), until: String(until) };
  } catch {
    return { owner: '', until: '' };
  }
};

/** Others may have millions of objects there. */
const oursOf = async (listed: AsyncIterable<Listed>): Promise<readonly Listed[]> => {
  const ours: Listed[] = [];
  for await (const each of listed) if (isHalf(each.name) || isWhole(each.name)) ours.push(each);
  return ours;
};

const isWhole = (name: string): boolean => isPackName(name) || backupOfName(name) !== undefined;

/** What dies half of ours; a half that is not ours may be under way, of a session's archive at the same place. */
const isHalf = (name: string): boolean => {
  const [, of] = /^(.+?)(?:\.[0-9a-f]{8})?\.part$/.exec(name) ?? [];
  return of !== undefined && (of === LEASE || isWhole(of));
};

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

const notFound = (backupId: string): GreenroomError =>
  new GreenroomError('backup_not_found', `there is no backup ${backupId}`);

const inUse = (holder: Holder | undefined): GreenroomError =>
  new GreenroomError(
    'invalid_state',
    holder === undefined
      ? 'another works with these backups, or has just done so'
      : `${holder.owner} works with these backups until ${iso(holder.untilMs)}, unless it says that it needs longer`,
  );

/**
 * Who works there: the store, where its data is, on which machine.
 *
 * @param pid of a process that is not the daemon of that data: both may run, and several such.
 */
export const ownerOf = (storeId: string, host: string, dataDir: string, pid?: number): string => {
  const process = pid === undefined ? '' : `, process ${pid}`;
  return `${host} (store ${storeId.slice(0, 8)}, ${hashOf(dataDir).slice(0, 8)}${process})`;
};
