-- What adapters write down: how far a mailbox was read, where a call stands, which contact a thread belongs to. A key at a time,
-- so that instances can go first one after the other; personal where the conversation is, hence kept only so long.
CREATE TABLE gateway.notes (
    tenant_id text NOT NULL,
    gateway_id text NOT NULL REFERENCES gateway.gateways ON DELETE CASCADE,
    key text NOT NULL,
    value jsonb NOT NULL,
    version int NOT NULL DEFAULT 1,
    kept_until timestamptz,                             -- NULL: for ever
    PRIMARY KEY (gateway_id, key)
);
CREATE INDEX notes_due ON gateway.notes (kept_until) WHERE kept_until IS NOT NULL;
CREATE INDEX notes_of_tenant ON gateway.notes (tenant_id, gateway_id);
SELECT directory.protect('gateway', 'notes', 'SELECT, INSERT, UPDATE');
