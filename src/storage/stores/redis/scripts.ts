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

/** Replies of changes. */
export type ChangeReply =
  | readonly ['ok']
  | readonly ['absent']
  | readonly ['exists']
  | readonly ['late']
  | readonly ['conflict', version: string];

/** KEYS: the four of the session. Dates as microseconds are beyond what Lua prints in full by itself. */
const PRELUDE = `
local messages, metadata, created, state = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local own = {messages, metadata, created, state}
local BY_UPDATE, DIRECTORIES = 'sessions_by_update', 'sessions_directories'
local function whole(number) return string.format('%.0f', number) end
local function exists() return redis.call('EXISTS', metadata, messages) > 0 end
`;

/** ARGV: id, seconds to live (0: for ever), the last moment in microseconds, the expected version or ''. */
const CHANGE = `${PRELUDE}
local id, ttl, lastMoment, expected = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
if now > lastMoment then return {'late'} end

local kept = redis.call('HMGET', state, 'version', 'held', 'updated_at')
local version = tonumber(kept[1] or 0)
if kept[2] then ttl = 0 end
local function directoryOf(key) return redis.call('HGET', key, 'working_directory') or '.' end

local function forget(gone, directory)
  redis.call('ZREM', BY_UPDATE, gone)
  redis.call('HDEL', DIRECTORIES, gone)
  if directory then
    redis.call('ZREM', BY_UPDATE .. ':' .. directory, gone)
    redis.call('SREM', 'sessions_by_dir:' .. directory, gone)
  end
end
-- The oldest are the first to expire: looking at two per addition keeps up.
local function dropExpired()
  for _, old in ipairs(redis.call('ZRANGE', BY_UPDATE, 0, 1)) do
    if old ~= id and redis.call('EXISTS', 'session:' .. old .. ':metadata', 'session:' .. old .. ':messages') == 0 then
      forget(old, redis.call('HGET', DIRECTORIES, old))
    end
  end
end
local function enter(directory)
  dropExpired()
  redis.call('HSET', DIRECTORIES, id, directory)
  redis.call('SADD', 'sessions_by_dir:' .. directory, id)
end
local function isFresh(key)
  local left = redis.call('TTL', key)
  if ttl == 0 then return left == -1 end
  return left > ttl - math.min(3600, ttl / 100)
end
-- The last thing of every change. A list that was made just now has no time to live yet.
local function stamp(version, directory)
  local last = tonumber(kept[3] or 0)
  if last >= now then now = last + 1 end
  redis.call('HSET', state, 'version', whole(version), 'updated_at', whole(now))
  redis.call('ZADD', BY_UPDATE, whole(now), id)
  redis.call('ZADD', BY_UPDATE .. ':' .. directory, whole(now), id)
  if not (isFresh(metadata) and isFresh(messages)) then
    for _, key in ipairs(own) do
      if ttl > 0 then redis.call('EXPIRE', key, ttl) else redis.call('PERSIST', key) end
    end
  end
  return {'ok'}
end
`;

const MUST_MATCH = `
if expected ~= '' and tonumber(expected) ~= version then return {'conflict', whole(version)} end
`;
const MUST_EXIST = `
if not exists() then return {'absent'} end${MUST_MATCH}`;

const WRITE = '#!lua';
/** Making room must be possible where there is none. */
const FREE = '#!lua flags=allow-oom';
const READ = '#!lua flags=no-writes';

/** ARGV further: created at, then the fields of the metadata. */
const CREATE = `${WRITE}${CHANGE}
if exists() then return {'exists'} end
redis.call('DEL', messages, state)
ttl = tonumber(ARGV[2])
redis.call('SET', created, ARGV[5])
redis.call('HSET', metadata, unpack(ARGV, 6))
local directory = directoryOf(metadata)
enter(directory)
return stamp(1, directory)
`;

/** ARGV further: the messages as JSON. */
const APPEND = `${WRITE}${CHANGE}
local directory = redis.call('HGET', metadata, 'working_directory')
if not directory and not exists() then return {'absent'} end
${MUST_MATCH}
redis.call('RPUSH', messages, unpack(ARGV, 5))
return stamp(version + 1, directory or '.')
`;

/** ARGV further: the fields of the metadata. Those that can be missing are removed after the others are in. */
const UPDATE = `${WRITE}${CHANGE}${MUST_EXIST}
local before = directoryOf(metadata)
redis.call('HSET', metadata, unpack(ARGV, 5))
local given = {}
for at = 5, #ARGV, 2 do given[ARGV[at]] = true end
for _, field in ipairs(redis.call('HKEYS', metadata)) do
  if not given[field] then redis.call('HDEL', metadata, field) end
end
local directory = directoryOf(metadata)
if directory ~= before then
  forget(id, before)
  enter(directory)
end
return stamp(version + 1, directory)
`;

/** ARGV further: the compaction state as JSON. */
const COMPACT = `${WRITE}${CHANGE}${MUST_EXIST}
redis.call('HSET', metadata, 'compaction_state', ARGV[5])
return stamp(version + 1, directoryOf(metadata))
`;

const DELETE = `${FREE}${CHANGE}${MUST_EXIST}
local directory = redis.call('HGET', DIRECTORIES, id) or directoryOf(metadata)
redis.call('DEL', messages, metadata, created, state)
forget(id, directory)
return {'ok'}
`;

/** KEYS: those of the new session, then those of the source. ARGV further: created at. */
const FORK = `${WRITE}${CHANGE}
if redis.call('EXISTS', KEYS[5], KEYS[6]) == 0 then return {'absent'} end
if exists() then return {'exists'} end
redis.call('DEL', messages, state)
redis.call('COPY', KEYS[5], messages)
redis.call('COPY', KEYS[6], metadata)
redis.call('COPY', KEYS[8], state)
ttl = redis.call('HGET', state, 'held') and 0 or tonumber(ARGV[2])
redis.call('SET', created, ARGV[5])
local directory = directoryOf(metadata)
enter(directory)
return stamp(1, directory)
`;

/**
 * ARGV further: created at, how many words of metadata and these, how many words of what was saved beside
 * them and these, then the messages. The expected version is -1 for a session that must not be there.
 */
const SAVE = `${WRITE}${CHANGE}
local isNew = not exists()
if isNew ~= (expected == '-1') or (not isNew and tonumber(expected) ~= version) then
  return {'conflict', whole(version)}
end
local at = 6
local function take()
  local words = {}
  for next = at + 1, at + tonumber(ARGV[at]) do words[#words + 1] = ARGV[next] end
  at = at + 1 + #words
  return words
end
if isNew then
  redis.call('DEL', state)
  version = 0
  redis.call('SET', created, ARGV[5])
end
redis.call('HSET', metadata, unpack(take()))
redis.call('HDEL', state, 'tags', 'description', 'summary', 'held')
redis.call('HSET', state, unpack(take()))
ttl = redis.call('HGET', state, 'held') and 0 or tonumber(ARGV[2])
redis.call('DEL', messages)
for first = at, #ARGV, 1000 do
  redis.call('RPUSH', messages, unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
local directory = directoryOf(metadata)
if isNew then enter(directory) end
return stamp(version + 1, directory)
`;

const LOAD = `${READ}${PRELUDE}
if not exists() then return false end
return {
  redis.call('HGETALL', metadata),
  redis.call('LRANGE', messages, 0, -1),
  redis.call('GET', created) or '',
  redis.call('HMGET', state, 'version', 'updated_at', 'tags', 'description'),
}
`;

/** What is known without the messages. */
const DESCRIBE = `${READ}${PRELUDE}
if not exists() then return false end
return {
  redis.call('HGETALL', metadata),
  redis.call('LLEN', messages),
  redis.call('GET', created) or '',
  redis.call('HMGET', state, 'version', 'updated_at', 'tags', 'description', 'summary'),
}
`;

/** ARGV: first and last position. */
const RANGE = `${READ}${PRELUDE}
if not exists() then return false end
return redis.call('LRANGE', messages, ARGV[1], ARGV[2])
`;

/**
 * KEYS: an index. ARGV: how many to pass over, how many to look at, and the time before which the last change
 * was, or ''. Without one the newest come first, else the oldest. Gives how many it saw, and those of them
 * that are still there. What is gone is dropped.
 */
const LIST = `${FREE}
local present = {}
local seen
if ARGV[3] == '' then
  seen = redis.call('ZREVRANGE', KEYS[1], ARGV[1], ARGV[1] + ARGV[2] - 1)
else
  seen = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3], 'LIMIT', ARGV[1], ARGV[2])
end
for _, id in ipairs(seen) do
  if redis.call('EXISTS', 'session:' .. id .. ':metadata', 'session:' .. id .. ':messages') > 0 then
    present[#present + 1] = id
  else
    local directory = redis.call('HGET', 'sessions_directories', id)
    redis.call('ZREM', KEYS[1], id)
    redis.call('ZREM', 'sessions_by_update', id)
    redis.call('HDEL', 'sessions_directories', id)
    if directory then
      redis.call('ZREM', 'sessions_by_update:' .. directory, id)
      redis.call('SREM', 'sessions_by_dir:' .. directory, id)
    end
  end
end
return { #seen, present }
`;

/** ARGV: id, time of its last change, the directory whose set names it, or ''. */
const ADOPT = `${WRITE}${PRELUDE}
local id, named = ARGV[1], ARGV[3]
local directory = redis.call('HGET', metadata, 'working_directory') or '.'
if named ~= '' and (not exists() or directory ~= named) then
  redis.call('SREM', 'sessions_by_dir:' .. named, id)
end
if not exists() or redis.call('ZSCORE', BY_UPDATE, id) then return 0 end
redis.call('ZADD', BY_UPDATE, ARGV[2], id)
redis.call('ZADD', BY_UPDATE .. ':' .. directory, ARGV[2], id)
redis.call('HSET', DIRECTORIES, id, directory)
redis.call('SADD', 'sessions_by_dir:' .. directory, id)
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
