-- Replaces a key ('' drops it) if the keys are still at that revision: revision, name, key, change ('' for none), and
-- three of the audit entry.
if redis.call('HGET', meta, 'keys') ~= ARGV[1] then
    return { 'conflict' }
end
if ARGV[4] ~= '' then
    audit(ARGV[5], ARGV[6], ARGV[7])
    log(ARGV[4])
end
redis.call('HINCRBY', meta, 'keys', 1)
if ARGV[3] == '' then
    redis.call('HDEL', prefix .. 'keys', ARGV[2])
else
    redis.call('HSET', prefix .. 'keys', ARGV[2], ARGV[3])
end
return { 'ok' }
