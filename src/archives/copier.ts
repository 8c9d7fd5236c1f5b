/**
 * The copier: copies sessions' directories for forks. It owns which copies are under way, and in the folder `.copying` of
 * the workspaces what is half done.
 *
 * 1. A copy takes its place whole, and before its session is made: so no session stands in half a directory.
 * 2. A note beside it says so until the session is there. What a dead daemon left without one is removed at the next start,
 *    by the note: so nothing stays that no session has.
 * 3. So many at once, so many wait, and each as long as its request.
 */
import { rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { codeOf, GreenroomError } from '../model/errors.ts';
import { keyString, newJobId, type SessionKey } from '../model/ids.ts';
import type { ChildSpec } from '../otp/child-spec.ts';
import type { Clock } from '../otp/clock.ts';
import { genServer, noreply, protocol } from '../otp/gen-server.ts';
import type { Ref } from '../otp/ref.ts';
import { crashpoint } from '../platform/crashpoint.ts';
import { makeFolder } from '../platform/make-folder.ts';
import { Slots } from '../platform/slots.ts';
import {
  type CopiedDirectory,
  type CopyLimits,
  type CopyWish,
  copierName,
} from '../session/ports/copier.ts';
import type { inThread } from './archive-worker.ts';
import {
  draftsIn,
  forget,
  type Leftovers,
  placeIn,
  sweep,
  syncFolder,
  writeNote,
} from './copy-notes.ts';
import type { CopiedTree } from './pack/copy-folder.ts';
import { mustBeFree, takePlace } from './pack/extract.ts';
import { Tally } from './pack/manifest.ts';

/** Copies at a time, and those that wait: one more is refused. */
const AT_ONCE = 2;
const WAITING = 16;
const AGAIN_MS = 1_000;

/** The session may be there, or come yet: the next start looks. */
const UNKNOWN = ['deadline_exceeded', 'unavailable', 'draining', 'storage_failed', 'internal'];

export interface CopierArgs extends Leftovers {
  readonly limits: CopyLimits;
  /** false: the folder may be another daemon's, and what is in there is left alone. */
  readonly sweeps: boolean;
  readonly thread: typeof inThread;
  /** Rejects with `forbidden` for a folder that is not copied. */
  readonly mustBeAllowed: (folder: string, own: string) => Promise<string>;
}

const copierProtocol = protocol({
  calls: {},
  infos: { swept: z.custom<{ readonly error?: unknown }>() },
});
type Protocol = typeof copierProtocol;

const CopierServer = genServer(copierProtocol, {
  init: (args: CopierArgs, self): Copies => {
    const ended = new AbortController();
    self.own(() => ended.abort(new GreenroomError('draining', 'the copier ends')));
    const swept = args.sweeps ? sweep(args) : Promise.resolve();
    self.pipe(
      swept,
      () => ['swept', {}],
      (error) => ['swept', { error }],
    );
    const ready = swept.catch(() => undefined); // what is left of others is in nobody's way
    const copies = new Copies(args, self.system.clock, ended.signal);
    self.register(copierName, {
      copy: (wish, commit) => ready.then(() => copies.copy(wish, commit)),
    });
    return copies;
  },
  handleCall: {},
  handleInfo: {
    swept: ({ error }, state, self) => {
      const during = 'removing what is left of copies';
      if (error !== undefined)
        self.system.report({ kind: 'fault', actor: self.ref.label, during, error });
      return noreply(state);
    },
  },
  redact: (copies) => ({ copying: copies.taken, waiting: copies.waiting }),
});

class Copies {
  readonly #args: CopierArgs;
  readonly #clock: Clock;
  readonly #ended: AbortSignal;
  readonly #slots = new Slots(AT_ONCE, WAITING);
  readonly #claimed = new Set<string>();

  constructor(args: CopierArgs, clock: Clock, ended: AbortSignal) {
    this.#args = args;
    this.#clock = clock;
    this.#ended = ended;
  }

  get taken(): number {
    return this.#slots.taken;
  }

  get waiting(): number {
    return this.#slots.waiting;
  }

  async copy<T>(wish: CopyWish, commit: (copied: CopiedDirectory) => Promise<T>): Promise<T> {
    const name = keyString(wish.to);
    if (this.#claimed.has(name))
      throw new GreenroomError('session_exists', `${wish.to.sessionId} is being made`);
    const late = new AbortController();
    const timer = this.#clock.setTimeout(
      () => late.abort(new GreenroomError('deadline_exceeded', 'the directory was not copied')),
      wish.timeoutMs,
    );
    const signal = AbortSignal.any([late.signal, this.#ended]);
    this.#claimed.add(name);
    try {
      if (!(await this.#slots.take(signal))) {
        signal.throwIfAborted();
        const why = `${AT_ONCE + WAITING} directories are copied, or wait for it`;
        throw new GreenroomError('unavailable', why, { retryAfterMs: AGAIN_MS });
      }
      try {
        return await this.#copy(wish, signal, commit);
      } finally {
        this.#slots.give();
      }
    } finally {
      timer.cancel();
      this.#claimed.delete(name);
    }
  }

  async #copy<T>(
    { from, directory, to }: CopyWish,
    signal: AbortSignal,
    commit: (copied: CopiedDirectory) => Promise<T>,
  ): Promise<T> {
    const { workspaces, life, mustBeAllowed } = this.#args;
    const own = placeIn(workspaces, from);
    const root = resolve(directory ?? own);
    const path = placeIn(workspaces, to);
    const real = await mustBeAllowed(root, own);
    await mustBeFree(path);
    const draft = join(draftsIn(workspaces), `${life}.${newJobId(this.#clock.now())}`);
    await makeFolder(dirname(draft));
    try {
      const { counts, ...left } = await this.#drafted(real, draft, signal);
      return await this.#placed(draft, to, () => commit({ path, ...counts, ...left }));
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  /** Where there is no directory, an empty one, which says so. */
  async #drafted(root: string, draft: string, signal: AbortSignal): Promise<CopiedTree> {
    const { thread, limits } = this.#args;
    const isThere = (await stat(root).catch(() => undefined))?.isDirectory() === true;
    if (isThere) return thread('copy', { root, into: draft, limits }, signal);
    await makeFolder(draft);
    const tally = new Tally();
    tally.leave(root, 'there is no such directory');
    const { counts, left, leftCount } = tally;
    return { counts, left, leftCount };
  }

  async #placed<T>(draft: string, to: SessionKey, commit: () => Promise<T>): Promise<T> {
    const { workspaces } = this.#args;
    const place = placeIn(workspaces, to);
    const note = await writeNote(draft, to);
    try {
      crashpoint('fork.copied');
      await makeFolder(dirname(place));
      await takePlace({ draft, place });
      await syncFolder(workspaces);
      crashpoint('fork.placed');
      const result = await commit();
      await rm(note, { force: true });
      return result;
    } catch (error) {
      if (!UNKNOWN.includes(codeOf(error))) await forget(this.#args, note, () => false);
      throw error;
    }
  }
}

export const copier = (args: CopierArgs): ChildSpec<Ref<Protocol>> =>
  CopierServer.childSpec(args, { id: 'copier' });
