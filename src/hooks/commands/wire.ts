/** What the launcher of hooks and its owner say to each other. Both are of one build, so nothing is checked. */

/** One command, with all that its process needs. */
export interface CommandSpec {
  readonly command: string;
  /** Present: `command` is a program, and no shell is asked. */
  readonly args?: readonly string[] | undefined;
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What it reads. */
  readonly input: string;
}

export type Ending =
  | { readonly type: 'exited'; readonly code: number }
  | { readonly type: 'signalled'; readonly signal: string }
  /** It printed without an end, and was ended. */
  | { readonly type: 'too_much' }
  /** It was ended on its owner's word. */
  | { readonly type: 'ended' }
  /** Nothing of it has run. */
  | { readonly type: 'not_started'; readonly why: string };

export interface Ended {
  readonly type: 'ended';
  readonly id: number;
  readonly ending: Ending;
  readonly stdout: string;
  readonly stderr: string;
  /** Of `stdout` there was more than is kept. */
  readonly isCut: boolean;
}

export type ToLauncher =
  | { readonly type: 'run'; readonly id: number; readonly spec: CommandSpec }
  | { readonly type: 'end'; readonly id: number };

export type FromLauncher =
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | Ended;
