-- Replaces a version of an audience: name, the version before, what to store, the change, three of the audit entry.
local found = redis.call('HGET', prefix .. 'audiences', ARGV[1])
if ARGV[2] ~= (found and string.match(found, '^%d+') or '0') then
    return { 'conflict' }
end
audit(ARGV[5], ARGV[6], ARGV[7])
log(ARGV[4])
redis.call('HSET', prefix .. 'audiences', ARGV[1], ARGV[3])
return { 'ok' }
