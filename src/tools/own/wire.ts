/** What the thread that reads a module says of it. */
import type { OfferedTool } from '../../session/ports/tools.ts';

export type Definitions =
  | {
      readonly tools: readonly { readonly offered: OfferedTool; readonly timeoutMs: number }[];
    }
  | { readonly problem: string };
