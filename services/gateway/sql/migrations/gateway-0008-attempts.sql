-- Attempts of outbound: what was asked for, how far each came, its one outcome. The number stays until the attempt has ended.
CREATE TABLE gateway.attempts (
    tenant_id text NOT NULL,
    attempt_id text NOT NULL,
    gateway_id text NOT NULL,                           -- which dials
    contact_id text NOT NULL,                           -- of the person called, derived from the attempt
    subject text NOT NULL,                              -- the gateway's key of that contact
    wanted jsonb NOT NULL,                              -- PlaceCall without the person
    number text,                                        -- E.164
    display_name text,
    asked_at bigint NOT NULL,                           -- µs
    answered_at bigint,                                 -- µs; somebody took the call
    connected_at bigint,                                -- µs
    connected_by text,                                  -- agent, or 'dialogue'
    withdrawn text,                                     -- why it must not be dialled any more
    ended jsonb,                                        -- AttemptEnded, as it was said
    PRIMARY KEY (attempt_id, tenant_id)
);
CREATE INDEX attempts_of_contact ON gateway.attempts (contact_id, tenant_id);
CREATE INDEX attempts_open ON gateway.attempts (gateway_id, asked_at) WHERE ended IS NULL;
CREATE INDEX attempts_of_tenant ON gateway.attempts (tenant_id, asked_at);
SELECT directory.protect('gateway', 'attempts', 'SELECT, INSERT, UPDATE');
