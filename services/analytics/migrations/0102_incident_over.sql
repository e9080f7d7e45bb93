-- An incident that is over stays counted: the numbers of a day that has passed do not change because the cause is gone.
ALTER TABLE incident
    DROP CONSTRAINT incident_state_check,
    ADD CONSTRAINT incident_state_check CHECK (state IN ('suspected', 'confirmed', 'over', 'dissolved'));
