/**
 * What Redis runs: one script per operation, so that each is atomic and finds the session as it leaves it.
 *
 * 1. A change looks at the clock first: past the time at which its caller gave up it does nothing. So what a
 *    paused server finds in its sockets when it goes on changes nothing any more, and reading again tells the truth.
 * 2. The version is compared before the first write, and every change raises it.
 * 3. A script is refused as a whole where Redis has no memory or cannot write (`#!lua`): nothing fails half-way.
 * 4. The keys of a session go together: all expire at one time, set anew by every change (once in an hour at most,
 *    or in a hundredth of the time: to set it costs more than the rest of the change).
 * 5. Indexes never expire. Who lists drops what is gone, and so does everybody who adds to an index.
 */

/** Replies of changes; 1: it is done, and a number is what Lua gives most cheaply. */
export type ChangeReply =
  | 1
  | readonly ['absent']
  | readonly ['exists']
  | readonly ['late']
  | readonly ['conflict', version: string];

/** KEYS: the four of the session. */
const PRELUDE = `
local call = redis.call
local messages, metadata, created, state = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local BY_UPDATE, DIRECTORIES = 'sessions_by_update', 'sessions_directories'
`;
const EXISTS = `call('EXISTS', metadata, messages) > 0`;

/**
 * ARGV: id, seconds to live (0: for ever), the last moment in microseconds, the expected version or ''. Functions
 * are in none but the scripts that call them: to make a few takes as long as a command.
 */
const CHANGE = `${PRELUDE}
local id, ttl, expected = ARGV[1], tonumber(ARGV[2]), ARGV[4]
local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]
if now > tonumber(ARGV[3]) then return {'late'} end

local kept = call('HMGET', state, 'version', 'held', 'updated_at')
local version = tonumber(kept[1] or 0)
if kept[2] then ttl = 0 end
`;

const DIRECTORY = `call('HGET', metadata, 'working_directory') or '.'`;

const INDEXING = `
local function forget(gone, directory)
  call('ZREM', BY_UPDATE, gone)
  call('HDEL', DIRECTORIES, gone)
  if directory then
    call('ZREM', BY_UPDATE .. ':' .. directory, gone)
    call('SREM', 'sessions_by_dir:' .. directory, gone)
  end
end
-- The oldest are the first to expire: looking at two per addition keeps up.
local function dropExpired()
  for _, old in ipairs(call('ZRANGE', BY_UPDATE, 0, 1)) do
    if old ~= id and call('EXISTS', 'session:' .. old .. ':metadata', 'session:' .. old .. ':messages') == 0 then
      forget(old, call('HGET', DIRECTORIES, old))
    end
  end
end
local function enter(directory)
  dropExpired()
  call('HSET', DIRECTORIES, id, directory)
  call('SADD', 'sessions_by_dir:' .. directory, id)
end
`;

/**
 * The last thing of every change, with its session's `directory`. All keys of a session expire at one time, so the
 * metadata's tells of all of them, unless the change has made some of them.
 *
 * @param version what it becomes; numbers of that size Lua prints in full with `%.0f` only.
 * @param hasNewKeys whether some key may have no time to live yet.
 */
const stamp = (version: string, hasNewKeys: string): string => `
if tonumber(kept[3] or 0) >= now then now = tonumber(kept[3]) + 1 end
local at = string.format('%.0f', now)
call('HSET', state, 'version', string.format('%.0f', ${version}), 'updated_at', at)
call('ZADD', BY_UPDATE, at, id)
call('ZADD', BY_UPDATE .. ':' .. directory, at, id)
local left = call('TTL', metadata)
local isFresh = (ttl == 0 and left == -1) or (ttl > 0 and left > ttl - math.min(3600, ttl / 100))
if ${hasNewKeys} or not isFresh then
  for _, key in ipairs({messages, metadata, created, state}) do
    if ttl > 0 then call('EXPIRE', key, ttl) else call('PERSIST', key) end
  end
end
return 1
`;
/** The first change of ours to a session that the Python original made brings the state. */
const HAS_NEW_STATE = 'not kept[1]';

const MUST_MATCH = `
if expected ~= '' and tonumber(expected) ~= version then return {'conflict', string.format('%.0f', version)} end
`;
const MUST_EXIST = `
if not (${EXISTS}) then return {'absent'} end${MUST_MATCH}`;

const WRITE = '#!lua';
/** Making room must be possible where there is none. */
const FREE = '#!lua flags=allow-oom';
const READ = '#!lua flags=no-writes';

/** ARGV further: created at, then the fields of the metadata. */
const CREATE = `${WRITE}${CHANGE}${INDEXING}
if ${EXISTS} then return {'exists'} end
call('DEL', messages, state)
ttl = tonumber(ARGV[2])
call('SET', created, ARGV[5])
call('HSET', metadata, unpack(ARGV, 6))
local directory = ${DIRECTORY}
enter(directory)
${stamp('1', 'true')}`;

/** ARGV further: the messages as JSON. */
const APPEND = `${WRITE}${CHANGE}
local directory = call('HGET', metadata, 'working_directory')
if not directory and not (${EXISTS}) then return {'absent'} end
directory = directory or '.'
${MUST_MATCH}
local isFirst = call('RPUSH', messages, unpack(ARGV, 5)) == #ARGV - 4
${stamp('version + 1', `isFirst or ${HAS_NEW_STATE}`)}`;

/** ARGV further: the fields of the metadata. Those that can be missing are removed after the others are in. */
const UPDATE = `${WRITE}${CHANGE}${INDEXING}${MUST_EXIST}
local before = ${DIRECTORY}
local isFirst = call('EXISTS', metadata) == 0
call('HSET', metadata, unpack(ARGV, 5))
local given = {}
for at = 5, #ARGV, 2 do given[ARGV[at]] = true end
for _, field in ipairs(call('HKEYS', metadata)) do
  if not given[field] then call('HDEL', metadata, field) end
end
local directory = ${DIRECTORY}
if directory ~= before then
  forget(id, before)
  enter(directory)
end
${stamp('version + 1', `isFirst or ${HAS_NEW_STATE}`)}`;

/** ARGV further: the compaction state as JSON. */
const COMPACT = `${WRITE}${CHANGE}${MUST_EXIST}
local isFirst = call('EXISTS', metadata) == 0
call('HSET', metadata, 'compaction_state', ARGV[5])
local directory = ${DIRECTORY}
${stamp('version + 1', `isFirst or ${HAS_NEW_STATE}`)}`;

const DELETE = `${FREE}${CHANGE}${INDEXING}${MUST_EXIST}
local directory = call('HGET', DIRECTORIES, id) or ${DIRECTORY}
call('DEL', messages, metadata, created, state)
forget(id, directory)
return 1
`;

/** KEYS: those of the new session, then those of the source. ARGV further: created at. */
const FORK = `${WRITE}${CHANGE}${INDEXING}
if call('EXISTS', KEYS[5], KEYS[6]) == 0 then return {'absent'} end
if ${EXISTS} then return {'exists'} end
call('DEL', messages, state)
call('COPY', KEYS[5], messages)
call('COPY', KEYS[6], metadata)
call('COPY', KEYS[8], state)
ttl = call('HGET', state, 'held') and 0 or tonumber(ARGV[2])
call('SET', created, ARGV[5])
local directory = ${DIRECTORY}
enter(directory)
${stamp('1', 'true')}`;

/**
 * ARGV further: created at, how many words of metadata and these, how many words of what was saved beside
 * them and these, then the messages. The expected version is -1 for a session that must not be there.
 */
const SAVE = `${WRITE}${CHANGE}${INDEXING}
local isNew = not (${EXISTS})
if isNew ~= (expected == '-1') or (not isNew and tonumber(expected) ~= version) then
  return {'conflict', string.format('%.0f', version)}
end
local at = 6
local function take()
  local words = {}
  for next = at + 1, at + tonumber(ARGV[at]) do words[#words + 1] = ARGV[next] end
  at = at + 1 + #words
  return words
end
if isNew then
  call('DEL', state)
  version = 0
  call('SET', created, ARGV[5])
end
call('HSET', metadata, unpack(take()))
call('HDEL', state, 'tags', 'description', 'summary', 'held')
call('HSET', state, unpack(take()))
ttl = call('HGET', state, 'held') and 0 or tonumber(ARGV[2])
call('DEL', messages)
for first = at, #ARGV, 1000 do
  call('RPUSH', messages, unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
local directory = ${DIRECTORY}
if isNew then enter(directory) end
${stamp('version + 1', 'true')}`;

const LOAD = `${READ}${PRELUDE}
if not (${EXISTS}) then return false end
return {
  call('HGETALL', metadata),
  call('LRANGE', messages, 0, -1),
  call('GET', created) or '',
  call('HMGET', state, 'version', 'updated_at', 'tags', 'description'),
}
`;

/** What is known without the messages. */
const DESCRIBE = `${READ}${PRELUDE}
if not (${EXISTS}) then return false end
return {
  call('HGETALL', metadata),
  call('LLEN', messages),
  call('GET', created) or '',
  call('HMGET', state, 'version', 'updated_at', 'tags', 'description', 'summary'),
}
`;

/** ARGV: first and last position. */
const RANGE = `${READ}${PRELUDE}
if not (${EXISTS}) then return false end
return call('LRANGE', messages, ARGV[1], ARGV[2])
`;

/**
 * KEYS: an index. ARGV: how many to pass over, how many to look at, and the time before which the last change
 * was, or ''. Without one the newest come first, else the oldest. Gives how many it saw, and those of them
 * that are still there. What is gone is dropped.
 */
const LIST = `${FREE}
local call = redis.call
local present = {}
local seen
if ARGV[3] == '' then
  seen = call('ZREVRANGE', KEYS[1], ARGV[1], ARGV[1] + ARGV[2] - 1)
else
  seen = call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3], 'LIMIT', ARGV[1], ARGV[2])
end
for _, id in ipairs(seen) do
  if call('EXISTS', 'session:' .. id .. ':metadata', 'session:' .. id .. ':messages') > 0 then
    present[#present + 1] = id
  else
    local directory = call('HGET', 'sessions_directories', id)
    call('ZREM', KEYS[1], id)
    call('ZREM', 'sessions_by_update', id)
    call('HDEL', 'sessions_directories', id)
    if directory then
      call('ZREM', 'sessions_by_update:' .. directory, id)
      call('SREM', 'sessions_by_dir:' .. directory, id)
    end
  end
end
return { #seen, present }
`;

/** ARGV: id, time of its last change, the directory whose set names it, or ''. */
const ADOPT = `${WRITE}${PRELUDE}
local id, named = ARGV[1], ARGV[3]
local directory = call('HGET', metadata, 'working_directory') or '.'
if named ~= '' and (not (${EXISTS}) or directory ~= named) then
  call('SREM', 'sessions_by_dir:' .. named, id)
end
if not (${EXISTS}) or call('ZSCORE', BY_UPDATE, id) then return 0 end
call('ZADD', BY_UPDATE, ARGV[2], id)
call('ZADD', BY_UPDATE .. ':' .. directory, ARGV[2], id)
call('HSET', DIRECTORIES, id, directory)
call('SADD', 'sessions_by_dir:' .. directory, id)
return 1
`;

export const SCRIPTS = {
  create: CREATE,
  append: APPEND,
  update: UPDATE,
  compact: COMPACT,
  remove: DELETE,
  fork: FORK,
  save: SAVE,
  load: LOAD,
  describe: DESCRIBE,
  range: RANGE,
  list: LIST,
  adopt: ADOPT,
} as const;
export type ScriptName = keyof typeof SCRIPTS;
