/**
 * The test cases that the older documents list, each with the test of the same meaning here. Cases of stores are
 * cases of the contract, which every backend runs.
 */
export interface ClassicCase {
  readonly of: string;
  readonly name: string;
  readonly by: readonly [file: string, test: string];
}

const MODELS = 'test/classic/models.test.ts';
const PROTOCOL = 'test/classic/protocol.test.ts';
const SERIALIZATION = 'test/classic/serialization.test.ts';
const LAYOUT = 'test/classic/stores/file/layout.test.ts';
const REDIS = 'test/classic/stores/redis.test.ts';
/** These run each case over both ways to the API. */
const EXECUTOR = 'test/classic-client/executor.test.ts';
const API = 'test/classic-client/api.test.ts';
/** The contract's cases. */
export const CONTRACT = {
  sessions: 'src/classic/stores/contract/sessions.ts',
  messages: 'src/classic/stores/contract/messages.ts',
  saving: 'src/classic/stores/contract/saving.ts',
} as const;
/** Who runs the contract: `memory` and `lmdb` in one file. */
export const BACKENDS = {
  memory: 'test/classic/stores/journal.test.ts',
  lmdb: 'test/classic/stores/journal.test.ts',
  file: 'test/classic/stores/file/contract.test.ts',
  redis: 'test/classic/stores/redis.test.ts',
  postgres: 'test/classic/stores/postgres.test.ts',
} as const;

const { sessions, messages, saving } = CONTRACT;

type Row = readonly [name: string, file: string, test: string];

const tested = (of: string, rows: readonly Row[]): ClassicCase[] =>
  rows.map(([name, file, test]) => ({ of, name, by: [file, test] }));

const EXISTS = 'a session that was made exists, and none before';
const ABSENT_LOAD = 'loading a session that is not there gives null';
const ABSENT = 'everything else on a session that is not there is refused';
const IN_ORDER = 'messages come back in order, with role, content and id';
const REPLACED = 'an update replaces all fields and keeps the messages';
const RANGE = 'gives all messages, or those from one position up to another';
const NEWEST = 'lists ids, the newest update first';
const LIMITED = 'lists at most so many, the newest ones, and a hundred unless told otherwise';
const BY_DIRECTORY = 'lists the sessions of one working directory, as the last update named it';
const DELETED =
  'a deleted session is gone, from every view, and the second delete does not find it';
const FORKED = 'a fork has the messages and metadata of its source, and then goes its own way';
const COMPACTED = 'a compaction is kept beside the messages that it stands for';
const ELEVEN = 'has the eleven operations';

export const CASES: readonly ClassicCase[] = [
  ...tested('models', [
    ['permission_mode_enum', MODELS, 'permission modes have their classic spelling'],
    ['compaction_state_creation', MODELS, 'a compaction state is what it was given'],
    ['session_metadata_defaults', MODELS, 'metadata have sensible defaults'],
    ['session_metadata_serialization', MODELS, 'metadata survive their plain form'],
    ['session_metadata_with_compaction', MODELS, 'metadata keep their compaction'],
    ['message_creation', MODELS, 'a message is what it was given, and made now'],
    ['message_serialization', SERIALIZATION, 'every field of a message survives'],
    ['session_state_creation', MODELS, 'a session state holds its parts'],
    ['session_state_serialization', MODELS, 'a session state survives its plain form'],
  ]),
  ...tested('protocol', [
    ['exceptions_exist', PROTOCOL, '%s is an error'],
    ['exceptions_can_be_raised', PROTOCOL, '%s can be thrown, and is known by its code'],
    ['protocol_is_runtime_checkable', PROTOCOL, 'can be told at run time, whatever comes'],
    ['mock_store_satisfies_protocol', PROTOCOL, 'is whatever has the eleven operations'],
    [
      'incomplete_store_fails_protocol_check',
      PROTOCOL,
      'is not what lacks one, and the missing ones are named',
    ],
    ['mock_store_methods_callable', PROTOCOL, 'can be called through the interface'],
  ]),
  ...tested('serialization', [
    ['serialize_simple_text_message', SERIALIZATION, 'a text message has its four keys'],
    ['serialize_structured_content', SERIALIZATION, 'blocks of content stay blocks'],
    ['serialize_message_without_id', SERIALIZATION, 'a message without an id has a null one'],
    ['deserialize_simple_message', SERIALIZATION, 'a plain object becomes a message'],
    ['deserialize_structured_content', SERIALIZATION, 'blocks come back as blocks'],
    ['deserialize_missing_role', SERIALIZATION, 'a missing role is named'],
    ['deserialize_missing_content', SERIALIZATION, 'a missing content is named'],
    ['deserialize_invalid_timestamp', SERIALIZATION, 'a timestamp that is none is told'],
    ['roundtrip_serialization', SERIALIZATION, 'every field of a message survives'],
    [
      'serialize_to_json_string',
      SERIALIZATION,
      'a message becomes a line of JSON, not escaping what is not ASCII',
    ],
    ['deserialize_from_json_string', SERIALIZATION, 'a line of JSON becomes a message'],
    ['deserialize_invalid_json', SERIALIZATION, 'what is no JSON is refused'],
    ['serialize_batch', SERIALIZATION, 'a batch keeps its order'],
    ['deserialize_batch', SERIALIZATION, 'a batch becomes messages'],
    ['batch_roundtrip', SERIALIZATION, 'every message of a batch survives'],
    ['empty_batch_serialization', SERIALIZATION, 'a batch of nothing becomes nothing'],
    ['empty_batch_deserialization', SERIALIZATION, 'nothing becomes an empty list'],
  ]),
  ...tested('file store', [
    [
      'create_session',
      LAYOUT,
      'has the metadata first, a line per change, and the keys of the classic layout',
    ],
    ['session_exists', sessions, EXISTS],
    [
      'append_message',
      LAYOUT,
      'has the metadata first, a line per change, and the keys of the classic layout',
    ],
    ['append_message_to_nonexistent_session', sessions, ABSENT],
    ['load_session', messages, IN_ORDER],
    ['load_nonexistent_session', sessions, ABSENT_LOAD],
    ['update_metadata', sessions, REPLACED],
    [
      'concurrent_appends',
      messages,
      'appends that are asked for at once are all stored, in the order of the calls',
    ],
    ['close', LAYOUT, 'the store opens again on the next call after it was closed'],
    ['get_messages_full_range', messages, RANGE],
    ['get_messages_with_range', messages, RANGE],
    ['get_messages_from_turn', messages, RANGE],
    ['list_sessions', sessions, NEWEST],
    ['list_sessions_empty', sessions, 'an empty store lists nothing'],
    ['list_sessions_with_limit', sessions, LIMITED],
    ['list_sessions_by_working_directory', sessions, BY_DIRECTORY],
    ['delete_session', sessions, DELETED],
    ['delete_nonexistent_session', sessions, ABSENT],
    ['fork_session', sessions, FORKED],
    ['fork_nonexistent_session', sessions, ABSENT],
    ['compact_session', sessions, COMPACTED],
    ['protocol_compliance', sessions, ELEVEN],
  ]),
  ...tested('redis store', [
    [
      'create_session',
      REDIS,
      'a message list of JSON, a metadata hash, a time of making, a set per directory',
    ],
    ['session_exists', sessions, EXISTS],
    ['append_message', messages, IN_ORDER],
    ['append_message_to_nonexistent_session', sessions, ABSENT],
    ['load_session', messages, IN_ORDER],
    ['load_nonexistent_session', sessions, ABSENT_LOAD],
    ['update_metadata', sessions, REPLACED],
    ['metadata_type_restoration', sessions, 'metadata come back as they were given, typed'],
    ['protocol_compliance', sessions, ELEVEN],
    ['get_messages_full_range', messages, RANGE],
    ['get_messages_with_range', messages, RANGE],
    ['list_sessions', sessions, NEWEST],
    ['list_sessions_by_directory', sessions, BY_DIRECTORY],
    ['delete_session', sessions, DELETED],
    ['delete_removes_all_keys', REDIS, 'a session goes with all its keys, from all indexes'],
    ['fork_session', sessions, FORKED],
    ['fork_nonexistent_session', sessions, ABSENT],
    ['compact_session', sessions, COMPACTED],
    ['connection_management', REDIS, 'a closed store opens again with the next call'],
  ]),
  ...tested('executor', [
    [
      'initialize_new_session',
      EXECUTOR,
      'a session is made on first use, with the settings of the options',
    ],
    [
      'execute_basic_turn',
      EXECUTOR,
      'a turn gives the user’s message and the answer as blocks, under ids that count turns',
    ],
    ['messages_persisted_to_store', EXECUTOR, 'both messages are in the store'],
    ['metadata_updated_after_turn', EXECUTOR, 'the turn is counted in the metadata'],
    [
      'resume_existing_session',
      EXECUTOR,
      'an existing session goes on: its history is sent, its settings stay, the prompt is sent once',
    ],
    ['max_turns_limit', EXECUTOR, 'at the limit of turns nothing is stored, asked or given'],
  ]),
  ...tested('api', [
    ['query_basic', API, 'a query gives the user’s message and the answer'],
    ['query_with_file_store', API, 'a query stores its session in the files of its store'],
    [
      'query_resume_session',
      API,
      'a query goes on with the session that it is told to resume, made if it is not there',
    ],
    ['client_multi_turn', API, 'a client keeps one session over its queries'],
    [
      'client_context_manager',
      API,
      'a client is closed where it goes out of scope, and leaves a store open that it was given',
    ],
    ['client_get_session_id', API, 'a client has a session id from the start'],
    [
      'query_without_options',
      API,
      'a query without options keeps its session in one store of files, in the home folder',
    ],
    ['api_exports', API, 'the classic names are there, as values'],
  ]),
  ...tested('examples', [
    ['example_simple_query', API, 'an example of one query'],
    ['example_multi_turn_conversation', API, 'an example of a conversation'],
    ['example_redis_backend', API, 'an example with Redis'],
  ]),
  ...tested('package', [['version', 'test/classic/cases.test.ts', 'the version is the package’s']]),
  ...tested('GenServer store', [
    [
      'saves and loads session',
      saving,
      'saves a session and loads it, typed messages verbatim and counted',
    ],
    ['searches sessions by tags', saving, 'finds by any of the tags, in whatever case'],
    [
      'cleans up old sessions',
      saving,
      'cleans up what is older than so many days, and says how many went',
    ],
  ]),
];
