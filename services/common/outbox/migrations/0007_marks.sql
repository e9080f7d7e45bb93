-- What the writers of topics promise (redress.common.marks.v1), as far as it holds for what was read.
ALTER TABLE progress ADD COLUMN caused_through timestamptz;
COMMENT ON COLUMN progress.caused_through IS
    'What was recorded up to this time anywhere, and made the writer of this topic record something, has had that applied or parked too; NULL as long as its writer makes no promises';
COMMENT ON COLUMN progress.applied_through IS
    'What was recorded up to this time has been applied or parked; NULL before the first record or end was seen. By its writer''s promises; where it makes none (caused_through is NULL) by the guess that everything comes into the log within 15 s';
