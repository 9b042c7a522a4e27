-- Raises the longest lifetime, in seconds.
local longest = redis.call('HGET', meta, 'longest')
if greater(ARGV[1], longest) then
    redis.call('HSET', meta, 'longest', ARGV[1])
    longest = ARGV[1]
end
return { 'ok', longest }
