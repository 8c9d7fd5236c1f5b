/**
 * What a case of the contract is: a sentence, and a function that fails if it is not true of a store. Cases use
 * `node:assert`, so that they run under any test framework.
 */
import assert from 'node:assert/strict';
import type { ErrorCode } from '../../../model/errors.ts';
import type { NewMessage, StoredMessage } from '../../models.ts';
import type { SessionStore } from '../../session-store.ts';

/** An empty store, opened for one case. */
export interface StoreUnderTest<S extends SessionStore = SessionStore> {
  readonly store: S;
  /** Opens the same data once more, as another process would; for stores that are shared. */
  readonly another?: () => Promise<S>;
  /** Removes what the case left; the stores are closed before. */
  readonly dispose?: () => Promise<void>;
}

export interface Ground<S extends SessionStore> {
  readonly store: S;
  /** A further store on the same data. */
  another(): Promise<S>;
}

export interface Case<S extends SessionStore = SessionStore> {
  readonly name: string;
  /** `versions`: compares expected versions; `sharing`: may be opened more than once. */
  readonly needs?: readonly ('versions' | 'sharing')[];
  readonly run: (ground: Ground<S>) => Promise<void>;
}

/** Rejects with this code: judged by `code`, so a store of one's own needs none of our classes. */
export const refusedWith = async (promise: Promise<unknown>, code: ErrorCode): Promise<void> => {
  const error: unknown = await promise.then(
    () => assert.fail(`resolved, where ${code} was due`),
    (reason: unknown) => reason,
  );
  assert.equal((error as { code?: unknown } | null)?.code, code, String(error));
};

/** A user's message whose id is also its text. */
export const message = (id: string, fields: Partial<NewMessage> = {}): NewMessage => ({
  role: 'user',
  content: id,
  id,
  ...fields,
});

export const messages = (count: number): NewMessage[] =>
  Array.from({ length: count }, (_, at) => message(`m${at}`));

export const appendAll = async (
  store: SessionStore,
  sessionId: string,
  all: readonly NewMessage[],
): Promise<void> => {
  for (const each of all) await store.appendMessage(sessionId, each);
};

export const idsOf = (stored: readonly (StoredMessage | NewMessage)[]): unknown[] =>
  stored.map((each) => each['id']);

export const contentsOf = (stored: readonly StoredMessage[]) =>
  stored.map(({ content }) => content);

/** The state, which must be there. */
export const loaded = async (store: SessionStore, sessionId: string) => {
  const state = await store.loadSession(sessionId);
  assert.ok(state !== null, `session ${sessionId} is gone`);
  return state;
};

/** The version of a session whose store counts them. */
export const versionOf = async (store: SessionStore, sessionId: string): Promise<number> => {
  const { version } = await loaded(store, sessionId);
  assert.ok(version !== undefined, 'loadSession tells no version');
  return version;
};
