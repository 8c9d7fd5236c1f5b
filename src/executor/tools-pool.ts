/**
 * The tools pool: one tool per thread, where to abort is to kill. No tools are registered yet, so it
 * has nothing to own and is not started; its seat in the tree stays, and `tree` shows it as ignored.
 */
import { genServer, IGNORE, protocol } from '../otp/gen-server.ts';

export const toolsPoolProtocol = protocol({ calls: {} });

export const ToolsPool = genServer(toolsPoolProtocol, {
  init: () => IGNORE,
  handleCall: {},
});
