-- One audience, or all.
if ARGV[1] then
    return { 'ok', { redis.call('HGET', prefix .. 'audiences', ARGV[1]) } }
end
return { 'ok', redis.call('HVALS', prefix .. 'audiences') }
