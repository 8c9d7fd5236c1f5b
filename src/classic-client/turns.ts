/** Where the turns of a client are run: in this process, or at a daemon. */
import type { SessionState, StoredMessage } from '../classic/models.ts';
import type { Environment } from '../config/sources.ts';
import type { MessagesClient } from '../executor/models/messages-client.ts';
import type { TurnPart } from './turn.ts';

export interface Turns {
  /** Makes what is needed; once it has resolved, again does nothing. */
  open(): Promise<void>;
  run(sessionId: string, prompt: string, signal: AbortSignal): AsyncGenerator<TurnPart, void>;
  exists(sessionId: string): Promise<boolean>;
  /** The messages of a session; of one that does not exist, none. */
  history(sessionId: string): Promise<readonly StoredMessage[]>;
  /** Makes a session of what a file holds. */
  restore(state: SessionState): Promise<void>;
  /** Closes what was made here, not what was handed in. */
  close(): Promise<void>;
}

/** What programs and tests may hand in instead of what options make. */
export interface ClientParts {
  /** Called instead of the official client: any object that has `messages.create`. */
  readonly anthropicClient?: MessagesClient;
  /** Default: the process's. */
  readonly env?: Environment;
}
