/**
 * What a session asks of its tools: which there are for it, and to run one call. Owned here, implemented in `src/tools`.
 *
 * A call is plain data with all that it needs: a tool keeps nothing of a session (P4). What a session has to remember
 * for its tools (where its shell stands, which files were read) comes with the outcome, is stored with the session, and
 * goes along with the next call.
 */

import type { SessionKey, TurnId } from '../../model/ids.ts';
import type { SessionServers } from '../../model/mcp-servers.ts';
import type { Asker } from '../../model/per-session.ts';
import type { ToolMemory } from '../../model/tool-memory.ts';
import type { ToolEffect } from '../../model/turn.ts';
import { nameOf } from '../../otp/name.ts';
import type { ActorRef } from '../../otp/ref.ts';

/** A tool as the model is told of it. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its input. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

/** A tool as a session can have it. */
export interface OfferedTool extends ToolDefinition {
  /** What becomes of a call that was under way in a crash. */
  readonly effect: ToolEffect;
  /** It runs beside no other call of its message. */
  readonly isAlone?: boolean;
  /** Where there are many tools, the model need not know it before it searches for it. */
  readonly isDeferrable?: true;
  /** It is one of the API's own: requests name it by this type, and the model knows its input. */
  readonly apiType?: string;
  /** It only runs what a tool of the API's own was turned into: nobody is offered it. */
  readonly isHidden?: true;
}

/** What runs the calls of the API's own tools, as the toolbox has it; no model can call these names. */
export const API_RUNNERS = {
  bash: 'api:bash',
  editor: 'api:editor',
  memory: 'api:memory',
} as const;

/** Where a model believes its memory to be. */
export const MEMORY_ROOT = '/memories';

/** What tools are chosen by, and run for. */
export interface ToolGround {
  readonly key: SessionKey;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly memory: ToolMemory;
}

export interface ToolCall extends ToolGround {
  readonly turnId: TurnId;
  readonly toolUseId: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Where the file that it names really is, as it was when the call was decided: another one is not opened. */
  readonly realPath?: string | undefined;
  /** Of a search: rules about paths that it may not look into. */
  readonly hidden?: readonly RegExp[] | undefined;
}

/** A block of the API that a tool's result may hold. */
export type ResultBlock =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'image' | 'document';
      readonly source: {
        readonly type: 'base64';
        readonly media_type: string;
        readonly data: string;
      };
    };

export type ToolOutcome =
  | {
      readonly type: 'result';
      /** What the model is told. */
      readonly content: string | readonly ResultBlock[];
      readonly isError: boolean;
      /** What the session has to remember from now on, beside what it remembers. */
      readonly memory?: ToolMemory;
      /** What other sessions have cost for it, in nano-dollars. */
      readonly spentNanoUsd?: number;
    }
  /** It was told to end, and did; `content`: what it had said by then. */
  | { readonly type: 'cancelled'; readonly content?: string; readonly spentNanoUsd?: number };

/** What a tool that runs asks a person. */
export interface ToolQuestion {
  readonly message: string;
  /** JSON Schema of the answer: an object. */
  readonly form: Readonly<Record<string, unknown>>;
}

export type ToolAnswer =
  | { readonly action: 'accept'; readonly content: Readonly<Record<string, unknown>> }
  | { readonly action: 'decline' };

export interface ToolSink {
  /** What the call is about, for the report of a sink that throws. */
  readonly about?: object;
  /** It asks something, or, with undefined, waits for the answer no longer. Absent: nobody is there to be asked. */
  asks?(question: ToolQuestion | undefined): void;
  /** The last call for this one. */
  outcome(outcome: ToolOutcome): void;
}

export interface ToolHandle {
  /** The answer to what it has asked. Absent: it asks nothing. */
  answer?(answer: ToolAnswer): void;
  /** Asks the call to end; its outcome still comes (`cancelled`, or what was faster). */
  cancel(): void;
  /**
   * Nobody waits for the outcome any more, and perhaps the same call is made again: what it has begun elsewhere may go on
   * as long as its session wants it. Absent: the same as `cancel`.
   */
  leave?(): void;
}

/** A tool that a session would have, and has not. */
export interface Absence {
  readonly tool: string;
  /** In a sentence, with what would change it. */
  readonly why: string;
}

export interface Toolbox {
  /** The actor behind it: when it goes down, the calls under way are lost. */
  readonly ref: ActorRef;
  /** All tools that sessions can have, in the order of their names. */
  readonly tools: readonly OfferedTool[];
  /** These, and those that this session alone has: the same list as long as nothing changes. */
  toolsFor(asker: Asker): readonly OfferedTool[];
  /** Why tools are not there, as far as that is known: of those that it names and has not, or, without names, of all. */
  absent?(asker: Asker, named: readonly string[] | undefined): readonly Absence[];
  /**
   * Has what this session alone needs started. @returns settles when its tools are known, or cannot be for now; undefined:
   * there is nothing to wait for. Never rejects.
   */
  prepare?(asker: Asker): Promise<void> | undefined;
  /** Never throws: what cannot be run has an outcome that says so. */
  start(call: ToolCall, sink: ToolSink): ToolHandle;
  /** The call was lost with an earlier toolbox, and is not made again: what it has begun elsewhere is to end. Never throws. */
  abandon?(call: ToolCall): void;
}

export const toolboxName = nameOf<Toolbox>('toolbox');

/** How shell commands are walled in here. */
export interface Sandbox {
  /** `required`: without one no command runs. */
  readonly mode: 'off' | 'auto' | 'required';
  /** Why there is none; absent: it works, or, with `off`, nobody has looked. */
  readonly missing?: string | undefined;
}

export const SANDBOXES = ['bubblewrap', 'none', 'missing'] as const;
/** `none`: commands run without one. `missing`: one is required, so no command runs. */
export type SandboxInForce = (typeof SANDBOXES)[number];

export const sandboxInForce = ({ mode, missing }: Sandbox): SandboxInForce => {
  if (mode === 'off') return 'none';
  if (missing === undefined) return 'bubblewrap';
  return mode === 'required' ? 'missing' : 'none';
};

export const sandboxName = nameOf<Sandbox>('sandbox');

/** Which MCP servers a session may name for itself. */
export interface ServerRules {
  /** What of them may not run here, in a sentence with the setting that would change it; undefined: all may. */
  faultOf(servers: SessionServers): string | undefined;
}

export const serverRulesName = nameOf<ServerRules>('server-rules');
