-- Takes a name that counts once, until a time.
return { 'ok', redis.call('ZADD', prefix .. 'once', 'NX', ARGV[2], ARGV[1]) }
