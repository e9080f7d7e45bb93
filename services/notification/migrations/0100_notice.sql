-- What notification owns. The kit's tables come before, with numbers below 100. Every primary key begins with the
-- tenant. Personal fields stand here only as sealed bytes.

CREATE TABLE complaint (
    tenant            text        NOT NULL,
    complaint_id      uuid        NOT NULL,
    complaint_no      text        NOT NULL,
    submitted_by      text        NOT NULL,
    complainant_index bytea       NOT NULL,
    complainant_kind  text        NOT NULL,
    channel           text        NOT NULL,
    locale            text,
    product           text        NOT NULL,
    live_room         text        NOT NULL,
    remedies          text[]      NOT NULL,
    category          text,
    urgent            boolean     NOT NULL DEFAULT false,
    received_at       timestamptz NOT NULL,
    sealed            bytea,
    stream_version    bigint      NOT NULL DEFAULT 0,
    CONSTRAINT complaint_pkey PRIMARY KEY (tenant, complaint_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE complaint IS 'What letters tell of a complaint, kept from its events.';
COMMENT ON COLUMN complaint.submitted_by IS 'Subject of the token that submitted; may see the complainant''s notices.';
COMMENT ON COLUMN complaint.complainant_index IS 'Keyed hash of the complainant''s reference or first contact; empty if neither was given.';
COMMENT ON COLUMN complaint.locale IS 'Language of letters to the complainant; NULL where the tenant''s own is used.';
COMMENT ON COLUMN complaint.product IS 'What was bought, as told; empty if it was not.';
COMMENT ON COLUMN complaint.sealed IS 'Name, reference and contacts of the complainant, as the event carried them; NULL if none were given.';
COMMENT ON COLUMN complaint.stream_version IS 'Version of the complaint''s last event on the notices topic.';

CREATE TABLE party (
    tenant       text     NOT NULL,
    complaint_id uuid     NOT NULL,
    ordinal      smallint NOT NULL,
    kind         text     NOT NULL,
    external_ref text     NOT NULL,
    CONSTRAINT party_pkey PRIMARY KEY (tenant, complaint_id, ordinal)
);
COMMENT ON TABLE party IS 'The respondents, in the order of the submission.';
COMMENT ON COLUMN party.ordinal IS 'From 1.';

CREATE TABLE subject_key (
    tenant       text  NOT NULL,
    complaint_id uuid  NOT NULL,
    wrapped_key  bytea NOT NULL,
    CONSTRAINT subject_key_pkey PRIMARY KEY (tenant, complaint_id)
);
COMMENT ON TABLE subject_key IS 'The data key of a complaint''s personal fields and letters, wrapped by the tenant''s key. Deleting the row erases them.';

CREATE TABLE notice (
    tenant         text        NOT NULL,
    notice_id      uuid        NOT NULL,
    complaint_id   uuid        NOT NULL,
    kind           text        NOT NULL,
    role           text        NOT NULL,
    party_kind     text        NOT NULL,
    party_ref      text        NOT NULL,
    state          text        NOT NULL,
    locale         text        NOT NULL,
    urgent         boolean     NOT NULL,
    fields         json,
    sealed_fields  bytea,
    template       text,
    sealed_letter  bytea,
    content_sha256 bytea,
    stations       text[]      NOT NULL DEFAULT '{}',
    queued_at      timestamptz NOT NULL,
    not_before     timestamptz NOT NULL,
    causation      text,
    traceparent    text,
    tracestate     text,
    CONSTRAINT notice_pkey PRIMARY KEY (tenant, notice_id),
    CONSTRAINT notice_role_check CHECK (role IN ('complainant', 'respondent', 'staff')),
    CONSTRAINT notice_state_check CHECK (state IN ('queued', 'sent', 'delivered', 'read', 'undeliverable')),
    CONSTRAINT notice_fields_check CHECK ((fields IS NULL) <> (sealed_fields IS NULL))
) WITH (fillfactor = 70);
COMMENT ON TABLE notice IS 'One row per event or call, kind and addressee.';
COMMENT ON COLUMN notice.notice_id IS 'UUIDv8 from what caused it, kind and addressee: a redelivered event finds its row.';
COMMENT ON COLUMN notice.party_ref IS 'The platform''s reference of a respondent, or the role of staff that is called; empty for complainants, whose contacts are sealed.';
COMMENT ON COLUMN notice.fields IS 'The content where it was made from events: nothing personal.';
COMMENT ON COLUMN notice.sealed_fields IS 'The content where a caller gave it.';
COMMENT ON COLUMN notice.template IS 'Template and version; NULL until the letter is written.';
COMMENT ON COLUMN notice.sealed_letter IS 'The letter as it goes out, written once: whatever channel it takes, it is this one.';
COMMENT ON COLUMN notice.content_sha256 IS 'SHA-256 of subject, a blank line, and body. Outlives the erasure of the letter.';
COMMENT ON COLUMN notice.stations IS 'The stations it has gone through, the one that took it last at the end; callback:<id> for a callback address.';
CREATE INDEX notice_complaint_idx ON notice (tenant, complaint_id, queued_at DESC, notice_id DESC);
CREATE INDEX notice_queued_idx ON notice (tenant, queued_at);

CREATE TABLE webhook (
    tenant        text        NOT NULL,
    webhook_id    uuid        NOT NULL,
    url           text        NOT NULL,
    kinds         text[]      NOT NULL,
    wrapped_key   bytea,
    sealed_secret bytea,
    generation    integer     NOT NULL DEFAULT 1,
    former_key    bytea,
    former_secret bytea,
    former_until  timestamptz,
    enabled       boolean     NOT NULL DEFAULT true,
    failures      integer     NOT NULL DEFAULT 0,
    failing_since timestamptz,
    paused_until  timestamptz,
    registered_by text        NOT NULL,
    registered_at timestamptz NOT NULL,
    removed_at    timestamptz,
    CONSTRAINT webhook_pkey PRIMARY KEY (tenant, webhook_id),
    CONSTRAINT webhook_secret_check CHECK ((sealed_secret IS NULL) = (wrapped_key IS NULL)),
    CONSTRAINT webhook_former_check CHECK ((former_secret IS NULL) = (former_key IS NULL) AND (former_secret IS NULL) = (former_until IS NULL)),
    CONSTRAINT webhook_removed_check CHECK ((removed_at IS NULL) = (sealed_secret IS NOT NULL) AND NOT (enabled AND removed_at IS NOT NULL))
) WITH (fillfactor = 70);
COMMENT ON TABLE webhook IS 'Callback addresses of the platform.';
COMMENT ON COLUMN webhook.kinds IS 'Kinds of notice that it wants; empty for all.';
COMMENT ON COLUMN webhook.sealed_secret IS 'The secret of its signatures, sealed under a data key of its own; NULL once the address is removed.';
COMMENT ON COLUMN webhook.generation IS 'Which secret this is, from 1.';
COMMENT ON COLUMN webhook.former_secret IS 'The secret before it, with which messages are signed too until former_until.';
COMMENT ON COLUMN webhook.removed_at IS 'The row stays, for attempts name it.';
COMMENT ON COLUMN webhook.failures IS 'Failed tries since the last success.';
COMMENT ON COLUMN webhook.paused_until IS 'It is left alone until then; NULL if it is well.';
CREATE INDEX webhook_enabled_idx ON webhook (webhook_id) WHERE enabled;
CREATE INDEX webhook_disabled_idx ON webhook (webhook_id) WHERE NOT enabled;

CREATE TABLE delivery (
    tenant         text        NOT NULL,
    notice_id      uuid        NOT NULL,
    webhook_id     uuid        NOT NULL,
    due_at         timestamptz NOT NULL,
    lease          uuid,
    held_until     timestamptz,
    tries          integer     NOT NULL DEFAULT 0,
    first_tried_at timestamptz,
    tried          text[]      NOT NULL DEFAULT '{}',
    CONSTRAINT delivery_pkey PRIMARY KEY (tenant, notice_id, webhook_id)
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE delivery IS 'What is still to be delivered; a row goes when it is over.';
COMMENT ON COLUMN delivery.held_until IS 'In hand until then, by this server''s clock: the clocks of processes may differ. NULL if nobody has it in hand.';
COMMENT ON COLUMN delivery.lease IS 'Names the claim in whose hand it is or was last; a worker that lost its lease finds another name and writes nothing.';
COMMENT ON COLUMN delivery.webhook_id IS 'The callback address; the nil UUID for the addressee itself.';
COMMENT ON COLUMN delivery.tries IS 'Tries at the present station.';
COMMENT ON COLUMN delivery.tried IS 'Stations of the addressee''s route that are behind it.';
CREATE INDEX delivery_party_idx ON delivery (due_at) WHERE webhook_id = '00000000-0000-0000-0000-000000000000';
-- By address, so that what waits behind one that is left alone is not read.
CREATE INDEX delivery_webhook_idx ON delivery (tenant, webhook_id, due_at) WHERE webhook_id <> '00000000-0000-0000-0000-000000000000';

CREATE TABLE attempt (
    tenant     text        NOT NULL,
    notice_id  uuid        NOT NULL,
    attempt_id bigint      GENERATED ALWAYS AS IDENTITY,
    channel    text,
    webhook_id uuid,
    at         timestamptz NOT NULL,
    outcome    text        NOT NULL,
    reason     text        NOT NULL,
    CONSTRAINT attempt_pkey PRIMARY KEY (tenant, notice_id, attempt_id),
    CONSTRAINT attempt_outcome_check
        CHECK (outcome IN ('accepted', 'refused', 'failed', 'delivered', 'read', 'bounced'))
);
COMMENT ON TABLE attempt IS 'Every try, and every later report of a channel. Append only: it is the proof.';
COMMENT ON COLUMN attempt.reason IS 'Why, as a code; no address.';
CREATE INDEX attempt_callback_idx ON attempt (tenant, webhook_id, notice_id) WHERE outcome = 'accepted' AND webhook_id IS NOT NULL;

CREATE TABLE access_record (
    tenant       text        NOT NULL,
    access_id    bigint      GENERATED ALWAYS AS IDENTITY,
    complaint_id uuid        NOT NULL,
    subject      text        NOT NULL,
    purpose      text        NOT NULL,
    accessed_at  timestamptz NOT NULL,
    CONSTRAINT access_record_pkey PRIMARY KEY (tenant, access_id)
);
COMMENT ON TABLE access_record IS 'Who opened a complaint''s personal fields or letters, when and for which purpose.';
CREATE INDEX access_record_complaint_idx ON access_record (tenant, complaint_id);

-- Nobody changes what was written, the owner of the table included; a trigger holds also where a right was granted back.
REVOKE UPDATE, DELETE, TRUNCATE ON attempt FROM PUBLIC, CURRENT_USER;
REVOKE UPDATE, DELETE, TRUNCATE ON access_record FROM PUBLIC, CURRENT_USER;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the table is append only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER attempt_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON attempt
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_record
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
