-- Whose turn it is in a written conversation, who may read a message, and what customers said of a contact afterwards.
ALTER TABLE gateway.contacts ADD COLUMN turn text NOT NULL DEFAULT 'agent' CHECK (turn IN ('agent', 'customer'));
ALTER TABLE gateway.messages ADD COLUMN audience text NOT NULL DEFAULT 'everyone' CHECK (audience IN ('everyone', 'staff'));

CREATE TABLE gateway.ratings (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    scale int NOT NULL,
    score int,                                          -- NULL: asked, not answered
    via text,
    asked_at bigint NOT NULL,                           -- µs
    rated_at bigint,
    PRIMARY KEY (contact_id, tenant_id)
);
CREATE INDEX ratings_of_tenant ON gateway.ratings (tenant_id, asked_at);
SELECT directory.protect('gateway', 'ratings', 'SELECT, INSERT, UPDATE');
