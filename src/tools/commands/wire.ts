/** What the launcher's process and its owner say to each other. Both are of one build, so nothing is checked. */

/** `auto`: where there is bubblewrap. `required`: no command runs without it. */
export type SandboxMode = 'off' | 'auto' | 'required';

/** One command, with all that its process needs. */
export interface CommandSpec {
  /** Given to bash as it is. */
  readonly command: string;
  /** Where it begins. Absolute. */
  readonly cwd: string;
  /** Where it begins if `cwd` is not there any more. Absolute. */
  readonly workingDirectory: string;
  /** Beside the working directory: it may stand in them, and write there from within a sandbox. Absolute. */
  readonly folders: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Where all that it prints goes when it is too much for a message. Absolute. */
  readonly spillPath: string;
  /** Exit code 1 is an answer, and no failure. */
  readonly isOneFine: boolean;
  /** It is read from while it runs, so all that it prints is in the file. */
  readonly isBackground: boolean;
  readonly sandbox: SandboxMode;
  /** Only a sandbox can take it away. */
  readonly hasNetwork: boolean;
}

/** What was printed since the last look: all of it, or its beginning and its end. */
export interface Printed {
  readonly text: string;
  readonly cut?: {
    /** The end; `text` is the beginning. */
    readonly tail: string;
    /** Characters between them. */
    readonly left: number;
  };
  /** The file that has all of it, where there is one. */
  readonly path?: string;
  /** Why there is no such file. */
  readonly fault?: string;
}

export type Ending =
  | { readonly type: 'exited'; readonly code: number }
  | { readonly type: 'signalled'; readonly signal: string }
  | { readonly type: 'timed_out' }
  | { readonly type: 'cancelled' }
  | { readonly type: 'too_much' }
  /** Nothing of it has run. */
  | { readonly type: 'not_started'; readonly why: string };

export interface Ended {
  readonly type: 'ended';
  readonly id: number;
  readonly ending: Ending;
  readonly printed: Printed;
  /** Where its shell stood at its end, as the shell said. */
  readonly cwd?: string;
  /** The working directory and the folders, without links. */
  readonly roots: readonly string[];
  /** `cwd` of the call was not there any more. */
  readonly isMoved: boolean;
  /** It had left processes running, which were ended. */
  readonly hadOthers: boolean;
}

export type ToLauncher =
  | { readonly type: 'run'; readonly id: number; readonly spec: CommandSpec }
  /** Ends one that runs, as cancelled. */
  | { readonly type: 'end'; readonly id: number }
  | { readonly type: 'read'; readonly id: number; readonly ask: number }
  /** Ends all of them, and then itself. */
  | { readonly type: 'close' };

export type FromLauncher =
  /** `missing`: why there is no sandbox. */
  | { readonly type: 'ready'; readonly missing?: string }
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'printed'; readonly ask: number; readonly printed: Printed }
  | Ended;
