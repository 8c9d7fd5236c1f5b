/** What runs some of the tools: threads, a launcher of commands, a server. The toolbox puts several together. */
import type { Asker } from '../../model/per-session.ts';
import type {
  Absence,
  OfferedTool,
  ToolCall,
  ToolHandle,
  ToolSink,
} from '../../session/ports/tools.ts';

export interface ToolRunner {
  /** May become another list; never the same list with other tools in it. */
  readonly tools: readonly OfferedTool[];
  /** Only for its own tools. The outcome never comes before it has returned. */
  start(call: ToolCall, sink: ToolSink): ToolHandle;
  /** Its calls wait for calls of other sessions. */
  readonly waitsForOthers?: true;
  /** See `Toolbox`; absent: it knows nothing of tools that it has not. */
  absent?(asker: Asker, named: readonly string[] | undefined): readonly Absence[];
  /** See `Toolbox`; absent: its calls begin nothing that outlives it. */
  abandon?(call: ToolCall): void;
}

/** Tools of single sessions. In its session one takes the place of another tool of its name. */
export interface LentTools extends ToolRunner {
  /** undefined: the session has none. The same list each time. */
  toolsOf(asker: Asker): readonly OfferedTool[] | undefined;
  lends(call: Pick<ToolCall, 'key' | 'name'>): boolean;
  /** See `Toolbox`; absent: nothing of it has to be started. */
  prepare?(asker: Asker): Promise<void> | undefined;
}
