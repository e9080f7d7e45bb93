#!lua flags=allow-oom
-- Marks a shard of the timer index as being rebuilt, unless another process is at it.
--
-- KEYS[1]  the shard's mark
-- ARGV[1]  how a mark of the own process begins
-- ARGV[2]  the mark to set whatever is there; empty to ask for one
-- ARGV[3]  milliseconds that it lives: a process that died makes room for another
-- returns  the mark, or false if another process is at it
local mark = ARGV[2]
if mark == '' then
  local known = redis.call('GET', KEYS[1])
  local own = known and string.sub(known, 1, #ARGV[1]) == ARGV[1]
  if known and string.sub(known, 1, 1) == 'b' and not own then
    return false
  end
  local time = redis.call('TIME')
  mark = ARGV[1] .. time[1] .. '.' .. time[2]
end
redis.call('SET', KEYS[1], mark, 'PX', ARGV[3])
return mark
