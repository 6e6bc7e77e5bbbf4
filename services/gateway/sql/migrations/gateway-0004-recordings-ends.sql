-- Who ended calls, as the router decided: shown beside their recordings, which may be kept before or after that.
CREATE TABLE gateway.call_ends (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    ended_by text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, contact_id)
);
SELECT directory.protect('gateway', 'call_ends', 'SELECT');
