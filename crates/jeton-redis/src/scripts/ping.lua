return { 'ok', redis.call('HGET', meta, 'longest') }
