return { 'ok', redis.call('HGET', meta, 'keys'), redis.call('HVALS', prefix .. 'keys') }
