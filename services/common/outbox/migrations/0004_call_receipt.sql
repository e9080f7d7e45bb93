-- Repeating a mutating call finds its receipt and changes nothing. Written in the transaction of the call's effect.
CREATE TABLE call_receipt (
    tenant      text        NOT NULL,
    call_id     uuid        NOT NULL,
    fingerprint bytea       NOT NULL,
    outcome     text        NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT call_receipt_pkey PRIMARY KEY (tenant, call_id)
);
COMMENT ON TABLE call_receipt IS 'One row per mutating call';
COMMENT ON COLUMN call_receipt.call_id IS 'From tenant, subject and the caller''s own name for the call, by a hash: the name may hold what is personal';
COMMENT ON COLUMN call_receipt.fingerprint IS 'Hash of the call''s kind and content: another one under the same name is refused';
COMMENT ON COLUMN call_receipt.outcome IS 'What the call made, by its identity, so that a repetition can show it; empty where the call names it itself';
