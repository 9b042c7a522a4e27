-- Drops names whose time ended before a time, so many at most.
local found = redis.call('ZRANGEBYSCORE', prefix .. 'once', '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, name in ipairs(found) do
    redis.call('ZREM', prefix .. 'once', name)
end
return { 'ok', #found }
