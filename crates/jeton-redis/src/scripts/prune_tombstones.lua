-- Drops tombstones from before a time, so many at most.
local found = redis.call('ZRANGEBYSCORE', prefix .. 'tombstones', '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(found) do
    redis.call('DEL', prefix .. 'record:' .. id)
    redis.call('ZREM', prefix .. 'tombstones', id)
end
return { 'ok', #found }
