-- What a person allowed and refused: purpose × channel × number, with source, proof and expiry. Rows are only added, so what
-- held at any moment, and what was known then, can be told for ever; they outlive the customer (a refusal is honoured after erasure).
CREATE TABLE profile.consents (
    tenant_id text NOT NULL,
    consent_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('given', 'withdrawn')),
    number text COLLATE "C" NOT NULL,                -- E.164
    channel text NOT NULL,
    purpose text,                                    -- NULL, only of a withdrawal: everything the person did not ask for
    source text NOT NULL,
    proof text,
    said_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    expires_at timestamptz,
    customer_id text,                                -- who said it, where that is known
    contact_id text,
    campaign text,                                   -- in which it was said
    attempt_id text,
    recorded_by text,                                -- user; NULL: heard on the topic
    PRIMARY KEY (tenant_id, consent_id, kind),
    CHECK (purpose IS NOT NULL OR kind = 'withdrawn'),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE SET NULL (customer_id)
);
CREATE INDEX consents_at_number ON profile.consents (tenant_id, number, channel, said_at DESC);
CREATE INDEX consents_of_customer ON profile.consents (tenant_id, customer_id) WHERE customer_id IS NOT NULL;
SELECT directory.protect('profile', 'consents', 'SELECT, INSERT');
REVOKE UPDATE, DELETE ON profile.consents FROM ucc_profile_worker;
