/**
 * The copier: copies sessions' directories for forks. It owns which copies are under way, and in the folder `.copying` of
 * the workspaces what is half done.
 *
 * 1. A copy takes its place whole, and before its session is made: so no session stands in half a directory.
 * 2. A note beside it says so until the session is there. What a dead daemon left without one is removed at the next start,
 *    by the note: so nothing stays that no session has.
 * 3. So many at once, so many wait, and each as long as its request.
 */
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { codeOf, GreenroomError } from '../model/errors.ts';
import { keyString, type SessionKey, sessionKey } from '../model/ids.ts';
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
import type { CopiedTree } from './pack/copy-folder.ts';
import { mustBeFree, takePlace } from './pack/extract.ts';
import { Tally } from './pack/manifest.ts';
import { writeFileOf } from './pack/pack.ts';

/** Copies at a time, and those that wait: one more is refused. */
const AT_ONCE = 2;
const WAITING = 16;
const AGAIN_MS = 1_000;

/** The session may be there, or come yet: the next start looks. */
const UNKNOWN = ['deadline_exceeded', 'unavailable', 'draining', 'storage_failed', 'internal'];

export interface CopierArgs {
  /** Where the directories lie that we make. Absolute; ids of tenants and sessions never begin with a dot. */
  readonly workspaces: string;
  readonly limits: CopyLimits;
  /** Of this start alone, of letters and digits: what has another one is of a daemon that is gone. */
  readonly life: string;
  /** false: the folder may be another daemon's, and what is in there is left alone. */
  readonly sweeps: boolean;
  readonly thread: typeof inThread;
  /** Rejects with `forbidden` for a folder that is not copied. */
  readonly mustBeAllowed: (folder: string, own: string) => Promise<void>;
  readonly isThere: (key: SessionKey) => Promise<boolean>;
  readonly removeWorkspace: (key: SessionKey) => Promise<void>;
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

const foldersOf = (workspaces: string) => ({
  drafts: join(workspaces, '.copying'),
  placeOf: ({ tenant, sessionId }: SessionKey) => join(workspaces, tenant, sessionId),
});

class Copies {
  readonly #args: CopierArgs;
  readonly #clock: Clock;
  readonly #ended: AbortSignal;
  readonly #slots = new Slots(AT_ONCE, WAITING);
  readonly #claimed = new Set<string>();
  #count = 0;

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
    const { drafts, placeOf } = foldersOf(workspaces);
    const root = resolve(directory ?? placeOf(from));
    const path = placeOf(to);
    await mustBeAllowed(root, placeOf(from));
    await mustBeFree(path);
    await makeFolder(drafts);
    this.#count += 1;
    const draft = join(drafts, `${life}.${this.#count}`);
    try {
      const { counts, ...left } = await this.#drafted(root, draft, signal);
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
    const left = [{ path: root, why: 'there is no such directory' }];
    return { counts: new Tally().counts, left, leftCount: left.length };
  }

  async #placed<T>(draft: string, to: SessionKey, commit: () => Promise<T>): Promise<T> {
    const { workspaces } = this.#args;
    const place = foldersOf(workspaces).placeOf(to);
    const note = `${draft}${NOTE}`;
    const said: Note = { ...to, inode: inodeOf(await stat(draft)) };
    await writeFileOf(note, () => [JSON.stringify(said)]);
    await syncFolder(dirname(note));
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

const NOTE = '.json';

/** That a directory has been made for a session which is not there yet. */
interface Note {
  readonly tenant: string;
  readonly sessionId: string;
  /** Of the copy: whatever else has come to the place is no business of ours. */
  readonly inode: string;
}

const inodeOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string =>
  `${dev}:${ino}`;

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

/** Removes the copy that it tells of, unless it is somebody's, and then the note. */
const forget = async (
  { workspaces, removeWorkspace }: CopierArgs,
  note: string,
  isOfSession: (key: SessionKey) => boolean | Promise<boolean>,
): Promise<void> => {
  const said = await readNote(note);
  if (said !== undefined) {
    const key = sessionKey(said.tenant, said.sessionId);
    const there = await stat(foldersOf(workspaces).placeOf(key)).catch(() => undefined);
    const isOurs = there !== undefined && inodeOf(there) === said.inode;
    if (isOurs && !(await isOfSession(key))) await removeWorkspace(key);
  }
  await rm(note, { force: true });
};

/** Undefined: it was not written to its end, so nothing has taken its place. */
const readNote = async (note: string): Promise<Note | undefined> => {
  try {
    return JSON.parse(await readFile(note, 'utf8')) as Note;
  } catch {
    return undefined;
  }
};

const sweep = async (args: CopierArgs): Promise<void> => {
  const { drafts } = foldersOf(args.workspaces);
  const names = await readdir(drafts).catch(() => []);
  const left = names.filter((name) => !name.startsWith(`${args.life}.`));
  for (const name of left)
    if (name.endsWith(NOTE)) await forget(args, join(drafts, name), args.isThere);
    else await rm(join(drafts, name), { recursive: true, force: true });
};

export const copier = (args: CopierArgs): ChildSpec<Ref<Protocol>> =>
  CopierServer.childSpec(args, { id: 'copier' });
