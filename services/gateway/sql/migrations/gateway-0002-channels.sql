-- Channels the service speaks itself: which adapter a gateway row is, how it is set up, how far it has read its stream;
-- where agents' phones ring; what a customer is being asked at this moment.
ALTER TABLE gateway.gateways
    ADD COLUMN kind text NOT NULL DEFAULT 'outside',    -- outside, or an adapter of this service
    ADD COLUMN settings jsonb NOT NULL DEFAULT '{}',    -- as the adapter's own model validated it; may hold secrets
    ADD COLUMN read_to bigint NOT NULL DEFAULT 0;       -- events of its stream the adapter has carried out
CREATE INDEX gateways_by_kind ON gateway.gateways (kind) WHERE kind <> 'outside' AND revoked_at IS NULL;
GRANT SELECT (kind, read_to), UPDATE (settings, read_to) ON gateway.gateways TO ucc_gateway_api;

CREATE TABLE gateway.endpoints (
    tenant_id text NOT NULL,
    agent_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('softphone', 'sip', 'extension', 'outside')),
    address text NOT NULL,                              -- SIP user, extension or E.164
    auto_answer boolean NOT NULL DEFAULT false,         -- the phone picks up by itself when its agent accepts on the page
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, agent_id)
);
SELECT directory.protect('gateway', 'endpoints');

-- The prompt a text conversation is at: the customer's next words are its answer.
CREATE TABLE gateway.prompts (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    step text NOT NULL,
    choices jsonb NOT NULL DEFAULT '{}',                -- what counts as a key: {"1": "1", "租房": "1"}
    PRIMARY KEY (tenant_id, contact_id)
);
SELECT directory.protect('gateway', 'prompts', 'SELECT');
