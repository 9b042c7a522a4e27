-- Rows of the change log: incarnation and place to read after ('' from the beginning), and how many.
local now = redis.call('HMGET', meta, 'incarnation', 'trimmed')
local from = '-'
if ARGV[2] ~= '' then
    if not known(ARGV[1], ARGV[2]) then
        return { 'lost' }
    end
    from = '(' .. ARGV[2]
end
local rows = redis.call('XRANGE', prefix .. 'changes', from, '+', 'COUNT', ARGV[3])
local found = {}
for _, row in ipairs(rows) do
    found[#found + 1] = { row[1], row[2][2], row[2][4] }
end
return { 'ok', now[1], now[2], found }
