return { 'ok', redis.call('HGETALL', prefix .. 'record:' .. ARGV[1]) }
