/** What a line of shell is foreseen to do. Nothing in it is a promise beyond: no other program is started directly. */
import type { ShellWord } from './word.ts';

/** One program with its arguments, in the spelling that rules are compared with. */
export interface SimpleCommand {
  /**
   * Without wrappers that only start another program (`timeout 5 ls` is `ls`), with `git -C DIR x` as `git x`, and with
   * the base name of a program in a known folder of programs (`/usr/bin/git` is `git`).
   */
  readonly words: readonly ShellWord[];
  /** With the wrappers that were taken off; the same words where there were none. */
  readonly outer: readonly ShellWord[];
  /** Base name of the program, whatever folder it is in: what denies are compared with. */
  readonly program: string;
  /** Environment variables set for it alone that are not known to be harmless. */
  readonly environment: readonly string[];
  /** Where it may run, as far as `cd` was followed; absent when that is not known. */
  readonly folders: readonly string[] | undefined;
  /** As it is written. */
  readonly text: string;
}

/** A file that the shell itself opens, for a redirection. */
export interface Redirection {
  readonly access: 'read' | 'edit';
  /** As it is named; a relative path is relative to each of the folders. */
  readonly path: string;
  readonly folders: readonly string[] | undefined;
}

/** Why a line cannot be foreseen, and the place, as a character offset. */
export interface Doubt {
  readonly reason: string;
  readonly text: string;
}

export interface Prediction {
  /** Every program that the shell may start itself, at every depth. */
  readonly commands: readonly SimpleCommand[];
  /**
   * What others may start: the command of `sudo`, of `find -exec`, the text of `sh -c`. Denies look at it. No allow
   * follows from it.
   */
  readonly mentioned: readonly SimpleCommand[];
  readonly redirections: readonly Redirection[];
  /** Empty when everything is understood. Only then may a rule allow the line. */
  readonly doubts: readonly Doubt[];
}

/** Where a line begins to run. */
export interface Surroundings {
  /** The absolute path of the folder that it starts in. */
  readonly cwd: string;
  /** The user's home folder, for `~`; without one, paths with `~` are unknown. */
  readonly home?: string | undefined;
}

/** Longer lines are not looked at: in characters. */
export const MAX_COMMAND_LENGTH = 10_000;
