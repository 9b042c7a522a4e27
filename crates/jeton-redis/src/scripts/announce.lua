-- The change, and three of the audit entry.
audit(ARGV[2], ARGV[3], ARGV[4])
log(ARGV[1])
return { 'ok' }
