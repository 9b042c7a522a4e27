-- Adds a record, or replaces a version of one. id, expected version ('' for a new one), limits, change ('' for none),
-- three of the audit entry, and the fields with their values.
local id, expected = ARGV[1], ARGV[2]
local before, after = stored(id), {}
if expected == '' then
    if before then
        return { 'id_taken' }
    end
elseif not before or before.version ~= expected then
    return { 'conflict' }
end
for at = 8, #ARGV, 2 do
    after[ARGV[at]] = ARGV[at + 1]
end
if before then
    after.used = before.used
end

if after.unique ~= '' then
    local holder = redis.call('HGET', prefix .. 'names', after.unique)
    if holder and holder ~= id then
        return { 'name_taken' }
    end
end
for _, limit in ipairs(cjson.decode(ARGV[3])) do
    local count = 0
    for _, live in ipairs(limit.live) do
        count = count + redis.call('ZLEXCOUNT', prefix .. 'live:' .. live, '[' .. limit.from, '+')
        if before and before.live == live and before.ends >= limit.from then
            count = count - 1
        end
    end
    if count >= limit.at_most then
        return { 'too_many' }
    end
end
local from, to = before and places(id, before) or {}, places(id, after)

-- The logs first: should anything below fail in a damaged database, a row without its change does no harm.
audit(ARGV[5], ARGV[6], ARGV[7])
if ARGV[4] ~= '' then
    log(ARGV[4])
end
redis.call('HSET', prefix .. 'record:' .. id, unpack(ARGV, 8))
if before and before.unique ~= '' and before.unique ~= after.unique then
    redis.call('HDEL', prefix .. 'names', before.unique)
end
if after.unique ~= '' then
    redis.call('HSET', prefix .. 'names', after.unique, id)
end
move(from, to)
if after.deleted == '1' then
    redis.call('ZADD', prefix .. 'tombstones', after.updated, id)
else
    redis.call('ZREM', prefix .. 'tombstones', id)
end
return { 'ok' }
