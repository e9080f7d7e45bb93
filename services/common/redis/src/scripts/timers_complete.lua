#!lua flags=allow-oom
-- Marks a shard of the timer index as whole, if the rebuild that says so was not overtaken by another loss.
--
-- KEYS[1]  the shard's mark
-- ARGV[1]  the mark of the rebuild
-- ARGV[2]  the mark of a whole shard
-- returns  1, or 0 if the mark is not that of the rebuild
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
