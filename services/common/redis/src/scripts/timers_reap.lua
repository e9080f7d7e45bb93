#!lua flags=allow-oom
-- Returns timers whose lease has ended to those that are due, each at its own time.
--
-- KEYS[1]  the shard's due timers
-- KEYS[2]  the shard's timers in flight
-- ARGV[1]  how many at most
-- returns  how many came back
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ended = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[1])
if #ended == 0 then
  return 0
end
local back = {}
for _, entry in ipairs(ended) do
  back[#back + 1] = string.sub(entry, 13)
  back[#back + 1] = string.sub(entry, 1, 12)
end
redis.call('ZADD', KEYS[1], 'NX', unpack(back))
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, #ended - 1)
return #ended
