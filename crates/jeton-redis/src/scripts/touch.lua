-- Writes down last uses: for each the id, the time, what is told of it, and how many there were.
for at = 1, #ARGV, 4 do
    local id, used = ARGV[at], ARGV[at + 1]
    local record, before = prefix .. 'record:' .. id, stored(id)
    if before then
        if greater(used, before.used) then
            local from = places(id, before)
            before.used = used
            redis.call('HSET', record, 'used', used, 'use', ARGV[at + 2])
            move(from, places(id, before))
        end
        local added = redis.pcall('HINCRBY', record, 'uses', ARGV[at + 3])
        if type(added) == 'table' and added.err then
            if not string.find(added.err, 'overflow') then
                return added
            end
            redis.call('HSET', record, 'uses', '9223372036854775807')
        end
    end
end
return { 'ok' }
