/**
 * Where archives go. What stands in a place has a name made of its bytes' hash, so to put it twice is to put it once.
 *
 * 1. `put` and `overwrite` resolve when the bytes are there to stay; when they reject it is unknown whether they are.
 * 2. Failures have a code: `unavailable` may pass, `invalid_settings` and `forbidden` do not, `archive_not_found` is an
 *    object that is not there.
 */
import type { Place } from '../../session/ports/archives.ts';

/** A file of ours that is to be put. */
export interface Local {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Target {
  readonly place: Place;
  /** How people call an object. */
  uri(name: string): string;
  /** What has that name and size already is that: nothing is put then, unless `isForced`. The file may be gone afterwards. */
  put(name: string, file: Local, signal: AbortSignal, isForced?: boolean): Promise<void>;
  /** Small bytes, if nothing has that name; false: something has. */
  putOnce(name: string, bytes: Buffer, signal: AbortSignal): Promise<boolean>;
  overwrite(name: string, bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** From the byte `from` up to `to`, which is not among them. */
  read(name: string, from: number, to: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Undefined: it is not there. */
  size(name: string, signal: AbortSignal): Promise<number | undefined>;
  /** Also what a dead upload has left. One that is not there is gone. */
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** As a file of this machine; undefined: it is none. */
  local(name: string): string | undefined;
  /** All that is there, also what a dead `put` has left half, under names that nothing was put under. In no order. */
  list(signal: AbortSignal): AsyncIterable<Listed>;
}

export interface Listed {
  readonly name: string;
  readonly size: number;
}

const NAME = /^[A-Za-z0-9._-]{1,200}$/;

export const isName = (name: string): boolean => NAME.test(name) && !name.startsWith('.');

/** Throws for a name that could be a path. */
export const mustBeName = (name: string): string => {
  if (isName(name)) return name;
  throw new TypeError(`${name} is no name of an object`);
};
