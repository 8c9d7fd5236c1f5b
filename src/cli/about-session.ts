/** Which session a failure is about, so that what to do next can name it. */
import type { DaemonClient } from './shell.ts';

const ABOUT = 'aboutSession';

/** The session that was asked when this failed. */
export const sessionOf = (error: unknown): string | undefined =>
  error instanceof Error ? (error as Error & { readonly [ABOUT]?: string })[ABOUT] : undefined;

/** Notes on a failure which session it is about. */
export const aboutSession = (sessionId: string, error: unknown): unknown =>
  error instanceof Error
    ? Object.defineProperty(error, ABOUT, { value: sessionId, configurable: true })
    : error;

/** The same daemon; what it rejects about a session says about which one. */
export const namingSessions = (daemon: DaemonClient): DaemonClient => ({
  get maxPayloadBytes() {
    return daemon.maxPayloadBytes;
  },
  session: async (sessionId, verb, request) => {
    try {
      return await daemon.session(sessionId, verb, request);
    } catch (error) {
      throw aboutSession(sessionId, error);
    }
  },
  async *turn(sessionId, request, control) {
    try {
      yield* daemon.turn(sessionId, request, control);
    } catch (error) {
      throw aboutSession(sessionId, error);
    }
  },
  sessions: (verb, request) => daemon.sessions(verb, request),
  daemon: (verb, request) => daemon.daemon(verb, request),
  watch: (sessionId) => daemon.watch(sessionId),
  refusedTurns: (wanted) => daemon.refusedTurns(wanted),
  close: () => daemon.close(),
});
