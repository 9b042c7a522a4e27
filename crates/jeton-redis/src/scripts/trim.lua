-- Drops the rows up to a place: its incarnation, the place, and the one next to it.
if not known(ARGV[1], ARGV[2]) then
    return { 'lost' }
end
if later(ARGV[2], redis.call('HGET', meta, 'trimmed')) then
    redis.call('XTRIM', prefix .. 'changes', 'MINID', ARGV[3])
    redis.call('HSET', meta, 'trimmed', ARGV[2])
end
return { 'ok' }
