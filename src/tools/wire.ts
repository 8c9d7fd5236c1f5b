/** What goes to a tools thread and comes from it: whole calls, whole outcomes, and nothing between. */

import type { FromThread, ToThread } from '../executor/pool/wire.ts';
import type { ToolOutcome } from '../session/ports/tools.ts';
import type { ToolJob } from './tool/tool.ts';

export interface WireJob extends ToolJob {
  /** Milliseconds that the call may take. */
  readonly timeoutMs: number;
  /** The module that has the tool's function; absent: it is built in. */
  readonly module?: string | undefined;
}

export interface ToolKinds {
  readonly job: ToolJob;
  readonly ready: ToolJob;
  readonly wire: WireJob;
  readonly note: { readonly type: 'none' };
  /** The call starts again: its thread was lost. */
  readonly event: 'again';
  readonly outcome: ToolOutcome;
}

export type ToWorker = ToThread<ToolKinds>;
export type FromWorker = FromThread<ToolKinds>;
