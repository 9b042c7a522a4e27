-- Audit entries by falling numbers: the set ('' for all), the number to begin with, and how many.
local found = {}
if ARGV[1] == '' then
    for _, entry in ipairs(redis.call('XREVRANGE', prefix .. 'audit', ARGV[2] .. '-0', '-', 'COUNT', ARGV[3])) do
        found[#found + 1] = { string.match(entry[1], '^%d+'), entry[2][2] }
    end
else
    local set = prefix .. 'audit:of:' .. ARGV[1]
    for _, number in ipairs(redis.call('ZREVRANGEBYSCORE', set, ARGV[2], '-inf', 'LIMIT', 0, ARGV[3])) do
        local entry = redis.call('XRANGE', prefix .. 'audit', number .. '-0', number .. '-0')[1]
        found[#found + 1] = { number, entry and entry[2][2] or '' }
    end
end
return { 'ok', found }
