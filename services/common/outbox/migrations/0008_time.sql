-- What time it is in this installation when the server's clock shows `instant`: the same. Deadlines and marks are judged
-- by redress_time(now()); leases and pauses between tries by now().
--
-- Only tests put another function in its place, to let days pass in seconds. As it stands the planner puts its argument
-- in its place, so that it costs nothing and indexes are used as without it.
CREATE FUNCTION redress_time(instant timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT instant';
COMMENT ON FUNCTION redress_time IS 'Time by which deadlines are judged: the server''s, but for tests that move it';
