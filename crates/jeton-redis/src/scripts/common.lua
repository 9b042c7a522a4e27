-- What all scripts begin with. KEYS[1] is the hash `meta`; all other keys share its hash tag.
local meta = KEYS[1]
local prefix = string.sub(meta, 1, -5)

-- Whoever emptied the database lost every record: nothing may be told from it, nor written to it.
if redis.call('EXISTS', meta) == 0 then
    return { 'empty' }
end

local ORDERS = { 'created', 'name', 'ends', 'used' }

-- What the indexes of the record are made from; nothing if there is no such record.
local function stored(id)
    local found = redis.call('HMGET', prefix .. 'record:' .. id,
        'version', 'unique', 'groups', 'live', 'deleted', 'created', 'name', 'ends', 'used')
    if not found[1] then
        return nil
    end
    return {
        version = found[1], unique = found[2], groups = found[3], live = found[4], deleted = found[5],
        created = found[6], name = found[7], ends = found[8], used = found[9],
    }
end

-- The sorted sets that the record is in, and as what.
local function places(id, record)
    local found = {}
    for _, group in ipairs(cjson.decode(record.groups)) do
        for _, order in ipairs(ORDERS) do
            found[prefix .. 'index:' .. order .. ':' .. group] = record[order] .. id
        end
    end
    if record.live ~= '' then
        found[prefix .. 'live:' .. record.live] = record.ends .. id
    end
    return found
end

local function move(from, to)
    for set, member in pairs(from) do
        if to[set] ~= member then
            redis.call('ZREM', set, member)
        end
    end
    for set, member in pairs(to) do
        if from[set] ~= member then
            redis.call('ZADD', set, 0, member)
        end
    end
end

-- Whether one number of digits is greater than another. No number of Lua holds 64 bits.
local function greater(one, other)
    if #one ~= #other then
        return #one > #other
    end
    return one > other
end

-- Appends an entry to the audit log: its text, its time, and the sets that find it.
local function audit(entry, at, of)
    local number = string.format('%.0f', redis.call('HINCRBY', meta, 'audit', 1))
    redis.call('XADD', prefix .. 'audit', number .. '-0', 'entry', entry, 'at', at, 'of', of)
    redis.call('ZADD', prefix .. 'audit:at', at, number)
    for _, set in ipairs(cjson.decode(of)) do
        redis.call('ZADD', prefix .. 'audit:of:' .. set, number, number)
    end
end

-- Appends a row to the change log, and wakes who waits for one. Who cannot be woken reads it all the same.
local function log(change)
    redis.call('XADD', prefix .. 'changes', '*', 'change', change, 'ttl', redis.call('HGET', meta, 'longest'))
    redis.pcall('PUBLISH', prefix .. 'wake', '')
end

-- Whether one id of a row of the change log comes after another.
local function later(one, other)
    local ms, seq = string.match(one, '^(%d+)-(%d+)$')
    local other_ms, other_seq = string.match(other, '^(%d+)-(%d+)$')
    if ms ~= other_ms then
        return greater(ms, other_ms)
    end
    return greater(seq, other_seq)
end

-- Whether a place in the change log was given out by this life of this database.
local function known(incarnation, place)
    local now = redis.call('HMGET', meta, 'incarnation', 'trimmed')
    if now[1] ~= incarnation then
        return false
    end
    return not later(place, now[2]) or #redis.call('XRANGE', prefix .. 'changes', place, place) == 1
end
