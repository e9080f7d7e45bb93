-- Confirms a submission, unless one is confirmed already: the first confirmed value stays.
--
-- KEYS[1]  the entry of the duplicate filter
-- ARGV[1]  the confirmed value
-- ARGV[2]  seconds to live
-- returns  the value that was confirmed before, or false if ARGV[1] is it now
--
-- A value begins with its version (1) and its state (0 pending, 1 confirmed).
local before = redis.call('GET', KEYS[1])
if before and string.sub(before, 1, 2) == '\1\1' then
  return before
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return false
