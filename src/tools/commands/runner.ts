/** What runs some of the tools. The toolbox of the sessions finds each by its name, and gives it their calls. */
import { nameOf } from '../../otp/name.ts';
import type { OfferedTool, ToolCall, ToolHandle, ToolSink } from '../../session/ports/tools.ts';

export interface ToolRunner {
  readonly tools: readonly OfferedTool[];
  /** Never throws: what cannot be run has an outcome that says so. */
  start(call: ToolCall, sink: ToolSink): ToolHandle;
}

export const commandsName = nameOf<ToolRunner>('commands');
