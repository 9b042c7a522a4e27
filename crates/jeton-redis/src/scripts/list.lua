-- A part of an index: the set, '1' to go backwards, from where, to where, how many, and a part of the name ('' for any).
-- Who was looked at last is told too, whether it is given out or not.
local set = prefix .. 'index:' .. ARGV[1]
local part
if ARGV[2] == '1' then
    part = redis.call('ZREVRANGEBYLEX', set, ARGV[3], ARGV[4], 'LIMIT', 0, ARGV[5])
else
    part = redis.call('ZRANGEBYLEX', set, ARGV[3], ARGV[4], 'LIMIT', 0, ARGV[5])
end
local found = {}
for _, member in ipairs(part) do
    local record = prefix .. 'record:' .. string.sub(member, -36)
    if ARGV[6] == '' or string.find(redis.call('HGET', record, 'name') or '', ARGV[6], 1, true) then
        found[#found + 1] = redis.call('HGETALL', record)
    end
end
return { 'ok', #part, part[#part] or '', found }
