-- The router's record: who owns a partition, what was heard and decided there, and what policy was in force.
SELECT directory.create_service('router');

-- One row a partition. Every append moves it, so its row lock and its epoch are the fence of the whole design.
CREATE TABLE router.partitions (
    partition int PRIMARY KEY CHECK (partition >= 0),
    owner text,                                       -- instance that holds the lease
    epoch bigint NOT NULL DEFAULT 0,                  -- grows with every claim; an append under an older one is refused
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    cluster_id text,                                  -- the broker next_offset belongs to
    next_offset bigint NOT NULL DEFAULT 0,            -- first offset of contact-events not yet in the journal
    next_position bigint NOT NULL DEFAULT 1,
    next_sequence bigint NOT NULL DEFAULT 1,
    published_sequence bigint NOT NULL DEFAULT 0,     -- every decision up to here was acknowledged by the broker
    last_now bigint NOT NULL DEFAULT 0                -- time of the partition's newest input (µs); time never runs back
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON router.partitions TO ucc_router_worker;

-- Every claim there was: the history of takeovers, and what the auditor holds rows of old epochs against.
CREATE TABLE router.claims (
    partition int NOT NULL,
    epoch bigint NOT NULL,
    owner text NOT NULL,
    position bigint NOT NULL,                         -- next position at the claim
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (partition, epoch)
);
GRANT SELECT, INSERT ON router.claims TO ucc_router_worker;

-- Router processes that are alive: they share the partitions fairly.
CREATE TABLE router.instances (
    instance_id text PRIMARY KEY,
    alive_until timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON router.instances TO ucc_router_worker;

-- Inputs in the order processed, each with the decisions it produced. Opaque ids only.
CREATE TABLE router.journal (
    partition int NOT NULL,
    position bigint NOT NULL,                         -- dense
    epoch bigint NOT NULL,                            -- under which the row was written
    now bigint NOT NULL,                              -- µs; the time the input was decided at
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    event_id text NOT NULL,
    first_sequence bigint NOT NULL,                   -- of its first decision; dense over the partition
    decision_count int NOT NULL,
    input json NOT NULL,
    decisions json NOT NULL,
    PRIMARY KEY (partition, position)
);
CREATE UNIQUE INDEX journal_sequence ON router.journal (partition, first_sequence) WHERE decision_count > 0;
SELECT directory.protect('router', 'journal', 'SELECT');

-- Which rows speak of a contact: its life is read by these.
CREATE TABLE router.journal_contacts (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    partition int NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (tenant_id, contact_id, partition, position)
);
SELECT directory.protect('router', 'journal_contacts', 'SELECT');

-- States folded from the journal by a process of its own whose hash equalled the owner's. They span tenants: workers only.
CREATE TABLE router.snapshots (
    partition int NOT NULL,
    position bigint NOT NULL,                         -- the last input folded in
    hash text NOT NULL,
    facts bytea NOT NULL,                             -- canonical JSON, deflated
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partition, position)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON router.snapshots TO ucc_router_worker;

-- Hashes of the owner's state, to hold the fold against. `agrees` is NULL until somebody has folded that far.
CREATE TABLE router.state_hashes (
    partition int NOT NULL,
    position bigint NOT NULL,
    epoch bigint NOT NULL,
    hash text NOT NULL,
    agrees boolean,
    PRIMARY KEY (partition, position)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON router.state_hashes TO ucc_router_worker;

-- Policy documents as their author wrote them (YAML) and as the core reads them.
CREATE TABLE router.policy_versions (
    tenant_id text NOT NULL,
    pool_id text NOT NULL,
    version int NOT NULL CHECK (version >= 1),
    hash text NOT NULL,                               -- SHA-256 of the document
    document text NOT NULL,
    mapping json NOT NULL,
    author text NOT NULL,
    note text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, pool_id, version)
);
SELECT directory.protect('router', 'policy_versions', 'SELECT, INSERT');

SELECT directory.create_outbox('router');
