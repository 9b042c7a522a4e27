-- Makes the store in an empty database. Of several nodes that start at a time one does. Without what the others begin
-- with: there is no `meta` yet. The incarnation, and the layout.
local meta = KEYS[1]
local layout = redis.call('HGET', meta, 'layout')
if not layout then
    redis.call('HSET', meta, 'layout', ARGV[2], 'incarnation', ARGV[1], 'longest', '0', 'trimmed', '0-0',
        'audit', '0', 'keys', '0')
    return { 'ok', ARGV[2] }
end
return { 'ok', layout }
