-- Customers across channels, what is known of them, and the contacts they made.
-- Everything that belongs to a customer raises that customer's version by trigger, so no writer can forget to:
-- a prepared card is good exactly while its version is the customer's.
SELECT directory.create_service('profile');

CREATE TABLE profile.customers (
    tenant_id text NOT NULL,
    customer_id text NOT NULL,
    name text,
    sort_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(name, '')) STORED,  -- lists go by it
    tier text,
    language text,                                   -- wished language, as a skill name
    account_owner text,                              -- agent id
    preferences jsonb NOT NULL DEFAULT '{}',
    note text,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, customer_id)
);
CREATE INDEX customers_by_name ON profile.customers (tenant_id, sort_name, customer_id);
SELECT directory.protect('profile', 'customers');

-- Every ending of a customer's name (王小芳, 小芳, 芳), lower case: "contains" becomes a range of one B-tree, in any
-- script, and with operators row-level security lets the index use.
CREATE TABLE profile.name_endings (
    tenant_id text NOT NULL,
    customer_id text NOT NULL,
    ending text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, ending),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE CASCADE
);
CREATE INDEX name_endings_by_ending ON profile.name_endings (tenant_id, ending, customer_id);
SELECT directory.protect('profile', 'name_endings');

CREATE FUNCTION profile.write_name_endings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM profile.name_endings WHERE TG_OP = 'UPDATE' AND (tenant_id, customer_id) = (NEW.tenant_id, NEW.customer_id);
    INSERT INTO profile.name_endings (tenant_id, customer_id, ending)
        SELECT DISTINCT NEW.tenant_id, NEW.customer_id, lower(substr(NEW.name, n))
          FROM generate_series(1, least(coalesce(length(NEW.name), 0), 32)) n;
    RETURN NULL;
END $$;
CREATE TRIGGER name_given AFTER INSERT ON profile.customers FOR EACH ROW EXECUTE FUNCTION profile.write_name_endings();
CREATE TRIGGER name_changed AFTER UPDATE ON profile.customers FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION profile.write_name_endings();

-- How a customer is recognised. One value may be several customers' (a family's number): that is ambiguity, not an error.
CREATE TABLE profile.identities (
    tenant_id text NOT NULL,
    identity_id text NOT NULL,
    customer_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('phone', 'email', 'web', 'fax', 'crm')),
    value text COLLATE "C" NOT NULL,                 -- normal form: E.164, lower-case e-mail, id or key as it is
    reversed text COLLATE "C" GENERATED ALWAYS AS (reverse(value)) STORED,  -- search by the last digits
    label text,
    source text NOT NULL,                            -- system the identity came from, or 'agent'
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, identity_id),
    UNIQUE (tenant_id, value, kind, customer_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE CASCADE
);
CREATE INDEX identities_by_ending ON profile.identities (tenant_id, reversed, customer_id);
CREATE INDEX identities_of_customer ON profile.identities (tenant_id, customer_id);
SELECT directory.protect('profile', 'identities');

-- A customer as one line of a list; sees what the asking role sees.
CREATE VIEW profile.customer_lines WITH (security_invoker = true) AS
SELECT u.tenant_id, u.customer_id, u.sort_name AS name, u.tier, u.language, u.account_owner, u.version,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('identity_id', i.identity_id, 'kind', i.kind, 'value', i.value, 'label', i.label)
                               ORDER BY i.kind DESC, i.value), '[]')
       FROM profile.identities i WHERE (i.tenant_id, i.customer_id) = (u.tenant_id, u.customer_id)) AS identities
FROM profile.customers u;
GRANT SELECT ON profile.customer_lines TO ucc_profile_api, ucc_profile_worker;

-- Which record of which system a customer came from, and how new what we hold of it is.
CREATE TABLE profile.customer_records (
    tenant_id text NOT NULL,
    source text NOT NULL,
    key text NOT NULL,
    customer_id text NOT NULL,
    revised_at timestamptz NOT NULL,
    digest bytea NOT NULL,                           -- of the content, so that a repeat is seen to change nothing
    PRIMARY KEY (tenant_id, source, key),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE CASCADE
);
SELECT directory.protect('profile', 'customer_records');

CREATE TABLE profile.deals (
    tenant_id text NOT NULL,
    deal_id text NOT NULL,
    source text NOT NULL,
    key text NOT NULL,
    customer_key text NOT NULL,                      -- of the same source
    customer_id text,                                -- NULL until the customer's record arrives
    business_line text NOT NULL,
    product text NOT NULL,
    status text NOT NULL,
    signed_on date,
    ends_on date,
    amount_cents bigint,
    currency text NOT NULL,
    site text,
    revised_at timestamptz NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (tenant_id, deal_id),
    UNIQUE (tenant_id, source, key),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE CASCADE
);
CREATE INDEX deals_of_customer ON profile.deals (tenant_id, customer_id);
CREATE INDEX deals_waiting ON profile.deals (tenant_id, source, customer_key) WHERE customer_id IS NULL;
SELECT directory.protect('profile', 'deals');

-- A contact as profile knows it: who it is, and how it went (from the router's decisions).
CREATE TABLE profile.contacts (
    tenant_id text NOT NULL,
    contact_id text NOT NULL,
    pool_id text,
    partition int,
    channel text NOT NULL,
    business_line text NOT NULL,
    entry text,
    address_kind text,
    address text,                                    -- normal form
    display_name text,
    first_text text,
    arrived_at timestamptz NOT NULL,
    profiled boolean NOT NULL DEFAULT false,         -- ContactArrived was answered
    customer_id text,
    linked_by text,                                  -- 'lookup', or the user who chose or created
    identity_level text NOT NULL DEFAULT 'claimed' CHECK (identity_level IN ('claimed', 'recognised', 'verified')),
    candidates json NOT NULL DEFAULT '[]',           -- prepared, for the pop
    repeat boolean NOT NULL DEFAULT false,
    group_name text,
    end_kind text,                                   -- NULL while open
    closed_at timestamptz,
    agent_id text,                                   -- last agent
    waited_seconds int,
    reason text,
    disposition text,
    note text,
    version bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, contact_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE SET NULL (customer_id)
);
CREATE INDEX contacts_of_customer ON profile.contacts (tenant_id, customer_id, arrived_at DESC, contact_id DESC);
CREATE INDEX contacts_open ON profile.contacts (tenant_id, customer_id) WHERE closed_at IS NULL;
CREATE INDEX contacts_by_time ON profile.contacts (tenant_id, arrived_at DESC, contact_id DESC);
SELECT directory.protect('profile', 'contacts');

CREATE TABLE profile.interactions (
    tenant_id text NOT NULL,
    interaction_id text NOT NULL,
    contact_id text NOT NULL,
    agent_id text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    talked_seconds int,
    why_ended text,
    disposition text,
    reason text,
    by_timeout boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, interaction_id)
);
CREATE INDEX interactions_of_contact ON profile.interactions (tenant_id, contact_id, started_at);
SELECT directory.protect('profile', 'interactions');

-- The customer's half of the screen-pop, ready to be shown; good while `version` is the customer's and the day is the same
-- (figures such as "deals in 24 months" move with the calendar).
CREATE TABLE profile.cards (
    tenant_id text NOT NULL,
    customer_id text NOT NULL,
    version bigint NOT NULL,
    built_on date NOT NULL,
    card json NOT NULL,
    PRIMARY KEY (tenant_id, customer_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES profile.customers ON DELETE CASCADE
);
SELECT directory.protect('profile', 'cards');

-- Who looked at what is masked, verified whom, linked what.
CREATE TABLE profile.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    user_id text NOT NULL,
    action text NOT NULL,
    customer_id text,
    contact_id text,
    detail jsonb NOT NULL DEFAULT '{}'               -- ids and codes, never the value itself
);
CREATE INDEX audit_by_customer ON profile.audit (tenant_id, customer_id, id DESC);
SELECT directory.protect('profile', 'audit', 'SELECT, INSERT');

SELECT directory.create_outbox('profile');
SELECT directory.create_watermark('profile');

-- A change of the customer's own fields is a new version of the customer.
CREATE FUNCTION profile.raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.name, OLD.tier, OLD.language, OLD.account_owner, OLD.preferences, OLD.note)
       IS DISTINCT FROM (NEW.name, NEW.tier, NEW.language, NEW.account_owner, NEW.preferences, NEW.note) THEN
        NEW.version := OLD.version + 1;
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER own_fields BEFORE UPDATE ON profile.customers FOR EACH ROW EXECUTE FUNCTION profile.raise_version();

-- A new version is hinted to the open pages of the customer's live contacts.
CREATE FUNCTION profile.hint_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('profile_changes', json_build_object('tenant', NEW.tenant_id, 'customer_id', NEW.customer_id,
                      'contact_id', c.contact_id, 'version', NEW.version)::text)
       FROM profile.contacts c
      WHERE c.tenant_id = NEW.tenant_id AND c.customer_id = NEW.customer_id AND c.closed_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER version_raised AFTER UPDATE ON profile.customers FOR EACH ROW
    WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION profile.hint_change();

-- Something that belongs to these customers changed.
CREATE FUNCTION profile.touch(tenant text, customer_ids text[]) RETURNS void LANGUAGE sql AS $$
    UPDATE profile.customers SET version = version + 1 WHERE tenant_id = tenant AND customer_id = ANY (customer_ids)
$$;

CREATE FUNCTION profile.touch_customers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM profile.touch(w.tenant_id, array_agg(DISTINCT w.customer_id)) FROM written w
      WHERE w.customer_id IS NOT NULL GROUP BY w.tenant_id;
    RETURN NULL;
END $$;

-- Put a table whose rows belong to a customer under the trigger.
CREATE FUNCTION profile.tells_customer(table_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER tell_insert AFTER INSERT ON profile.%I REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION profile.touch_customers()', table_name);
    EXECUTE format('CREATE TRIGGER tell_update AFTER UPDATE ON profile.%I REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION profile.touch_customers()', table_name);
    EXECUTE format('CREATE TRIGGER tell_delete AFTER DELETE ON profile.%I REFERENCING OLD TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION profile.touch_customers()', table_name);
END $$;
SELECT profile.tells_customer('identities');
SELECT profile.tells_customer('deals');

-- One round trip for the page: bind the tenant, read the prepared pop under row-level security.
CREATE FUNCTION profile.read_pop(tenant text, contact text) RETURNS TABLE (
    contact_id text, channel text, business_line text, entry text, address_kind text, address text, display_name text,
    first_text text, arrived_at timestamptz, customer_id text, identity_level text, candidates json, repeat boolean,
    group_name text, note text, closed_at timestamptz, contact_version bigint, customer_version bigint, built_on date, card json
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ucc.tenant', tenant, true);
    RETURN QUERY SELECT c.contact_id, c.channel, c.business_line, c.entry, c.address_kind, c.address, c.display_name,
        c.first_text, c.arrived_at, c.customer_id, c.identity_level, c.candidates, c.repeat, c.group_name, c.note, c.closed_at,
        c.version, u.version, k.built_on, k.card
      FROM profile.contacts c
      LEFT JOIN profile.customers u ON (u.tenant_id, u.customer_id) = (c.tenant_id, c.customer_id)
      LEFT JOIN profile.cards k ON (k.tenant_id, k.customer_id, k.version) = (u.tenant_id, u.customer_id, u.version)
     WHERE c.tenant_id = tenant AND c.contact_id = contact;
END $$;
