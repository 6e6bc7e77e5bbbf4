-- Callbacks: whom to call and which attempts were begun. The number is here and nowhere else: no topic that is kept, no journal.
ALTER TABLE gateway.contacts ADD COLUMN callback boolean NOT NULL DEFAULT false;   -- no session holds it until it is dialled

CREATE TABLE gateway.callbacks (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,                           -- of the callback
    gateway_id text NOT NULL,                           -- which dials
    subject text NOT NULL,                              -- its key of the contact
    number text NOT NULL,                               -- E.164
    origin text,                                        -- the contact it came from
    requested_at bigint NOT NULL,                       -- µs
    PRIMARY KEY (contact_id, tenant_id)
);
CREATE INDEX callbacks_of_tenant ON gateway.callbacks (tenant_id, requested_at);
SELECT directory.protect('gateway', 'callbacks', 'SELECT, INSERT, DELETE');

-- Written before a number is dialled: whoever finds the row knows that it may have been, and asks instead of dialling.
CREATE TABLE gateway.dials (
    tenant_id text NOT NULL,
    attempt_id text NOT NULL,
    contact_id text NOT NULL,
    gateway_id text NOT NULL,
    begun_at bigint NOT NULL,                           -- µs
    PRIMARY KEY (attempt_id, tenant_id)
);
CREATE INDEX dials_of_tenant ON gateway.dials (tenant_id, begun_at);
SELECT directory.protect('gateway', 'dials', 'SELECT, INSERT');
