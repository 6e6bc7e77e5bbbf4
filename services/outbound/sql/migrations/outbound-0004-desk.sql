-- What agents say of an attempt afterwards, and who rang back the number that called them.
ALTER TABLE outbound.attempts ADD COLUMN disposition text;
CREATE INDEX attempts_of_contact ON outbound.attempts (tenant_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX attempts_of_number ON outbound.attempts (tenant_id, number_key, authorised_at DESC);

CREATE TABLE outbound.ring_backs (
    tenant_id text NOT NULL,
    contact_id text COLLATE "C" NOT NULL,            -- the inbound contact
    attempt_id text COLLATE "C" NOT NULL,            -- the latest attempt to their number
    at bigint NOT NULL,
    PRIMARY KEY (tenant_id, contact_id)
);
CREATE INDEX ring_backs_of_attempt ON outbound.ring_backs (tenant_id, attempt_id);
SELECT directory.protect('outbound', 'ring_backs', 'SELECT, INSERT');
