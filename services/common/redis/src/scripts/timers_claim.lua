#!lua flags=allow-oom
-- Claims timers that are due: moves them to those in flight, with an end of their lease.
--
-- KEYS[1]  the shard's due timers: score = due, member = timer (12 bytes)
-- KEYS[2]  the shard's timers in flight: score = end of the lease, member = timer and due in decimal digits
-- ARGV[1]  how many at most
-- ARGV[2]  the lease in milliseconds
-- ARGV[3]  by how many milliseconds the server's clock is ahead of the one that decides; negative if it is behind
-- returns  now, the next due or false, then the claimed as the members of KEYS[2]
--
-- Now is the server's clock, put right by ARGV[3]: whatever the clocks of the workers say, nothing is claimed early. Runs in
-- full memory too: it is what frees some.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3], 'WITHSCORES', 'LIMIT', 0, ARGV[1])
local answer = { now, false }
if #found > 0 then
  local entries = {}
  for at = 1, #found, 2 do
    -- What is no timer cannot be answered; it goes, or it would be found again for ever.
    if #found[at] == 12 then
      -- Newer servers give round scores as 1.77e+12.
      entries[#entries + 1] = found[at] .. string.format('%.0f', found[at + 1])
    end
  end
  -- One that is armed again while it is in flight is not given out twice: should its lease end, it comes back anyway.
  local leases = {}
  if #entries > 0 and redis.call('EXISTS', KEYS[2]) == 1 then
    leases = redis.call('ZMSCORE', KEYS[2], unpack(entries))
  end
  local ends, moved = now + ARGV[2], {}
  for at, entry in ipairs(entries) do
    if not leases[at] or tonumber(leases[at]) <= now then
      answer[#answer + 1] = entry
      moved[#moved + 1] = ends
      moved[#moved + 1] = entry
    end
  end
  if #moved > 0 then
    redis.call('ZADD', KEYS[2], unpack(moved))
  end
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, #found / 2 - 1)
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then
  answer[2] = tonumber(first[2])
end
return answer
