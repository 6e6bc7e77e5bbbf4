-- What the gateway holds: credentials of others' gateways, the contacts they hold, conversations, files,
-- commands already carried out, and the numbered events each gateway reads from its stream.
SELECT directory.create_service('gateway');
SELECT directory.create_outbox('gateway');
SELECT directory.create_watermark('gateway');

CREATE TABLE gateway.gateways (
    gateway_id text PRIMARY KEY,                    -- unique in the installation: it is what a signature is looked up by
    tenant_id text NOT NULL,
    title text NOT NULL,
    pool_id text,                                   -- NULL: the tenant's first pool
    secret text NOT NULL,                           -- whsec_…, needed in clear to compute signatures
    key_digest text NOT NULL UNIQUE,                -- of the API key
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    heard_at timestamptz,                           -- last heartbeat; NULL: this gateway keeps no lease
    lost_at timestamptz,                            -- the lease ran out and was acted upon
    last_event bigint NOT NULL DEFAULT 0,           -- number of the newest event of its stream
    pruned_to bigint NOT NULL DEFAULT 0             -- events up to here are no longer kept
);
CREATE INDEX gateways_of_tenant ON gateway.gateways (tenant_id, gateway_id);
SELECT directory.protect('gateway', 'gateways', 'INSERT');
-- Secrets never leave through the API role.
GRANT SELECT (gateway_id, tenant_id, title, pool_id, created_at, revoked_at, heard_at, lost_at, last_event, pruned_to)
    ON gateway.gateways TO ucc_gateway_api;
GRANT UPDATE (title, secret, key_digest, revoked_at, heard_at, lost_at) ON gateway.gateways TO ucc_gateway_api;

CREATE TABLE gateway.contacts (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    gateway_id text,                                -- whose session it is; NULL: nobody's we know
    subject text,                                   -- the gateway's own key for it
    channel text NOT NULL,
    pool_id text,
    partition int NOT NULL,                         -- of contact-events, where what we say about it goes
    opened_at bigint NOT NULL,                      -- µs of our clock, whatever the gateway's shows
    closed_at bigint,                               -- µs; NULL: open
    agent_id text,
    offer_id text,
    PRIMARY KEY (contact_id, tenant_id)
);
CREATE INDEX contacts_open ON gateway.contacts (gateway_id, contact_id) WHERE closed_at IS NULL;
CREATE INDEX contacts_of_tenant ON gateway.contacts (tenant_id, contact_id);
SELECT directory.protect('gateway', 'contacts', 'SELECT, INSERT, UPDATE');

CREATE TABLE gateway.events (
    gateway_id text NOT NULL REFERENCES gateway.gateways ON DELETE CASCADE,
    number bigint NOT NULL,                         -- dense per gateway; assigned under the gateway's row lock, so commit order
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    type text NOT NULL,
    body text NOT NULL,                             -- the contract's JSON
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gateway_id, number)
);
SELECT directory.protect('gateway', 'events', 'SELECT');

CREATE TABLE gateway.messages (
    tenant_id text NOT NULL,
    message_id text NOT NULL,
    contact_id text NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY,      -- order of the topic, which is the order of the conversation
    author text NOT NULL,
    agent_id text,
    sent_at bigint NOT NULL,                        -- µs
    text text,
    attachments jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (tenant_id, message_id)
);
CREATE INDEX messages_of_contact ON gateway.messages (contact_id, place);
SELECT directory.protect('gateway', 'messages', 'SELECT');

CREATE TABLE gateway.commands (
    tenant_id text NOT NULL,
    command_id text NOT NULL,
    contact_id text NOT NULL,
    type text NOT NULL,
    outcome text NOT NULL,                          -- done, passed_on, stale, contact_closed
    decided_at bigint NOT NULL,                     -- µs
    PRIMARY KEY (tenant_id, command_id)
);
SELECT directory.protect('gateway', 'commands', 'SELECT');

CREATE TABLE gateway.files (
    tenant_id text NOT NULL,
    file_id text NOT NULL,
    gateway_id text NOT NULL,
    contact_id text NOT NULL,
    media_type text NOT NULL,
    pages int NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    body bytea NOT NULL CHECK (octet_length(body) <= 20971520),
    PRIMARY KEY (file_id)
);
CREATE INDEX files_of_contact ON gateway.files (tenant_id, contact_id);
SELECT directory.protect('gateway', 'files', 'SELECT, INSERT');

CREATE TABLE gateway.file_pages (
    tenant_id text NOT NULL,
    file_id text NOT NULL REFERENCES gateway.files ON DELETE CASCADE,
    page int NOT NULL CHECK (page > 0),
    png bytea NOT NULL,
    PRIMARY KEY (file_id, page)
);
SELECT directory.protect('gateway', 'file_pages', 'SELECT, INSERT');

-- Webhook ids of signed requests that are not harmless when repeated (reconcile), kept past the signature's window.
CREATE TABLE gateway.used_signatures (
    tenant_id text NOT NULL,
    gateway_id text NOT NULL,
    webhook_id text NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gateway_id, webhook_id)
);
SELECT directory.protect('gateway', 'used_signatures', 'SELECT, INSERT');
