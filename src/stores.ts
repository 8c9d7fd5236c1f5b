/**
 * The door `greenroom/stores`: classic session stores, what they are made of, and the suite of tests that any of
 * them must pass. `README.md` has the examples.
 */
export { type JournalStore, type OpenOptions, openStore } from './open-store.ts';
export type {
  ClassicStore,
  CleanupOptions,
  InfoCriteria,
  SaveOptions,
  SessionInfo,
} from './session/classic/classic-store.ts';
export { readJsonFile, savedJson } from './session/classic/json-file.ts';
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
} from './session/classic/models.ts';
export type { PeriodicCleanup } from './session/classic/periodic-cleanup.ts';
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
} from './session/classic/serialization.ts';
export {
  type ChangeOptions,
  isSessionStore,
  type ListOptions,
  missingOperations,
  mustBeSessionStore,
  type Operation,
  type SessionStore,
} from './session/classic/session-store.ts';
export {
  type AnyMessage,
  calculateCost,
  countTurns,
  extractSessionId,
  modelView,
  summarize,
} from './session/classic/transcript.ts';
export {
  ConcurrencyError,
  GreenroomError,
  SerializationError,
  SessionNotFoundError,
  StorageError,
} from './session/errors.ts';
export type { Case, Ground, StoreUnderTest } from './storage/stores/contract/case.ts';
export {
  type ContractOptions,
  classicStoreContract,
  sessionStoreContract,
  type TestFramework,
} from './storage/stores/contract/contract.ts';
export {
  FileSessionStore,
  type FileStoreOptions,
} from './storage/stores/file/file-session-store.ts';
export type { FileReport } from './storage/stores/file/session-files.ts';
export { migratePostgres } from './storage/stores/postgres/migrate-postgres.ts';
export {
  PostgresSessionStore,
  type PostgresStoreOptions,
} from './storage/stores/postgres/postgres-session-store.ts';
export type { SessionRecords } from './storage/stores/postgres/records.ts';
export {
  RedisSessionStore,
  type RedisStoreOptions,
} from './storage/stores/redis/redis-session-store.ts';
