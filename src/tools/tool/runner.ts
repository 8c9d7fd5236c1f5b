/** What runs some of the tools: threads, a launcher of commands, a server. The toolbox puts several together. */
import type { OfferedTool, ToolCall, ToolHandle, ToolSink } from '../../session/ports/tools.ts';

export interface ToolRunner {
  /** May become another list; never the same list with other tools in it. */
  readonly tools: readonly OfferedTool[];
  /** Only for its own tools. The outcome never comes before it has returned. */
  start(call: ToolCall, sink: ToolSink): ToolHandle;
  /** See `Toolbox`; absent: its calls begin nothing that outlives it. */
  abandon?(call: ToolCall): void;
}
