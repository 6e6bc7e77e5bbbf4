-- The directory: which tenants and agent pools exist and on which partition a pool lives, for good.
-- Every service may read it; `ucc` (as the owner of the database) writes it.
CREATE SCHEMA directory;

DO $$ BEGIN CREATE ROLE ucc_directory_reader NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT USAGE ON SCHEMA directory TO ucc_directory_reader;

CREATE TABLE directory.tenants (
    tenant_id text PRIMARY KEY,
    name text NOT NULL,
    default_country text NOT NULL DEFAULT 'CN',      -- region for numbers written without country code
    time_zone text NOT NULL DEFAULT 'Asia/Shanghai',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE directory.pools (
    tenant_id text NOT NULL REFERENCES directory.tenants,
    pool_id text NOT NULL,
    partition int NOT NULL CHECK (partition >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, pool_id)
);
GRANT SELECT ON ALL TABLES IN SCHEMA directory TO ucc_directory_reader;

-- Used by every service's first migration: its schema, its two roles, and a function that puts a table under
-- forced row-level security (API role: the transaction's tenant; worker role: all of its own service).
CREATE FUNCTION directory.create_service(service text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE role_name text;
BEGIN
    EXECUTE format('CREATE SCHEMA %I', service);
    FOREACH role_name IN ARRAY ARRAY[format('ucc_%s_api', service), format('ucc_%s_worker', service)] LOOP
        BEGIN EXECUTE format('CREATE ROLE %I NOLOGIN', role_name); EXCEPTION WHEN duplicate_object THEN NULL; END;
        EXECUTE format('GRANT %I TO current_user', role_name);
        EXECUTE format('GRANT ucc_directory_reader TO %I', role_name);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', service, role_name);
    END LOOP;
END $$;

CREATE FUNCTION directory.protect(service text, table_name text, api_rights text DEFAULT 'SELECT, INSERT, UPDATE, DELETE')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', service, table_name);
    EXECUTE format('ALTER TABLE %I.%I FORCE ROW LEVEL SECURITY', service, table_name);
    EXECUTE format('CREATE POLICY one_tenant ON %I.%I TO %I USING (tenant_id = current_setting(''ucc.tenant'', true)) WITH CHECK (tenant_id = current_setting(''ucc.tenant'', true))',
                   service, table_name, format('ucc_%s_api', service));
    EXECUTE format('CREATE POLICY all_tenants ON %I.%I TO %I USING (true) WITH CHECK (true)', service, table_name, format('ucc_%s_worker', service));
    EXECUTE format('GRANT %s ON %I.%I TO %I', api_rights, service, table_name, format('ucc_%s_api', service));
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I', service, table_name, format('ucc_%s_worker', service));
END $$;

-- A service's outbox: what must be published with a database change.
CREATE FUNCTION directory.create_outbox(service text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I.outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id text NOT NULL, topic text NOT NULL, partition int, key text NOT NULL, headers jsonb NOT NULL, body bytea NOT NULL, created_at timestamptz NOT NULL DEFAULT now())', service);
    PERFORM directory.protect(service, 'outbox', 'INSERT');
END $$;

-- How far a service has applied the router's decisions, per journal partition.
CREATE FUNCTION directory.create_watermark(service text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I.watermark (partition int PRIMARY KEY, sequence bigint NOT NULL, epoch bigint NOT NULL)', service);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I.watermark TO %I', service, format('ucc_%s_worker', service));
END $$;
