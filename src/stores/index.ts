/**
 * The door `greenroom/stores`: classic session stores, what they are made of, and the suite of tests that any of
 * them must pass. `docs/guide/stores.md` has the examples.
 */

export type {
  ClassicStore,
  CleanupOptions,
  InfoCriteria,
  SaveOptions,
  SessionInfo,
} from '../classic/classic-store.ts';
export { readJsonFile, savedJson } from '../classic/json-file.ts';
export {
  CompactionState,
  effectiveMode,
  isTyped,
  Message,
  type NewMessage,
  type NewMetadata,
  PermissionMode,
  SessionMetadata,
  SessionState,
  type StoredMessage,
  type TypedMessage,
} from '../classic/models.ts';
export type { PeriodicCleanup } from '../classic/periodic-cleanup.ts';
export {
  deserializeMessage,
  deserializeMessageFromJson,
  deserializeMessagesBatch,
  deserializeMetadata,
  deserializeState,
  serializeMessage,
  serializeMessagesBatch,
  serializeMessageToJson,
  serializeMetadata,
  serializeState,
} from '../classic/serialization.ts';
export {
  type ChangeOptions,
  isSessionStore,
  type ListOptions,
  missingOperations,
  mustBeSessionStore,
  type Operation,
  type SessionStore,
} from '../classic/session-store.ts';
export type { Case, Ground, StoreUnderTest } from '../classic/stores/contract/case.ts';
export {
  type ContractOptions,
  classicStoreContract,
  sessionStoreContract,
  type TestFramework,
} from '../classic/stores/contract/contract.ts';
export {
  FileSessionStore,
  type FileStoreOptions,
} from '../classic/stores/file/file-session-store.ts';
export type { FileReport } from '../classic/stores/file/session-files.ts';
export { migratePostgres } from '../classic/stores/postgres/migrate-postgres.ts';
export {
  PostgresSessionStore,
  type PostgresStoreOptions,
} from '../classic/stores/postgres/postgres-session-store.ts';
export type { SessionRecords } from '../classic/stores/postgres/records.ts';
export {
  RedisSessionStore,
  type RedisStoreOptions,
} from '../classic/stores/redis/redis-session-store.ts';
export {
  type AnyMessage,
  calculateCost,
  countTurns,
  extractSessionId,
  modelView,
  summarize,
} from '../classic/transcript.ts';
export {
  ConcurrencyError,
  GreenroomError,
  SerializationError,
  SessionNotFoundError,
  StorageError,
} from '../model/errors.ts';
export { type JournalStore, type OpenOptions, openStore } from './open-store.ts';
