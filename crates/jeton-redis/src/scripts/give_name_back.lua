redis.call('ZREM', prefix .. 'once', ARGV[1])
return { 'ok' }
