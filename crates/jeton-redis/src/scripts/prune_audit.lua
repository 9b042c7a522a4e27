-- Drops audit entries from before a time, so many at most.
local found = redis.call('ZRANGEBYSCORE', prefix .. 'audit:at', '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, number in ipairs(found) do
    local entry = redis.call('XRANGE', prefix .. 'audit', number .. '-0', number .. '-0')[1]
    if entry then
        for _, set in ipairs(cjson.decode(entry[2][6])) do
            redis.call('ZREM', prefix .. 'audit:of:' .. set, number)
        end
        redis.call('XDEL', prefix .. 'audit', number .. '-0')
    end
    redis.call('ZREM', prefix .. 'audit:at', number)
end
return { 'ok', #found }
