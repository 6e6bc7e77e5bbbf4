-- A customer's PIN for self-service: only its hash, with the failures since it was last right, over all contacts.
CREATE TABLE profile.pins (
    tenant_id text NOT NULL,
    customer_id text NOT NULL,
    hash text NOT NULL,                              -- argon2id
    failures int NOT NULL DEFAULT 0,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    PRIMARY KEY (tenant_id, customer_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE CASCADE
);
SELECT directory.protect('profile', 'pins', 'SELECT, INSERT, UPDATE');

ALTER TABLE profile.contacts ADD COLUMN pin_attempts int NOT NULL DEFAULT 0;
