/** The rehearsal server as a program of the benches. */
import { startRehearsal } from '../../src/rehearsal/server.ts';
import { serveCalls } from '../harness/remote.ts';

const calls = {
  /** Gives its address. It keeps few of the requests: a bench sends a hundred thousand. */
  open: async (_: null): Promise<string> => (await startRehearsal({ keepRequests: 10 })).url,
};

export type RehearsalCalls = typeof calls;
serveCalls(calls);
