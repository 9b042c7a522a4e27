-- How many records each of these sets holds.
local found = {}
for _, set in ipairs(ARGV) do
    found[#found + 1] = redis.call('ZCARD', prefix .. set)
end
return { 'ok', found }
