-- Raises every record. The least epoch and generation, the time, another incarnation, the change, three of the audit entry.
local at_least, at, incarnation = ARGV[1], ARGV[2], ARGV[3]

local function raise(id)
    local record = prefix .. 'record:' .. id
    local found = redis.call('HMGET', record, 'epoch', 'generation')
    if not found[1] or not found[2] then
        return redis.error_reply('JETON the record ' .. id .. ' is not whole')
    end
    redis.call('HINCRBY', record, 'version', 1)
    redis.call('HSET', record, 'updated', at,
        'epoch', greater(at_least, found[1]) and at_least or found[1],
        'generation', greater(at_least, found[2]) and at_least or found[2])
end

-- Whatever was read before is lost first.
redis.call('HSET', meta, 'incarnation', incarnation)
audit(ARGV[5], ARGV[6], ARGV[7])
log(ARGV[4])
local tombstones = redis.call('ZRANGE', prefix .. 'tombstones', 0, -1)
for _, id in ipairs(tombstones) do
    local failed = raise(id)
    if failed then
        return failed
    end
    redis.call('ZADD', prefix .. 'tombstones', at, id)
end
local begin, all = 0, prefix .. 'index:created:all'
while true do
    local part = redis.call('ZRANGE', all, begin, begin + 999)
    for _, member in ipairs(part) do
        local failed = raise(string.sub(member, -36))
        if failed then
            return failed
        end
    end
    if #part < 1000 then
        return { 'ok' }
    end
    begin = begin + 1000
end
