-- Terms were pieces of texts as their writers wrote them. From now on they are the lexicon's own words; what was kept before
-- is forgotten. Labels, reasons and places in the text stay, so that every assessment explains itself as before.
UPDATE complaint SET terms = '{}' WHERE terms <> '{}';
DELETE FROM incident_term;
COMMENT ON COLUMN complaint.terms IS 'Terms that the rules saw, as the lexicon writes them: none of the writer''s own words.';
COMMENT ON TABLE incident_term IS 'In how many of its members the rules saw a term, as the lexicon writes it.';
