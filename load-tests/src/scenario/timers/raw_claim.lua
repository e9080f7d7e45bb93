-- The least that a claim with a lease can do: due timers move to those in flight and are given out.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
if #due == 0 then
  return due
end
local moved = {}
for _, member in ipairs(due) do
  moved[#moved + 1] = now + ARGV[2]
  moved[#moved + 1] = member
end
redis.call('ZADD', KEYS[2], unpack(moved))
redis.call('ZREM', KEYS[1], unpack(due))
return due
