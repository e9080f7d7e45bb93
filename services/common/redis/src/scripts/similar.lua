-- Finds earlier texts of the same person or order that share a band with new ones, and remembers the new ones.
--
-- KEYS     the bands' lists, as many for each new text as there are bands
-- ARGV[1]  lists per text
-- ARGV[2]  texts that a list keeps
-- ARGV[3]  seconds to live
-- ARGV[4…] the new texts: id (16 bytes), person (16, zero if unknown), order (8, zero if none)
-- returns  per new text the ids that were found, one after the other, some twice
--
-- A text that is in a list already is not written again and finds only what came before it: a repetition finds the same.
local bands, kept, ttl = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local nobody, nothing = string.rep('\0', 16), string.rep('\0', 8)
local found = {}
for text = 4, #ARGV do
  local new = ARGV[text]
  local id, person, order = string.sub(new, 1, 16), string.sub(new, 17, 32), string.sub(new, 33, 40)
  local ids = {}
  for band = 1, bands do
    local key = KEYS[(text - 4) * bands + band]
    local list = redis.call('LRANGE', key, 0, -1)
    local first = 1
    for place, entry in ipairs(list) do
      if string.sub(entry, 1, 16) == id then
        first = place + 1
        break
      end
    end
    for place = first, #list do
      local entry = list[place]
      local same_person = person ~= nobody and string.sub(entry, 17, 32) == person
      if same_person or (order ~= nothing and string.sub(entry, 33, 40) == order) then
        ids[#ids + 1] = string.sub(entry, 1, 16)
      end
    end
    if first == 1 then
      redis.call('LPUSH', key, new)
      redis.call('LTRIM', key, 0, kept - 1)
      redis.call('EXPIRE', key, ttl)
    end
  end
  found[#found + 1] = table.concat(ids)
end
return found
