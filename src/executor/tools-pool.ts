/**
 * The tools pool: one tool per thread, where to abort is to kill. No tools are registered yet, so it
 * has nothing to own and is not started; its seat in the tree stays, and `tree` shows it as ignored.
 */
import type { ChildOptions, ChildSpec } from '../otp/child-spec.ts';
import { genServer, IGNORE, protocol } from '../otp/gen-server.ts';

const ToolsPool = genServer(protocol({ calls: {} }), { init: () => IGNORE, handleCall: {} });

export const toolsPool = (options: ChildOptions): ChildSpec =>
  ToolsPool.childSpec(undefined, options);
